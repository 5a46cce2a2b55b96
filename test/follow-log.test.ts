// Owns the proof that a followed log's lines are imported once each, whatever its writers do to the file (rule 21).

import { appendFile, copyFile, readFile, rename, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { aWhile, follow, until, workspace } from "./followed-board.ts";
import type { Followed } from "./followed-board.ts";

const open: Followed[] = [];
afterEach(async () => {
  for (const followed of open.splice(0)) await followed.close();
});

const line = (event: string): string => `${JSON.stringify({ timestamp: "2026-11-22T20:27:26Z", action: event })}\n`;
const lines = (...events: readonly string[]): string => events.map(line).join("");

async function start(...events: readonly string[]) {
  const dir = await workspace();
  const path = join(dir, "audit_log.jsonl");
  await writeFile(path, lines(...events));
  const followed = await follow(dir);
  open.push(followed);
  const has = (...wanted: readonly string[]): Promise<void> =>
    until(
      `${wanted.join(" ")} instead of ${followed.events().join(" ")}`,
      () => followed.events().join() === wanted.join(),
    );
  const stays = async (...wanted: readonly string[]): Promise<void> => {
    await aWhile();
    expect(followed.events()).toEqual(wanted);
  };
  await has(...events);
  return { path, followed, has, stays };
}

describe("rule 21: lines of a followed log", () => {
  it("appends come in, equal lines as often as they stand there", async () => {
    const { path, has, followed, stays } = await start("a", "a");
    await appendFile(path, lines("a", "b"));
    await has("a", "a", "a", "b");
    await followed.restart();
    await stays("a", "a", "a", "b");
  });

  it("an unfinished line waits for its end", async () => {
    const { path, has, stays } = await start("a");
    const text = line("b");
    await appendFile(path, text.slice(0, 20));
    await stays("a");
    await appendFile(path, text.slice(20));
    await has("a", "b");
  });

  it("rotation by rename: the old file is finished, the new one read from its start, also lines that equal old ones", async () => {
    const { path, has, followed, stays } = await start("a");
    await appendFile(path, lines("b"));
    await rename(path, `${path}.1`);
    await appendFile(`${path}.1`, lines("late"));
    await writeFile(path, lines("c", "a"));
    await has("a", "b", "late", "c", "a");
    await appendFile(`${path}.1`, lines("later"));
    await has("a", "b", "late", "c", "a", "later");
    await followed.restart();
    await stays("a", "b", "late", "c", "a", "later");
  });

  it("several rotations while nobody follows lose nothing", async () => {
    const { path, followed, has } = await start("a");
    await followed.follower.close();
    await appendFile(path, lines("b"));
    await rename(path, `${path}.2`);
    await writeFile(path, lines("c"));
    await rename(path, `${path}.1`);
    await writeFile(path, lines("d"));
    await followed.restart();
    await has("a", "b", "c", "d");
  });

  it("a log that begins and is rotated between two looks loses nothing; rotated files from before are not imported", async () => {
    const dir = await workspace();
    const path = join(dir, "audit_log.jsonl");
    await writeFile(`${path}.9`, lines("before"));
    const followed = await follow(dir, { watch: false, pollMs: 300 });
    open.push(followed);
    await writeFile(path, lines("a"));
    await rename(path, `${path}.1`);
    await writeFile(path, lines("b"));
    await until("both", () => followed.events().join() === "a,b");
    await followed.restart();
    await aWhile();
    expect(followed.events()).toEqual(["a", "b"]);
  });

  it("truncation: what is written anew comes in, what was imported does not", async () => {
    const { path, has } = await start("a", "b", "c");
    await truncate(path, 0);
    await appendFile(path, lines("b", "d"));
    await has("a", "b", "c", "d");
  });

  it("a rewrite without its oldest lines, and one of the same length, import only what is new", async () => {
    const { path, has, stays } = await start("a", "b", "c", "c");
    await writeFile(path, lines("b", "c", "c", "c", "d"));
    await has("a", "b", "c", "c", "c", "d");
    await writeFile(path, lines("b", "c", "c", "x", "d"));
    await has("a", "b", "c", "c", "c", "d", "x");
    await writeFile(`${path}.new`, lines("c", "c", "x", "d", "e"));
    await rename(`${path}.new`, path);
    await has("a", "b", "c", "c", "c", "d", "x", "e");
    await stays("a", "b", "c", "c", "c", "d", "x", "e");
  });

  it("a log that is moved aside and written again without some lines is no rotation", async () => {
    const { path, has, stays } = await start("a", "b", "c");
    await rename(path, `${path}.bak`);
    await writeFile(path, lines("b", "c", "d"));
    await has("a", "b", "c", "d");
    await stays("a", "b", "c", "d");
  });

  it("a backup copy beside the log is not imported again", async () => {
    const { path, stays } = await start("a", "b");
    await copyFile(path, `${path}.bak`);
    await stays("a", "b");
  });

  it("an event id is imported once, whatever else its line says", async () => {
    const { path, has } = await start("a");
    const event = (outcome: string): string => `${JSON.stringify({ eventId: "e1", eventType: "W", outcome })}\n`;
    await appendFile(path, event("success") + event("failure") + line("b"));
    await has("a", "W", "b");
  });

  it("a line that is too long is passed over and counted; garbage is counted", async () => {
    const { path, has, followed } = await start("a");
    await appendFile(path, `{"action":"${"x".repeat(1_200_000)}`);
    await aWhile();
    await appendFile(path, `${"y".repeat(500_000)}"}\nno json\n${line("b")}`);
    await has("a", "b");
    // Told as they are met, which may be in two reads.
    for (const flaw of ["are too long", "are not readable"]) {
      await until(flaw, () => followed.follower.status().detail.includes(`1 lines of audit_log.jsonl ${flaw}`));
    }
    await followed.restart();
    await appendFile(path, line("c"));
    await has("a", "b", "c");
  });

  it("many lines come in bounded batches, and a restart in the middle doubles none", async () => {
    const events = Array.from({ length: 3000 }, (_, n) => `e${n}`);
    const dir = await workspace();
    await writeFile(join(dir, "audit_log.jsonl"), lines(...events));
    const followed = await follow(dir);
    open.push(followed);
    expect(followed.board.state.audit.total).toBe(3000);
    const sizes = (await followed.records()).map(({ command }) =>
      command.type === "batch" ? command.commands.length : 1,
    );
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1001);
    await followed.restart();
    await aWhile();
    expect(followed.board.state.audit.total).toBe(3000);
  });

  it("any history of appends, rewrites, rotations and restarts imports each distinct line exactly once", async () => {
    const action = fc.constantFrom("append", "append", "rotate", "rewrite", "trim", "truncate", "restart");
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 3, maxLength: 12 }), async (history) => {
        const dir = await workspace();
        const path = join(dir, "audit_log.jsonl");
        let next = 0;
        let rotations = 0;
        const fresh = (): string => line(`n${next++}`);
        await writeFile(path, fresh());
        const followed = await follow(dir, { pollMs: 50 });
        const caughtUp = (): Promise<void> =>
          until(`${next} lines after ${history.join(" ")}, got ${followed.events().join(" ")}`, () => {
            return new Set(followed.events()).size === next;
          });
        try {
          for (const step of history) {
            const text = await readFile(path, "utf8");
            if (step === "append") await appendFile(path, fresh() + fresh());
            else if (step === "rotate") {
              await rename(path, `${path}.${++rotations}`);
              await writeFile(path, fresh());
            } else if (step === "rewrite") await writeFile(path, text + fresh());
            else if (step === "trim") {
              // Lines that are dropped before anyone could read them are no loss of ours.
              await caughtUp();
              await writeFile(`${path}.tmp`, text.split("\n").slice(1).join("\n") + fresh());
              await rename(`${path}.tmp`, path);
            } else if (step === "truncate") {
              await caughtUp();
              await truncate(path, 0);
              await appendFile(path, fresh());
            } else await followed.restart();
          }
          await caughtUp();
          expect(followed.events().length).toBe(next);
        } finally {
          await followed.close();
        }
      }),
      { numRuns: 15 },
    );
  });
});
