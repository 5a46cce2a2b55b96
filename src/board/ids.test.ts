// Guards the id window against a plain model: what is remembered, in which order it is forgotten, and never a mix-up.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Outcome } from "../protocol/index.ts";
import { IdWindow } from "./ids.ts";

const outcomeOf = (seq: number): Outcome => {
  const outcomes: Outcome[] = [
    { ok: true, seq, made: {} },
    { ok: true, seq, made: { rev: seq } },
    { ok: true, seq, made: { rev: 2 ** 40 } },
    { ok: true, seq, made: { rev: 3, expiresAtClock: 5000 } },
    { ok: true, seq, made: { fence: seq, expiresAtClock: 5000 } },
    { ok: true, seq, made: {}, parts: [{ rev: 1 }, {}] },
    { ok: false, seq, code: "rev_mismatch", detail: { rev: 2 } },
  ];
  return outcomes[seq % outcomes.length] as Outcome;
};

describe("the id window", () => {
  it("L9: gives every id in it its first outcome, and knows no other, through growth and eviction", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 400 }), { maxLength: 600 }), fc.integer({ min: 1, max: 150 }), (ids, most) => {
        const window = new IdWindow(most);
        const model = new Map<number, Outcome>();
        ids.forEach((id, i) => {
          const moment = { at: 1000 + i, clock: i };
          const recall = window.recall("ann", `id-${id}`, `hash-${id}`);
          const first = model.get(id);
          if (first !== undefined) {
            expect(recall).toEqual({ known: true, outcome: { ...first, duplicate: true } });
            expect(window.recall("ann", `id-${id}`, "other")).toEqual({ known: true, outcome: undefined });
            expect(window.firstSeq()).toBe(first.seq);
            return;
          }
          expect(recall).toEqual({ known: false });
          window.remember(outcomeOf(i), i, -1, moment);
          if (model.size === most) model.delete([...model.keys()][0] as number);
          model.set(id, outcomeOf(i));
        });
        expect(window.count).toBe(model.size);
        expect(window.texts.size).toBe(
          [...model.values()].filter((o) => !o.ok || o.parts !== undefined || (o.made.rev ?? 0) > 2 ** 32).length,
        );
      }),
      { numRuns: 100 },
    );
  });

  it("rule 9: an id from a clock that is ahead does not make honest senders' ids too old", () => {
    const window = new IdWindow(100);
    for (let i = 0; i < 1000; i++) {
      const moment = { at: 1_000_000 + i * 10, clock: i * 10 };
      window.recall("ann", `id-${i}`, "h");
      window.remember({ ok: true, seq: i, made: {} }, i, i % 50 === 7 ? moment.at + 3_600_000 : moment.at, moment);
      // Whoever issued an id within the younger half of the window is heard.
      expect(window.forgottenIssuedAt).toBeLessThanOrEqual(moment.at - 400);
    }
    expect(window.recall("ann", "id-7", "h").known).toBe(true);
  });

  it("rule 9: if everybody's clock is ahead, ids are forgotten all the same, and then too old", () => {
    const window = new IdWindow(10);
    for (let i = 0; i < 100; i++) {
      window.recall("ann", `id-${i}`, "h");
      window.remember({ ok: true, seq: i, made: {} }, i, 9000 + i, { at: i, clock: i });
    }
    expect(window.count).toBe(10);
    expect(window.forgottenIssuedAt).toBeGreaterThanOrEqual(9000);
  });
});
