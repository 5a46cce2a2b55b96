// Guards the connection's states: total, never two sockets, never live on silence, pauses within their bounds.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CLOSE } from "../../protocol/wire/close-codes.ts";
import { step, wakeAtMs } from "./machine.ts";
import {
  type Connection,
  type ConnectionEvent,
  currentSocket,
  DEFAULT_TIMING,
  type Effect,
  type Phase,
} from "./phases.ts";
import { type At, initialConnection } from "./transitions.ts";

const timing = { ...DEFAULT_TIMING, canRenewToken: true };
const at = (nowMs: number, chance = 0.5): At => ({ nowMs, chance, timing });
const codes = [0, 1006, ...Object.values(CLOSE).map(({ code }) => code)];

/** An event without its socket, which is filled in with the current one, a former one or none. */
const anyEvent = fc.oneof(
  fc.constantFrom("connect", "stop", "sign", "heard", "wake", "look", "doubt").map((kind) => ({ kind })),
  fc.record({ kind: fc.constant("welcomed"), beatMs: fc.integer({ min: 250, max: 25_000 }) }),
  fc.record({ kind: fc.constant("drain"), afterMs: fc.nat(5000), spreadMs: fc.nat(5000) }),
  fc.record({ kind: fc.constant("closed"), code: fc.constantFrom(...codes), reason: fc.constantFrom("", "why") }),
  fc.record({
    kind: fc.constant("http-failed"),
    code: fc.constantFrom(0, 1013, 4401),
    reason: fc.constant("why"),
    retryAfterMs: fc.option(fc.nat(5000), { nil: undefined }),
  }),
  fc.record({
    kind: fc.constant("progress"),
    progress: fc.record({ waiting: fc.boolean(), behindSinceMs: fc.option(fc.nat(50_000), { nil: undefined }) }),
  }),
);
const anyStory = fc.array(
  fc.record({
    event: anyEvent,
    /** How old the event's socket is: 0 for the current one. */
    age: fc.constantFrom(0, 0, 0, 1),
    pauseMs: fc.oneof(fc.nat(500), fc.nat(15_000)),
    chance: fc.double({ min: 0, max: 0.999, noNaN: true }),
  }),
  { maxLength: 60 },
);

/** The events of sockets name theirs. */
const ofSocket = (event: Readonly<Record<string, unknown>>, socket: number): ConnectionEvent =>
  (["welcomed", "sign", "drain", "closed"].includes(event["kind"] as string)
    ? { ...event, socket }
    : event) as unknown as ConnectionEvent;

interface Moment {
  readonly before: Connection;
  readonly event: ConnectionEvent;
  readonly state: Connection;
  readonly effects: readonly Effect[];
  readonly nowMs: number;
}

/** Plays a story, with every wake-up that is due in between, as the link would. */
function play(story: typeof anyStory extends fc.Arbitrary<infer S> ? S : never): Moment[] {
  const moments: Moment[] = [];
  let nowMs = 0;
  let state: Connection = initialConnection(0);
  const take = (event: ConnectionEvent, chance: number) => {
    const before = state;
    const next = step(state, event, at(nowMs, chance));
    ({ state } = next);
    moments.push({ before, event, ...next, nowMs });
  };
  for (const { event, age, pauseMs, chance } of story) {
    const untilMs = nowMs + pauseMs;
    for (;;) {
      const dueMs = wakeAtMs(state);
      if (dueMs > untilMs) break;
      nowMs = Math.max(nowMs, dueMs);
      take({ kind: "wake" }, chance);
      // A wake-up that is due does something, or it would be due for ever. (A pause may be of no length.)
      if (state.phase !== "offline") expect(wakeAtMs(state)).toBeGreaterThan(nowMs);
    }
    nowMs = untilMs;
    take(ofSocket(event, (currentSocket(state) ?? 0) - age), chance);
  }
  return moments;
}

const always = (holds: (moment: Moment, moments: readonly Moment[]) => void) =>
  fc.assert(
    fc.property(anyStory, (story) => {
      const moments = play(story);
      for (const moment of moments) holds(moment, moments);
    }),
    { numRuns: 500 },
  );

describe("the connection", () => {
  it("never has two sockets, and none but the one that its state names", () => {
    fc.assert(
      fc.property(anyStory, (story) => {
        const open = new Set<number>();
        for (const { event, effects, before, state } of play(story)) {
          // A socket that closed is closed, whatever follows.
          if (event.kind === "closed" && event.socket === currentSocket(before)) open.delete(event.socket);
          for (const effect of effects) {
            if (effect.kind === "close") open.delete(effect.socket);
            if (effect.kind === "open") {
              expect(open.size).toBe(0);
              open.add(effect.socket);
            }
          }
          expect([...open]).toEqual(currentSocket(state) === undefined ? [] : [currentSocket(state)]);
        }
      }),
    );
  });

  it("follows by HTTP exactly while it is polling", () => {
    fc.assert(
      fc.property(anyStory, (story) => {
        let following = false;
        for (const { effects, state, event, before } of play(story)) {
          if (event.kind === "http-failed" && before.phase === "polling") following = false;
          for (const effect of effects) {
            if (effect.kind === "http") following = true;
            if (effect.kind === "end-http") following = false;
          }
          expect(following).toBe(state.phase === "polling");
        }
      }),
    );
  });

  it("is never live on silence, or while something is missing (W-BEAT-2)", () =>
    always(({ state, nowMs }) => {
      if (state.phase !== "live") return;
      expect(state.progress.waiting).toBe(false);
      expect(nowMs - state.lastSignAtMs).toBeLessThan(2 * state.beatMs + 1000);
      expect(nowMs).toBeLessThan((state.progress.behindSinceMs ?? Infinity) + state.beatMs);
    }));

  it("gives a silent connection up after beatMs + 8 s (W-BEAT-2)", () =>
    always(({ state, nowMs }) => {
      if (state.phase === "live" || state.phase === "catching-up")
        expect(nowMs - state.lastSignAtMs).toBeLessThan(state.beatMs + 8000);
    }));

  it("waits no longer than the ceiling and the jitter, but for what the server says (W-BACK-1)", () =>
    always(({ state, nowMs, event }) => {
      if (state.phase !== "offline" || state.sinceMs !== nowMs || event.kind === "http-failed") return;
      if (state.told) expect(state.retryAtMs - nowMs).toBeLessThanOrEqual(10_000);
      else expect(state.retryAtMs - nowMs).toBeLessThanOrEqual(timing.maxCeilingMs);
    }));

  it("ignores what former sockets tell", () =>
    always(({ before, event, state, effects }) => {
      if (!("socket" in event) || event.socket === currentSocket(before)) return;
      expect(state).toBe(before);
      expect(effects).toEqual([]);
    }));
});

/** Plays events that are given one by one, each at its time. */
function tell(...events: readonly (readonly [atMs: number, event: Record<string, unknown>, chance?: number])[]): {
  state: Connection;
  effects: readonly Effect[];
} {
  let state: Connection = initialConnection(0);
  let effects: readonly Effect[] = [];
  for (const [atMs, event, chance] of events)
    ({ state, effects } = step(state, ofSocket(event, currentSocket(state) ?? 0), at(atMs, chance)));
  return { state, effects };
}

const CONNECT = [0, { kind: "connect" }] as const;
const WELCOME = [10, { kind: "welcomed", beatMs: 2000 }] as const;
const CAUGHT_UP = [20, { kind: "progress", progress: { waiting: false, behindSinceMs: undefined } }] as const;
const LIVE = [CONNECT, WELCOME, CAUGHT_UP] as const;
const closed = (code: number) => ({ kind: "closed", code, reason: "" });
const EVENTS: readonly Record<string, unknown>[] = [
  ...["connect", "stop", "sign", "heard", "wake", "look", "doubt"].map((kind) => ({ kind })),
  { kind: "welcomed", beatMs: 2000 },
  { kind: "drain", afterMs: 1, spreadMs: 1 },
  closed(1006),
  { kind: "http-failed", code: 0, reason: "", retryAfterMs: undefined },
  { kind: "progress", progress: { waiting: true, behindSinceMs: undefined } },
];
const FAIL = (atMs: number) => [atMs, closed(1006)] as const;
const WAKE = (atMs: number) => [atMs, { kind: "wake" }] as const;
const POLLING = [CONNECT, FAIL(1), WAKE(5000), FAIL(5001), WAKE(10_000), FAIL(10_001)] as const;
const STORIES: Readonly<Record<Phase, readonly (readonly [number, Record<string, unknown>])[]>> = {
  offline: [],
  connecting: [CONNECT],
  "catching-up": [CONNECT, WELCOME],
  live: LIVE,
  polling: POLLING,
  stopped: [CONNECT, [1, closed(4403)]],
};

describe.each(Object.entries(STORIES))("in the phase %s", (phase, story) => {
  it("is reached, and every event has a meaning there", () => {
    expect(tell(...story).state.phase).toBe(phase);
    for (const event of EVENTS) expect(() => tell(...story, [20_000, event])).not.toThrow();
  });
});

describe("coming back", () => {
  it("waits up to the jitter after a live connection, then up to a ceiling that doubles (W-BACK-1)", () => {
    const lost = tell(...LIVE, [20_000, closed(1006), 0.999]).state;
    expect(lost).toMatchObject({ phase: "offline", retryAtMs: 20_999 });
    const again = tell(...LIVE, FAIL(20_000), WAKE(21_000), [21_001, closed(1011), 0.999]).state;
    expect(again).toMatchObject({ phase: "offline", retryAtMs: 21_001 + 999 });
  });

  it.each(Object.values(CLOSE))("after $code ($meaning): $after (W-BACK-4)", ({ code, after }) => {
    const { state } = tell(...LIVE, [20_000, closed(code)]);
    if (after === "stop") expect(state).toMatchObject({ phase: "stopped", code });
    else expect(state.phase).toBe("offline");
    if (after === "later") expect(state).toMatchObject({ retryAtMs: 20_000 + 3000 + 500, told: true });
  });

  it("stops when a second token is refused too", () => {
    const refused = tell(...LIVE, [20_000, closed(4401)], WAKE(30_000), [30_001, closed(4401)]);
    expect(refused.state).toMatchObject({ phase: "stopped", code: 4401 });
  });

  it("falls back after three failures in a row, from the stream to polls after two more (W-BACK-2)", () => {
    const fallen = tell(...POLLING);
    expect(fallen.effects).toContainEqual({ kind: "http", way: "stream" });
    const failed = [0, { kind: "http-failed", code: 0, reason: "", retryAfterMs: undefined }] as const;
    const once = [...POLLING, failed, WAKE(30_000), failed, FAIL(30_001), WAKE(60_000)] as const;
    const { state, effects } = tell(...once);
    expect(state).toMatchObject({ phase: "polling", way: "poll" });
    expect(effects).toEqual([
      { kind: "http", way: "poll" },
      { kind: "open", socket: 5 },
    ]);
  });

  it("replaces HTTP once a socket in the background is welcomed (W-BACK-2)", () => {
    const beside = tell(...POLLING, WAKE(20_000));
    expect(beside.effects).toEqual([{ kind: "open", socket: 4 }]);
    const { state, effects } = tell(...POLLING, WAKE(20_000), [20_001, { kind: "welcomed", beatMs: 2000 }]);
    expect(state.phase).toBe("catching-up");
    expect(effects).toEqual([{ kind: "end-http" }]);
  });

  it("moves when a drain says so, and not before its time when it is closed first (W-BACK-3)", () => {
    const draining = [...LIVE, [100, { kind: "drain", afterMs: 1000, spreadMs: 2000 }, 0.5]] as const;
    expect(tell(...draining, WAKE(2100)).effects).toEqual([
      { kind: "close", socket: 1 },
      { kind: "open", socket: 2 },
    ]);
    expect(tell(...draining, [500, closed(1012)]).state).toMatchObject({ retryAtMs: 2100, told: true });
    expect(tell(...draining, [500, closed(1012)], [600, { kind: "look" }]).state.phase).toBe("offline");
  });

  it("asks a connection that may have died in its sleep, and gives it up after 3 s", () => {
    const asked = tell(...LIVE, [5000, { kind: "look" }]);
    expect(asked.effects).toEqual([{ kind: "ping", socket: 1 }]);
    expect(tell(...LIVE, [5000, { kind: "look" }], [5100, { kind: "sign" }], WAKE(8001)).state.phase).toBe("live");
    expect(tell(...LIVE, [5000, { kind: "look" }], WAKE(8000)).state.phase).toBe("offline");
    expect(tell(...LIVE, [1000, { kind: "look" }]).effects).toEqual([]);
  });

  it("connects at once when it is woken while offline", () => {
    expect(tell(...LIVE, FAIL(20_000), [20_001, { kind: "look" }]).state.phase).toBe("connecting");
  });
});
