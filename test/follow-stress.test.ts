// Owns the follower's stress test: three real writer processes rewrite a workspace in every way that is described,
// and the board agrees with the files at the end, without a complete key ever vanishing in between.
// FOLLOW_STRESS_MS sets the duration: 6000 in the suite, 20000 for the full run.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { mkdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { follow, until, workspace } from "./followed-board.ts";

const DURATION_MS = Number(process.env["FOLLOW_STRESS_MS"] ?? 6000);

function writer(kind: string, folder: string): Promise<string> {
  const child = spawn(process.execPath, [
    join(import.meta.dirname, "follow-writer.mjs"),
    kind,
    folder,
    String(DURATION_MS),
  ]);
  let said = "";
  let errors = "";
  child.stdout.on("data", (text: Buffer) => (said += text.toString()));
  child.stderr.on("data", (text: Buffer) => (errors += text.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve(said) : reject(new Error(errors))));
  });
}

interface Said {
  readonly values: Readonly<Record<string, unknown>>;
  readonly budgets: Readonly<Record<string, unknown>>;
  readonly lines: number;
  readonly rotations: number;
}

describe("three writers at once", () => {
  it(
    "board and files agree at the end, no complete key vanished, no line was lost or doubled",
    { timeout: DURATION_MS + 60_000, retry: 0 },
    async () => {
      const dir = await workspace();
      await mkdir(join(dir, "data"));
      const followed = await follow(dir, { pollMs: 2000 });
      const { board, follower } = followed;
      const vanished: string[] = [];
      let staleReports = 0;
      const stop = board.onApplied((group) => {
        for (const { record, changes } of group) {
          for (const change of changes) {
            // These stand in every complete version of their file, from the first on.
            if (change.type === "entry.deleted" && /^(?:stable|task):/.test(change.name)) vanished.push(change.name);
            if (
              change.type === "budget.changed" &&
              change.name.startsWith("task_") &&
              !board.state.budgets.has(change.name)
            ) {
              vanished.push(change.name);
            }
          }
          if (record.command.type === "batch") {
            for (const command of record.command.commands)
              if (command.type === "source.report" && command.state === "stale") staleReports++;
          }
        }
      });
      const texts = await Promise.all([
        writer("truncate", dir),
        writer("rename", dir),
        writer("append", join(dir, "data")),
      ]);
      const [truncated, renamed, appended] = texts.map((text) => JSON.parse(text) as Said) as [Said, Said, Said];
      const expected = { ...truncated.values, ...renamed.values };
      const shown = (): Record<string, unknown> =>
        Object.fromEntries([...board.state.entries].map(([key, entry]) => [key, JSON.parse(entry.value) as unknown]));
      await until("the same number of keys", () => board.state.entries.size === Object.keys(expected).length);
      await until("every line", () => board.state.audit.total >= appended.lines);
      await until("nothing left to do", () => follower.status().state === "ok");
      await until("the same budgets", () => board.state.budgets.size === Object.keys(truncated.budgets).length);
      expect(shown()).toEqual(expected);
      expect(Object.fromEntries([...board.state.budgets].map(([task, budget]) => [task, budget.usedTokens]))).toEqual(
        Object.fromEntries(
          Object.entries(truncated.budgets).map(([task, budget]) => [
            task,
            (budget as { used_tokens: number }).used_tokens,
          ]),
        ),
      );
      expect(vanished).toEqual([]);
      const notes = (await followed.commands()).flatMap((command) =>
        command.type === "audit.note" ? [command.event] : [],
      );
      expect(new Set(notes).size).toBe(appended.lines);
      expect(notes.length).toBe(appended.lines);
      console.info(
        `${DURATION_MS} ms: ${board.position.seq} records, ${appended.lines} lines over ${appended.rotations} rotations, ${staleReports} times stale`,
      );
      stop();
      await followed.close();
    },
  );
});
