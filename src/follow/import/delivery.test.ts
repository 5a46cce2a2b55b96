// Owns the proof that work reaches the board in bounded batches, and that a refusal holds nothing else up.

import { describe, expect, it } from "vitest";
import type { CommandId, Outcome, SingleCommand } from "../../protocol/index.ts";
import { jsonTextOf } from "../../protocol/index.ts";
import type { FollowedState } from "../contract.ts";
import { createDelivery, MAX_BATCH_BYTES, MAX_BATCH_COMMANDS } from "./delivery.ts";
import type { Work } from "./work.ts";

const EMPTY: FollowedState = {
  entries: new Map(),
  budgets: new Map(),
  requests: new Map(),
  sources: new Map(),
  marks: new Map(),
};
const put = (key: string, value: unknown = 1): Work => ({
  label: key,
  commands: [{ type: "entry.put", key, value: jsonTextOf(value) }],
  marks: [[`k:${key}`, "hash"]],
  marksIfRefused: [[`k:${key}`, "!hash"]],
});

/** A board that judges each batch by a function and keeps what it takes. */
function board(judge: (commands: readonly SingleCommand[], attempt: number) => Outcome | undefined) {
  const batches: (readonly SingleCommand[])[] = [];
  const ids: (CommandId | undefined)[] = [];
  const refused: string[] = [];
  const closing = new AbortController();
  const keys: string[] = [];
  const marks = new Map<string, string | null>();
  const delivery = createDelivery({
    actor: "follow:w",
    signal: closing.signal,
    onRefused: (label, why) => refused.push(`${label} ${why}`),
    target: {
      state: EMPTY,
      async submit({ id, command }) {
        const commands = command.type === "batch" ? command.commands : [command];
        ids.push(id);
        const outcome = judge(commands, ids.length);
        if (outcome !== undefined) return outcome;
        batches.push(commands);
        for (const each of commands) {
          if (each.type === "entry.put") keys.push(each.key);
          if (each.type === "source.mark") for (const [name, value] of each.marks) marks.set(name, value);
        }
        return { ok: true, seq: batches.length, made: {} };
      },
    },
  });
  return { delivery, batches, ids, refused, keys, marks, closing };
}

describe("delivery", () => {
  it("L6: batches are bounded in commands and bytes, and carry their own marks (rule 21)", async () => {
    const { delivery, batches, keys, marks } = board(() => undefined);
    const many = Array.from({ length: 2500 }, (_, n) => put(`k${n}`));
    const large = Array.from({ length: 10 }, (_, n) => put(`large${n}`, "x".repeat(1_000_000)));
    await delivery.deliver("s", [...many, ...large]);
    expect(keys).toHaveLength(2510);
    expect(marks.size).toBe(2510);
    for (const batch of batches) {
      expect(batch.length).toBeLessThanOrEqual(MAX_BATCH_COMMANDS + 1);
      expect(JSON.stringify(batch).length).toBeLessThan(MAX_BATCH_BYTES * 1.1);
      const puts = batch.flatMap((command) => (command.type === "entry.put" ? [`k:${command.key}`] : []));
      const marked = batch.flatMap((command) =>
        command.type === "source.mark" ? command.marks.map(([name]) => name) : [],
      );
      expect(marked).toEqual(puts);
    }
  });

  it("a command that the board refuses is dropped and remembered as refused; the rest goes on", async () => {
    const { delivery, keys, marks, refused } = board((commands) => {
      const index = commands.findIndex((command) => command.type === "entry.put" && command.key.startsWith("bad"));
      return index < 0 ? undefined : { ok: false, code: "batch_failed", detail: { index, cause: "value_too_large" } };
    });
    await delivery.deliver("s", [put("a"), put("bad1"), put("b"), put("bad2"), put("c")]);
    expect(keys).toEqual(["a", "b", "c"]);
    expect(refused).toEqual(["bad1 value_too_large", "bad2 value_too_large"]);
    expect(marks.get("k:bad1")).toBe("!hash");
  });

  it("a delete that someone else was faster with is no refusal", async () => {
    const { delivery, keys, marks, refused } = board((commands) => {
      const index = commands.findIndex((command) => command.type === "entry.delete");
      return index < 0 ? undefined : { ok: false, code: "batch_failed", detail: { index, cause: "no_such_entry" } };
    });
    const end: Work = {
      label: "end of gone",
      commands: [{ type: "entry.delete", key: "gone", owned: true }],
      marks: [["k:gone", null]],
      marksIfRefused: [["k:gone", null]],
    };
    await delivery.deliver("s", [end, put("a")]);
    expect(keys).toEqual(["a"]);
    expect(refused).toEqual([]);
    expect(marks.get("k:gone")).toBeNull();
  });

  it("a refusal that names no command is narrowed down to the one it is about", async () => {
    const { delivery, keys, refused } = board((commands) =>
      commands.some((command) => command.type === "entry.put" && command.key === "bad")
        ? { ok: false, code: "record_too_large" }
        : undefined,
    );
    await delivery.deliver(
      "s",
      ["a", "b", "c", "d", "e", "f", "g"].map((key) => put(key)).concat(put("bad"), put("h")),
    );
    expect(keys.sort()).toEqual(["a", "b", "c", "d", "e", "f", "g", "h"]);
    expect(refused).toEqual(["bad record_too_large"]);
  });

  it("L9: faults of the moment are tried again with the same id", async () => {
    const { delivery, ids, keys } = board((_, attempt) =>
      attempt <= 3 ? { ok: false, code: attempt === 1 ? "overloaded" : "indeterminate" } : undefined,
    );
    await delivery.deliver("s", [put("a")]);
    expect(new Set(ids).size).toBe(1);
    expect(keys).toEqual(["a"]);
  });

  it("closing ends the waiting", async () => {
    const { delivery, closing } = board(() => ({ ok: false, code: "log_unavailable" }));
    const waiting = delivery.deliver("s", [put("a")]);
    closing.abort();
    await expect(waiting).rejects.toThrow("aborted");
  });
});
