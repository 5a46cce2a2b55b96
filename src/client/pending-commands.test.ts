// Guards retries (law L9, W-CMD-2): one id, one text, one outcome, whatever connections come and go.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CommandResult } from "../protocol/wire/down.ts";
import { createPendingCommands } from "./pending-commands.ts";
import { problem, SwarmboardError } from "./problem.ts";

const ROOM = 256;
const command = (id: string) => ({ id, board: "b", text: `{"of":"${id}"}` });
const result: CommandResult = { seq: 1, made: {} };

function track() {
  const outcomes: (CommandResult | SwarmboardError)[] = [];
  const settle = (outcome: CommandResult | SwarmboardError) => void outcomes.push(outcome);
  return { outcomes, settle: { done: settle, failed: settle } };
}

describe("pending commands", () => {
  it("are sent again under the same id with the same text until they have one outcome (W-CMD-2)", () => {
    const anyAct = fc.constantFrom("answer", "overloaded", "indeterminate", "lose", "refuse", "pause");
    fc.assert(
      fc.property(fc.array(anyAct, { maxLength: 30 }), (acts) => {
        const pending = createPendingCommands();
        const { outcomes, settle } = track();
        pending.add(command("x"), 1_000_000, settle);
        let nowMs = 0;
        let sent = false;
        for (const act of acts) {
          const due = pending.take(nowMs, ROOM);
          for (const one of due) {
            expect(one).toEqual(command("x"));
            // Never twice on one connection.
            expect(sent).toBe(false);
            sent = true;
          }
          if (act === "pause") nowMs += 10_000;
          else if (act === "lose") {
            pending.interrupt(nowMs);
            sent = false;
          } else if (act === "answer") pending.done("x", result);
          else if (act === "refuse") pending.refused("x", problem("rev_mismatch", "no", ""), nowMs, 0.5);
          else {
            pending.refused("x", problem(act, "later", ""), nowMs, 0.5);
            sent = false;
          }
        }
        expect(outcomes.length).toBeLessThanOrEqual(1);
        const decided = acts.includes("answer") || acts.includes("refuse");
        expect(outcomes.length).toBe(decided ? 1 : 0);
      }),
    );
  });

  it("reject at once what another try cannot change, also a claim that is held", () => {
    const pending = createPendingCommands();
    const { outcomes, settle } = track();
    pending.add(command("x"), 1000, settle);
    pending.take(0, ROOM);
    pending.refused("x", problem("claim_held", "later", "wait"), 0, 0.5);
    expect(outcomes).toMatchObject([{ code: "claim_held", retry: "later" }]);
  });

  it.each([
    ["never sent", () => undefined, { code: "unreachable", command: { maybeApplied: false } }],
    ["sent and not answered", "take", { code: "indeterminate", command: { maybeApplied: true } }],
  ] as const)("are given up in time: %s", (_title, how, expected) => {
    const pending = createPendingCommands();
    const { outcomes, settle } = track();
    pending.add(command("x"), 1000, settle);
    if (how === "take") {
      pending.take(0, ROOM);
      pending.interrupt(1);
    }
    expect(pending.wakeAtMs(500, 0)).toBe(1000);
    pending.expire(999);
    expect(outcomes).toEqual([]);
    pending.expire(1000);
    expect(outcomes).toMatchObject([expected]);
  });

  it("tell the last refusal when their time is over", () => {
    const pending = createPendingCommands();
    const { outcomes, settle } = track();
    pending.add(command("x"), 1000, settle);
    pending.take(0, ROOM);
    pending.refused("x", problem("log_unavailable", "later", "disk full"), 10, 0.5, 100);
    expect(pending.take(100, ROOM)).toEqual([]);
    expect(pending.wakeAtMs(100, ROOM)).toBe(10 + 100 + 125);
    pending.expire(1000);
    expect(outcomes).toMatchObject([{ code: "log_unavailable", command: { maybeApplied: false } }]);
  });

  it("are at most 1000, and go in order, at most so many at once and so fast (law L6, W-CMD-3, W-FLOW-4)", () => {
    const pending = createPendingCommands();
    const { settle } = track();
    for (let i = 0; i < 1000; i++) pending.add(command(String(i)), 1e9, settle);
    expect(() => pending.add(command("more"), 1e9, settle)).toThrow(SwarmboardError);
    const first = pending.take(0, ROOM);
    expect(first.map(({ id }) => id)).toEqual(Array.from({ length: 256 }, (_, i) => String(i)));
    let sent = first.length;
    let underWay = [...first];
    for (let nowMs = 0; nowMs <= 2000; nowMs += 10) {
      for (const { id } of underWay) pending.done(id, result);
      underWay = pending.take(nowMs, ROOM);
      sent += underWay.length;
      expect(sent).toBeLessThanOrEqual(1000 + (nowMs / 1000) * 200);
      if (sent === 1000) return;
    }
    expect(sent).toBe(1000);
  });
});
