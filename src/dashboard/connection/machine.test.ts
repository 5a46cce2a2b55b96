// Owns the proof that the connection's states keep their promises under any order of events.
// Does not own sockets: the effects are carried out on a set that stands for the browser.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { initialConnection, step, wakeAtMs } from "./machine.ts";
import {
  type Connection,
  type ConnectionEvent,
  currentSocket,
  DEFAULT_TIMING,
  type Effect,
  type Phase,
} from "./phases.ts";

const timing = DEFAULT_TIMING;

/** Runs events with the time that passes before each, and carries out what the machine asks for. */
class World {
  state: Connection = initialConnection(0);
  nowMs = 0;
  readonly sockets = new Set<number>();
  polls = 0;
  opened = 0;
  mostSockets = 0;

  send(event: ConnectionEvent): void {
    const next = step(this.state, event, this.nowMs, timing);
    this.state = next.state;
    for (const effect of next.effects) this.do(effect);
  }
  private do(effect: Effect): void {
    if (effect.kind === "poll") this.polls++;
    if (effect.kind === "close") expect(this.sockets.delete(effect.socket), "closes what exists").toBe(true);
    if (effect.kind === "open") {
      this.opened++;
      this.sockets.add(effect.socket);
      this.mostSockets = Math.max(this.mostSockets, this.sockets.size);
    }
  }
  closed(reason = "gone"): void {
    const socket = currentSocket(this.state);
    if (socket === undefined) return;
    this.sockets.delete(socket);
    this.send({ kind: "closed", socket, reason });
  }
  frame(): void {
    this.send({ kind: "frame", socket: currentSocket(this.state) ?? -1 });
  }
  sleep(ms: number): void {
    const until = this.nowMs + ms;
    // As the real timer does: wake when the machine has something to do.
    for (let i = 0; i < 1000 && wakeAtMs(this.state, timing) <= until; i++) {
      this.nowMs = Math.max(this.nowMs, wakeAtMs(this.state, timing));
      this.send({ kind: "wake" });
    }
    this.nowMs = until;
  }
}

function started(): World {
  const world = new World();
  world.send({ kind: "reconnect" });
  return world;
}

function inPhase(phase: Phase): World {
  const world = started();
  if (phase === "live") world.frame();
  if (phase === "offline") world.closed();
  if (phase === "polling") {
    for (let i = 0; i < 3; i++) {
      world.closed();
      if (i < 2) world.sleep(timing.reconnectMs);
    }
    world.send({ kind: "answered" });
  }
  expect(world.state.phase).toBe(phase);
  return world;
}

describe("connection states", () => {
  it("start with one socket and one request", () => {
    const world = started();
    expect(world.state.phase).toBe("connecting");
    expect([world.opened, world.polls]).toEqual([1, 1]);
  });

  const table: readonly [Phase, ConnectionEvent["kind"], Phase][] = [
    ["connecting", "frame", "live"],
    ["connecting", "closed", "offline"],
    ["connecting", "answered", "connecting"],
    ["connecting", "unanswered", "connecting"],
    ["connecting", "wake", "connecting"],
    ["connecting", "reconnect", "connecting"],
    ["live", "frame", "live"],
    ["live", "closed", "offline"],
    ["live", "answered", "live"],
    ["live", "unanswered", "live"],
    ["live", "wake", "live"],
    ["live", "reconnect", "connecting"],
    ["polling", "frame", "polling"],
    ["polling", "closed", "polling"],
    ["polling", "answered", "polling"],
    ["polling", "unanswered", "offline"],
    ["polling", "wake", "polling"],
    ["polling", "reconnect", "polling"],
    ["offline", "frame", "offline"],
    ["offline", "closed", "offline"],
    ["offline", "answered", "offline"],
    ["offline", "unanswered", "offline"],
    ["offline", "wake", "offline"],
    ["offline", "reconnect", "connecting"],
  ];
  it.each(table)("%s + %s → %s", (phase, kind, after) => {
    const world = inPhase(phase);
    const socket = currentSocket(world.state) ?? -1;
    world.send({ kind, socket, reason: "test" });
    expect(world.state.phase).toBe(after);
  });

  it("go from a drop over red and yellow back to green every reconnect interval", () => {
    const world = inPhase("live");
    world.closed();
    expect(world.state).toMatchObject({ phase: "offline", retryAtMs: world.nowMs + timing.reconnectMs, failures: 0 });
    world.sleep(timing.reconnectMs);
    expect(world.state.phase).toBe("connecting");
    world.frame();
    expect(world.state.phase).toBe("live");
  });

  it("fall back to polling after three failed sockets, and return by themselves", () => {
    const world = inPhase("polling");
    const polls = world.polls;
    world.sleep(timing.pollMs);
    expect(world.polls).toBe(polls + 1);
    world.send({ kind: "answered" });
    world.sleep(timing.reconnectMs);
    expect(world.state.phase).toBe("polling");
    world.frame();
    expect(world.state.phase).toBe("live");
    expect(world.sockets.size).toBe(1);
  });

  it("give up a socket that opens but stays silent", () => {
    const world = started();
    world.sleep(timing.openTimeoutMs);
    expect(world.state.phase).toBe("offline");
    expect(world.sockets.size).toBe(0);
  });

  it("ignore the events of an older socket", () => {
    const world = inPhase("live");
    world.send({ kind: "reconnect" });
    world.send({ kind: "frame", socket: 1 });
    expect(world.state.phase).toBe("connecting");
    world.send({ kind: "closed", socket: 1, reason: "late" });
    expect(world.state.phase).toBe("connecting");
  });

  const events = fc.array(
    fc.record({
      pauseMs: fc.nat({ max: 12_000 }),
      kind: fc.constantFrom("frame", "closed", "answered", "unanswered", "wake", "reconnect", "stale frame"),
    }),
    { maxLength: 200 },
  );

  it("never hold two sockets, never say live without a frame within the limit, never stop trying", () => {
    fc.assert(
      fc.property(events, (steps) => {
        const world = started();
        let lastFrameMs = Number.NEGATIVE_INFINITY;
        for (const { pauseMs, kind } of steps) {
          world.sleep(pauseMs);
          if (world.state.phase === "live") expect(world.nowMs - lastFrameMs).toBeLessThanOrEqual(timing.silenceMs);
          const socket = currentSocket(world.state);
          if (kind === "frame" && socket !== undefined) {
            lastFrameMs = world.nowMs;
            world.frame();
          } else if (kind === "closed") world.closed();
          else if (kind === "stale frame") world.send({ kind: "frame", socket: (socket ?? 1) - 1 });
          else if (kind === "unanswered") world.send({ kind, reason: "test" });
          else if (kind === "answered" || kind === "wake" || kind === "reconnect") world.send({ kind });
          expect([...world.sockets]).toEqual(
            currentSocket(world.state) === undefined ? [] : [currentSocket(world.state)],
          );
          expect(wakeAtMs(world.state, timing)).toBeLessThanOrEqual(world.nowMs + timing.silenceMs);
        }
        expect(world.mostSockets).toBe(1);
        // From anywhere, a socket that works again brings the connection back.
        world.sleep(timing.reconnectMs + timing.openTimeoutMs);
        if (currentSocket(world.state) === undefined) world.sleep(timing.reconnectMs);
        world.frame();
        expect(world.state.phase).toBe("live");
      }),
    );
  });
});
