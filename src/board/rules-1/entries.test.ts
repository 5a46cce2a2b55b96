// Guards the verdicts on entries, batches and claims against simple models.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Command, JsonText, Outcome } from "../../protocol/index.ts";
import { logs, names, portrait, recordOf, type Sent, sha256, singles } from "../../../test/law/records.ts";
import { apply, createBoardState, digestOf } from "../index.ts";

/** A board that takes commands one by one. */
function board() {
  const state = createBoardState(sha256);
  const send = (command: Command, sent: Omit<Sent, "command"> = {}): Outcome =>
    apply(state, recordOf(state.seq + 1, { clock: state.clock, ...sent, command })).outcome;
  return { state, send };
}
const text = (value: unknown) => JSON.stringify(value) as JsonText;

describe("entries", () => {
  it("compare-and-set holds like in a plain map, and a revision never comes twice", () => {
    const condition = fc.oneof(fc.constant(undefined), fc.constant("absent" as const), fc.nat({ max: 3 }));
    const step = fc.record({ key: names, kind: fc.constantFrom("put", "delete", "merge"), condition, value: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { state, send } = board();
        const model = new Map<string, { rev: number; value: JsonText }>();
        const revs = new Map<string, number>();
        for (const { key, kind, condition: wanted, value } of steps) {
          const now = model.get(key);
          const cond =
            wanted === undefined
              ? undefined
              : wanted === "absent"
                ? { absent: true as const }
                : { rev: wanted === 0 ? 0 : (revs.get(key) ?? 0) + wanted - 2 };
          if (cond && "rev" in cond && cond.rev < 0) continue;
          const met = cond === undefined || ("absent" in cond ? now === undefined : cond.rev === (now?.rev ?? 0));
          const common = { key, ...(cond ? { if: cond } : {}) };
          const outcome =
            kind === "put"
              ? send({ type: "entry.put", value: text({ value }), ...common })
              : kind === "merge"
                ? send({ type: "entry.merge", patch: text({ value }), ...common })
                : send({ type: "entry.delete", ...common });
          const expected = met && (kind !== "delete" || now !== undefined);
          expect(outcome.ok).toBe(expected);
          if (!outcome.ok) continue;
          const rev = outcome.made.rev ?? 0;
          expect(rev).toBe((revs.get(key) ?? 0) + 1);
          revs.set(key, rev);
          if (kind === "delete") model.delete(key);
          else model.set(key, { rev, value: text({ value }) });
        }
        expect(new Map([...state.entries].map(([key, { rev, value }]) => [key, { rev, value }]))).toEqual(model);
      }),
      { numRuns: 200 },
    );
  });

  it("keys that pollute prototypes are plain keys", () => {
    const { state, send } = board();
    for (const key of ["__proto__", "constructor", "prototype", "hasOwnProperty"]) {
      expect(send({ type: "entry.put", key, value: text(1), if: { absent: true } })).toMatchObject({
        ok: true,
        made: { rev: 1 },
      });
      expect(send({ type: "entry.merge", key, patch: '{"__proto__":{"polluted":1}}' as JsonText }).ok).toBe(true);
      expect(state.entries.get(key)?.value).toBe('{"__proto__":{"polluted":1}}');
    }
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("an entry whose time has run out counts as absent before any record has ended it", () => {
    const { state, send } = board();
    send({ type: "entry.put", key: "k", value: text({ a: 1 }), ttlMs: 10 }, { clock: 100 });
    expect(send({ type: "entry.put", key: "k", value: text(2), if: { absent: true } }, { clock: 109 })).toMatchObject({
      code: "exists",
    });
    expect(send({ type: "entry.delete", key: "k" }, { clock: 110 })).toMatchObject({ code: "no_such_entry" });
    expect(send({ type: "entry.merge", key: "k", patch: text({ b: 2 }) }, { clock: 110 })).toMatchObject({
      ok: true,
      made: { rev: 2 },
    });
    expect(state.entries.get("k")).toMatchObject({ value: '{"b":2}', expiresAtClock: Infinity });
  });

  it("rule 20: a followed file deletes only what still belongs to it", () => {
    const { send } = board();
    const ws = { source: "follow:ws", actor: "follow:ws" };
    send({ type: "entry.put", key: "k", value: text(1) }, ws);
    expect(send({ type: "entry.delete", key: "k", owned: true }, { source: "follow:other" })).toMatchObject({
      code: "not_owner",
    });
    send({ type: "entry.put", key: "k", value: text(2) });
    expect(send({ type: "entry.delete", key: "k", owned: true }, ws)).toMatchObject({ code: "not_owner" });
    expect(send({ type: "entry.delete", key: "k", owned: true })).toMatchObject({ code: "not_owner" });
  });

  it("a merge whose result is too large is refused", () => {
    const { send } = board();
    send({ type: "entry.put", key: "k", value: text({ a: "x".repeat(1_000_000) }) });
    expect(send({ type: "entry.merge", key: "k", patch: text({ b: "é".repeat(30_000) }) })).toMatchObject({
      code: "value_too_large",
    });
  });
});

describe("batches", () => {
  it("rule 12: a batch is all or nothing, to the last bit of the digest", () => {
    fc.assert(
      fc.property(logs(30), fc.array(singles, { maxLength: 8 }), (records, commands) => {
        const [a, b] = [createBoardState(sha256), createBoardState(sha256)];
        for (const record of records) for (const state of [a, b]) apply(state, record);
        const last = { type: "budget.charge", task: "no such task", tokens: 1 } as const;
        const sent = { clock: a.clock, actor: "zed" };
        const failed = apply(
          a,
          recordOf(a.seq + 1, { ...sent, command: { type: "batch", commands: [...commands, last] } }),
        );
        expect(failed.outcome).toMatchObject({ ok: false, code: "batch_failed" });
        expect(failed.changes).toEqual([]);
        // The other board gets a plain refusal under the same id: only what is known of that id may differ.
        apply(b, recordOf(b.seq + 1, { ...sent, command: last }));
        const without = (state: typeof a) => ({ ...(portrait(state) as object), ids: 0, texts: 0 });
        expect(without(a)).toEqual(without(b));
        expect(digestOf(a)).toBe(digestOf(b));
      }),
      { numRuns: 200 },
    );
  });

  it("names the command that failed and why", () => {
    const { send } = board();
    const put = { type: "entry.put", key: "k", value: text(1), if: { absent: true } } as const;
    expect(send({ type: "batch", commands: [put, put] })).toEqual({
      ok: false,
      seq: 1,
      code: "batch_failed",
      detail: { index: 1, cause: "exists", rev: 1 },
    });
    expect(send({ type: "batch", commands: [put, { type: "entry.delete", key: "k" }] })).toMatchObject({
      ok: true,
      parts: [{ rev: 1 }, { rev: 2 }],
    });
  });
});

describe("claims", () => {
  it("are never held by two: the fence grows with every holder, and an old fence does nothing", () => {
    fc.assert(
      fc.property(logs(80), (records) => {
        const state = createBoardState(sha256);
        const fences = new Map<string, number>();
        for (const record of records) {
          const before = new Map(state.claims);
          apply(state, record);
          for (const [name, claim] of state.claims) {
            const was = before.get(name);
            if (was === claim) continue;
            expect(claim.fence).toBeGreaterThanOrEqual(fences.get(name) ?? 0);
            if (claim.fence === was?.fence) expect([was.holder, undefined]).toContain(claim.holder);
            // A new holder came only after the one before had let go or run out.
            else if (was?.holder !== undefined && record.command.type !== "batch") {
              expect(was.expiresAtClock).toBeLessThanOrEqual(state.clock);
            }
            fences.set(name, claim.fence);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it("cannot change hands twice within one batch, for both would have the same fence", () => {
    const { send } = board();
    const acquire = { type: "claim.acquire", claim: "c", ttlMs: 5 } as const;
    const outcome = send({
      type: "batch",
      commands: [acquire, { type: "claim.release", claim: "c", fence: 1 }, acquire],
    });
    expect(outcome).toMatchObject({ ok: false, detail: { index: 2, cause: "claim_held" } });
  });
});
