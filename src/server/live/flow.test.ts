// Guards section 8 of docs/protocol.md: how much a client may be sent before it says that it got something.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SESSION_LIMITS } from "../../protocol/index.ts";
import { seed } from "../../../test/live/feed-world.ts";
import { Flow } from "./flow.ts";

const { unackedBytes } = SESSION_LIMITS;

describe(`flow (seed ${seed})`, () => {
  it("W-FLOW-2: takes up to the bound and one frame, and takes again once enough is acknowledged", () => {
    const flow = new Flow();
    flow.sent(1);
    flow.acknowledged(1);
    let syncs = 1;
    while (flow.takes(0)) {
      flow.sent(10_000);
      syncs++;
    }
    expect((syncs - 1) * 10_000).toBeGreaterThan(unackedBytes);
    expect((syncs - 2) * 10_000).toBeLessThanOrEqual(unackedBytes);
    flow.acknowledged(5);
    expect(flow.takes(0)).toBe(true);
  });

  it("W-FLOW-2: never more than the bound and a frame is open, and whoever acknowledges all is taken from again", () => {
    const step = fc.oneof(
      fc.record({ send: fc.integer({ min: 1, max: 300_000 }) }),
      fc.record({ ack: fc.double({ min: 0, max: 1, noNaN: true }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const flow = new Flow();
        const sizes: number[] = [0];
        let acked = 0;
        flow.acknowledged(0);
        for (const one of steps) {
          if ("send" in one) {
            if (!flow.takes(0)) continue;
            flow.sent(one.send);
            sizes.push(one.send);
            const open = sizes.slice(acked + 1).reduce((sum, size) => sum + size, 0);
            expect(open).toBeLessThanOrEqual(unackedBytes + one.send);
          } else {
            acked += Math.floor((sizes.length - 1 - acked) * one.ack);
            flow.acknowledged(acked);
          }
        }
        flow.acknowledged(sizes.length - 1);
        expect(flow.takes(0)).toBe(true);
      }),
      { seed, numRuns: 300 },
    );
  });

  it("W-FLOW-3: of a client that never acknowledges, what its transport holds is looked at", () => {
    const flow = new Flow();
    for (let i = 0; i < 100; i++) flow.sent(100_000);
    expect([flow.takes(unackedBytes), flow.takes(unackedBytes + 1)]).toEqual([true, false]);
  });

  it("L6: nor does acknowledging free anyone of what its transport holds: answers and beats wait there too", () => {
    const flow = new Flow();
    flow.sent(100);
    flow.acknowledged(1);
    expect([flow.takes(unackedBytes), flow.takes(unackedBytes + 1)]).toEqual([true, false]);
  });

  it("W-FLOW-3: beyond the bound, 30 s without progress are too long; any progress starts them anew", () => {
    const flow = new Flow();
    flow.sent(1);
    flow.acknowledged(1);
    for (let i = 0; i < 30; i++) flow.sent(10_000);
    expect(flow.isStuck(0, 0)).toBe(false);
    expect(flow.isStuck(0, 30_000)).toBe(false);
    flow.acknowledged(3);
    expect(flow.isStuck(0, 30_001)).toBe(false);
    expect(flow.isStuck(0, 60_001)).toBe(false);
    expect(flow.isStuck(0, 60_002)).toBe(true);
  });

  it("W-FLOW-3: an acknowledgement that says nothing new is no progress, nor is one of what was not sent", () => {
    const flow = new Flow();
    for (let i = 0; i < 40; i++) flow.sent(10_000);
    flow.acknowledged(2);
    expect(flow.isStuck(0, 0)).toBe(false);
    for (const syncs of [2, 1, 0, 41, Number.MAX_SAFE_INTEGER]) flow.acknowledged(syncs);
    expect(flow.takes(0)).toBe(false);
    expect(flow.isStuck(0, 30_001)).toBe(true);
  });

  it("W-FLOW-3: without acknowledgements, a transport that sends something makes progress", () => {
    const flow = new Flow();
    flow.sent(1_000_000);
    expect(flow.isStuck(1_000_000, 0)).toBe(false);
    expect(flow.isStuck(900_000, 29_000)).toBe(false);
    expect(flow.isStuck(900_000, 30_000)).toBe(false);
    expect(flow.isStuck(900_000, 60_001)).toBe(true);
  });
});
