// Guards that everybody gets each beat in time, and that beats of many are spread (docs/protocol.md, section 9).

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createVirtualTimers } from "../../../test/live/virtual-timers.ts";
import { Beats } from "./beats.ts";

interface Heart {
  readonly beatMs: number;
  readonly enteredAt: number;
  readonly at: number[];
}

function setUp() {
  const timers = createVirtualTimers();
  const sizes: number[] = [];
  const beats = new Beats<Heart>(timers, (due) => {
    sizes.push(due.size);
    for (const heart of due) heart.at.push(timers.now());
  });
  const enter = (beatMs: number): Heart => {
    const heart = { beatMs, enteredAt: timers.now(), at: [] };
    beats.enter(heart);
    return heart;
  };
  return { timers, beats, sizes, enter };
}

describe("beats", () => {
  it("W-BEAT-1: one alone hears them every beatMs, the first after a whole interval; with 0 none", () => {
    const { timers, enter } = setUp();
    timers.pass(333);
    const one = enter(2000);
    const none = enter(0);
    timers.pass(6100);
    expect(one.at).toEqual([2333, 4333, 6333]);
    expect(none.at).toEqual([]);
  });

  it("W-BEAT-1: whoever comes and goes when, each hears its first within beatMs, and then every beatMs", () => {
    const comings = fc.array(
      fc.record({ afterMs: fc.nat(700), beatMs: fc.constantFrom(250, 2000, 25_000), stayMs: fc.nat(60_000) }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(comings, (all) => {
        const { timers, beats, enter } = setUp();
        const hearts = all.map(({ afterMs, beatMs, stayMs }) => {
          timers.pass(afterMs);
          const heart = enter(beatMs);
          timers.after(stayMs, () => beats.leave(heart));
          return { heart, leftAt: timers.now() + stayMs };
        });
        timers.pass(90_000);
        for (const { heart, leftAt } of hearts) {
          const { beatMs, enteredAt, at } = heart;
          const moments = [enteredAt, ...at, leftAt];
          for (let i = 1; i < moments.length; i++) {
            const gap = moments[i]! - moments[i - 1]!;
            expect(gap).toBeLessThanOrEqual(beatMs + 0.001);
            if (i > 1 && i < moments.length - 1) expect(gap).toBeCloseTo(beatMs, 3);
          }
        }
        expect(timers.waiting).toBe(0);
      }),
    );
  });

  it("a crowd that came at once is not told at once", () => {
    const { timers, sizes, enter } = setUp();
    for (let i = 0; i < 10_000; i++) enter(2000);
    timers.pass(2000);
    expect(sizes.length).toBe(20);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(512);
  });
});
