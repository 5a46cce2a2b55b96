// Guards law L9 and rule 9: retries are safe.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ID_WINDOW_MS, type LogRecord, seq } from "../../protocol/index.ts";
import { logs, portrait, recordOf, sha256, START } from "../../../test/law/records.ts";
import { apply, createBoardState } from "../index.ts";
import { issueTimeOf } from "./retries.ts";

const idAt = (ms: number, tail = 1): string => {
  const hex = ms.toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${String(tail).padStart(12, "0")}`;
};
const open = { type: "budget.open", task: "t", limitTokens: 5 } as const;

describe("retries", () => {
  it("L9: the same id again gives the first outcome and changes nothing", () => {
    fc.assert(
      fc.property(logs(30), (records) => {
        const state = createBoardState(sha256);
        const firsts = records.map((record, i) => {
          const fresh: LogRecord = { ...record, id: `id-${i}` as LogRecord["id"] };
          return { fresh, first: apply(state, fresh) };
        });
        const { facts: before, ...rest } = portrait(state) as { facts: unknown[] };
        let next = state.seq as number;
        for (const { fresh, first } of firsts) {
          const again = apply(state, { ...fresh, seq: seq(++next), at: fresh.at + 5, clock: state.clock });
          expect(again).toEqual({ outcome: { ...first.outcome, duplicate: true }, changes: [] });
        }
        const { facts: after, ...same } = portrait(state) as { facts: unknown[] };
        expect(same).toEqual(rest);
        expect(after.slice(1)).toEqual(before.slice(1));
      }),
      { numRuns: 60 },
    );
  });

  it("L9: the same id with other content is refused; ids of different actors are apart", () => {
    const state = createBoardState(sha256);
    const sent = { command: open, id: "one" };
    expect(apply(state, recordOf(1, sent)).outcome.ok).toBe(true);
    const other = { ...open, task: "u" };
    expect(apply(state, recordOf(2, { ...sent, command: other })).outcome).toMatchObject({
      ok: false,
      code: "id_conflict",
    });
    expect(apply(state, recordOf(3, { ...sent, command: other, actor: "bob" })).outcome).toMatchObject({
      ok: true,
      seq: 3,
    });
  });

  it("L9: a refusal is remembered too", () => {
    const state = createBoardState(sha256);
    const close = { command: { type: "budget.close", task: "t" } as const, id: "one" };
    expect(apply(state, recordOf(1, close)).outcome).toEqual({ ok: false, seq: 1, code: "no_such_budget" });
    apply(state, recordOf(2, { command: open }));
    expect(apply(state, recordOf(3, close)).outcome).toEqual({
      ok: false,
      seq: 1,
      code: "no_such_budget",
      duplicate: true,
    });
  });

  it("rule 9: an id older than the window is refused, and one from more than a window ahead", () => {
    const state = createBoardState(sha256);
    const send = (position: number, id: string, at: number) =>
      apply(state, recordOf(position, { command: open, id, at })).outcome;
    expect(send(1, idAt(START - ID_WINDOW_MS - 1), START)).toMatchObject({ code: "id_too_old" });
    expect(send(2, idAt(START + ID_WINDOW_MS + 1), START)).toMatchObject({ code: "id_in_future" });
    expect(send(3, idAt(START - ID_WINDOW_MS), START)).toMatchObject({ ok: true });
  });

  it("rule 9: an id that left the window by the board clock is never applied again, even if the wall clock went back", () => {
    const state = createBoardState(sha256);
    const id = idAt(START);
    apply(state, recordOf(1, { command: open, id, at: START, clock: 0 }));
    apply(state, recordOf(2, { command: { type: "budget.close", task: "t" }, at: START, clock: ID_WINDOW_MS + 1 }));
    const retry = recordOf(3, { command: open, id, at: START + 1000, clock: ID_WINDOW_MS + 2 });
    expect(apply(state, retry).outcome).toMatchObject({ ok: false, code: "id_too_old" });
  });

  it("reads the issue time of UUIDv7 in either case and of nothing else", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (any) => {
        const ms = any % 2 ** 48;
        expect(issueTimeOf(idAt(ms))).toBe(ms);
        expect(issueTimeOf(idAt(ms).toUpperCase())).toBe(ms);
      }),
    );
    for (const id of ["", "one", idAt(5).replace("-7", "-4"), idAt(5).replaceAll("-", "x"), `x${idAt(5).slice(1)}`]) {
      expect(issueTimeOf(id)).toBe(-1);
    }
  });
});
