// Guards the rhythm of W-SUB-6 under virtual time.

import { describe, expect, it } from "vitest";
import { createVirtualTimers } from "../../../test/live/virtual-timers.ts";
import { createLane, type Lane } from "./lane.ts";

function setUp(rateMs: number, flushMs: () => number = () => 0) {
  const timers = createVirtualTimers();
  const at: number[] = [];
  const lane: Lane = createLane(rateMs, timers, () => {
    at.push(timers.now());
    timers.spend(flushMs());
  });
  return { timers, at, lane };
}

describe("a lane", () => {
  it("W-SUB-6: tells at once when idle, and then at most every rateMs however often it is woken", () => {
    const { timers, at, lane } = setUp(50);
    timers.pass(1000);
    for (let i = 0; i < 200; i++) {
      lane.wake();
      timers.pass(1);
    }
    timers.pass(1000);
    expect(at).toEqual([1000, 1050, 1100, 1150, 1200]);
    lane.wake();
    timers.pass(0);
    expect(at.at(-1)).toBe(timers.now());
  });

  it("W-SUB-6: rate 0 tells each turn", () => {
    const { timers, at, lane } = setUp(0);
    for (let i = 0; i < 5; i++) {
      lane.wake();
      lane.wake();
      timers.pass(1);
    }
    expect(at).toEqual([0, 1, 2, 3, 4]);
  });

  it("W-SUB-6: under a slow flush the pause stretches, so that telling takes at most half of the time", () => {
    for (const flushMs of [10, 80, 400]) {
      const { timers, at, lane } = setUp(50, () => flushMs);
      for (let i = 0; i < 10_000; i++) {
        lane.wake();
        timers.pass(1);
      }
      const gaps = at.slice(1).map((one, i) => one - at[i]!);
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(Math.max(50, 2 * flushMs));
      expect(Math.max(...gaps)).toBeLessThanOrEqual(Math.max(50, 2 * flushMs) + 1);
    }
  });

  it("W-SUB-6: a wake during a flush is neither lost nor early", () => {
    const timers = createVirtualTimers();
    const at: number[] = [];
    const lane: Lane = createLane(50, timers, () => {
      at.push(timers.now());
      if (at.length < 4) lane.wake();
      timers.spend(30);
    });
    lane.wake();
    timers.pass(1000);
    expect(at).toEqual([0, 60, 120, 180]);
  });

  it("a closed lane tells nothing, also where it is closed by its own flush", () => {
    const { timers, at, lane } = setUp(50);
    lane.wake();
    lane.close();
    timers.pass(100);
    expect(at).toEqual([]);
    const closing: Lane = createLane(50, timers, () => {
      at.push(timers.now());
      closing.wake();
      closing.close();
    });
    closing.wake();
    timers.pass(1000);
    expect(at).toHaveLength(1);
  });
});
