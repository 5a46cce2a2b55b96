// Guards law L3 where it begins: "what changed since S" is every name that did, once, in order, or a visible refusal.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Seq, seq } from "../protocol/index.ts";
import { ChangeOrder } from "./change-order.ts";

/** Touch a name in the same record as the last one, or in a later one; or forget it. */
const step = fc.record({
  name: fc.constantFrom(...Array.from("abcdefghijk"), "__proto__"),
  act: fc.constantFrom("touch", "touch", "touch", "forget"),
  advance: fc.nat({ max: 2 }),
});

/** The same by brute force: every name with its last change, in order, nothing ever dropped. */
class NaiveOrder {
  last = new Map<string, Seq>();

  touch(name: string, at: Seq): void {
    this.last.delete(name);
    this.last.set(name, at);
  }

  since(from: Seq): string[] {
    return [...this.last].filter(([, at]) => at > from).map(([name]) => name);
  }
}

describe("the order of last change", () => {
  it("L3: answers every position from the floor up as a naive list does, and refuses those below (rule 13)", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 100, size: "max" }),
        fc.integer({ min: 1, max: 15 }),
        (steps, maxNames) => {
          const start = seq(7);
          const order = new ChangeOrder({ floor: start, maxNames });
          const naive = new NaiveOrder();
          let now = start;
          for (const { name, act, advance } of steps) {
            if (act === "touch") {
              now = seq(now + advance);
              order.touch(name, now);
              naive.touch(name, now);
            } else {
              order.forget(name);
              naive.last.delete(name);
            }
            expect(order.floor).toBeLessThanOrEqual(now);
            for (let from = order.floor; from <= now; from = seq(from + 1)) {
              expect(order.since(from)).toEqual(naive.since(from));
            }
            expect(() => order.since(seq(order.floor - 1))).toThrow(RangeError);
            expect(order.size).toBe(naive.since(order.floor).length);
            for (const [known, at] of naive.last) expect(order.seqOf(known)).toBe(at > order.floor ? at : undefined);
          }
        },
      ),
    );
  });

  it("L6: holds at most maxNames, and raises the floor no further than dropping the oldest tenth asks for", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 100, size: "max" }),
        fc.integer({ min: 1, max: 12 }),
        (steps, maxNames) => {
          const order = new ChangeOrder({ floor: seq(0), maxNames });
          let now = seq(0);
          for (const { name, advance } of steps) {
            now = seq(now + advance);
            const floorBefore = order.floor;
            const held = new Map(order.since(floorBefore).map((one) => [one, order.seqOf(one) ?? 0]));
            held.delete(name);
            order.touch(name, now);
            if (now > floorBefore) held.set(name, now);
            expect(order.size).toBeLessThanOrEqual(maxNames);
            expect(order.floor > floorBefore).toBe(held.size > maxNames);
            if (order.floor === floorBefore) continue;
            const seqs = [...held.values()];
            expect(seqs).toContain(order.floor);
            expect(seqs.filter((at) => at < order.floor).length).toBeLessThan(Math.max(1, Math.floor(maxNames / 10)));
          }
        },
      ),
    );
  });

  it("holds a name that changed 500 000 times once, so that since() costs one step", () => {
    const order = new ChangeOrder({ floor: seq(0), maxNames: 10 });
    for (let at = 1; at <= 500_000; at++) order.touch("hot", seq(at));
    expect(order.size).toBe(1);
    expect(order.since(seq(0))).toEqual(["hot"]);
  });

  it("keeps the floor and every name at the tail when one record names more than may be held", () => {
    const order = new ChangeOrder({ floor: seq(0), maxNames: 3 });
    order.touch("before", seq(1));
    for (const name of ["a", "b", "c", "d", "e"]) order.touch(name, seq(2));
    expect(order.floor).toBe(2);
    expect(order.since(seq(2))).toEqual([]);
    order.touch("after", seq(3));
    expect(order.since(seq(2))).toEqual(["after"]);
  });

  it("refuses a change older than the last one, even of a name that is forgotten", () => {
    const order = new ChangeOrder({ floor: seq(0), maxNames: 3 });
    order.touch("a", seq(2));
    order.forget("a");
    expect(() => order.touch("b", seq(1))).toThrow(RangeError);
    expect(() => new ChangeOrder({ floor: seq(0), maxNames: 0 })).toThrow(RangeError);
  });
});
