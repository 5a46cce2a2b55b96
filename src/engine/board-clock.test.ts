// Owns the proof of rule 4: the board clock keeps its pace whatever the wall clock does.

import fc from "fast-check";
import { expect, it } from "vitest";
import { createBoardClock, MAX_DOWNTIME_MS } from "./board-clock.ts";

it("rule 4: the clock never goes back and moves with the monotonic timer only", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(10_000), fc.integer({ min: -1e9, max: 1e9 }))), (steps) => {
      let wallMs = 1_700_000_000_000;
      let monotonicMs = 500;
      const clock = createBoardClock({ wallMs: () => wallMs, monotonicMs: () => monotonicMs }, undefined);
      const start = clock.now();
      for (const [passedMs, jumpMs] of steps) {
        const before = clock.now();
        monotonicMs += passedMs;
        wallMs += passedMs + jumpMs;
        expect(clock.now()).toBe(before + passedMs);
      }
      expect(clock.now()).toBe(start + (monotonicMs - 500));
    }),
  );
});

it("rule 4: a downtime counts, but bounded, and a wall clock set back counts as none", () => {
  const at = (wallMs: number) =>
    createBoardClock({ wallMs: () => wallMs, monotonicMs: () => 0 }, { clock: 1000, at: 50_000 }).now();
  expect(at(50_250)).toBe(1250);
  expect(at(1)).toBe(1000);
  expect(at(50_000 + 3 * MAX_DOWNTIME_MS)).toBe(1000 + MAX_DOWNTIME_MS);
});
