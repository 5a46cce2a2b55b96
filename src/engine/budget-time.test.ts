// Guards what time does to budgets on a running board: windows begin by records, in order with what is spent, over downtime
// and jumps of the clock; holds free themselves; and a budget that will not last is told of, once.

import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../log/index.ts";
import type { Command, LogRecord, Outcome } from "../protocol/index.ts";
import { type BoardEngine, openBoard } from "./board-engine.ts";
import type { Timepieces } from "./board-clock.ts";

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 10, 25, 12);

/** Clocks that move when they are told, and timers that run then. */
class Clocks implements Timepieces {
  wall = NOON;
  mono = 0;
  readonly #timers = new Set<{ readonly at: number; readonly call: () => void }>();

  wallMs = (): number => this.wall;
  monotonicMs = (): number => this.mono;
  after = (ms: number, call: () => void): (() => void) => {
    const timer = { at: this.mono + ms, call };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** Let time pass, timer by timer, each with all that follows from it. */
  async pass(ms: number): Promise<void> {
    const until = this.mono + ms;
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      const step = (next?.at ?? until) - this.mono;
      this.mono += Math.max(0, step);
      this.wall += Math.max(0, step);
      if (next === undefined) break;
      this.#timers.delete(next);
      next.call();
      await settled();
    }
    await settled();
  }
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 12; i++) await new Promise((done) => setImmediate(done));
};

async function boardAt(clocks: Clocks, store = createMemoryStore()) {
  const board = await openBoard({ name: "b", memory: await store.open("b"), timepieces: clocks });
  const send = (command: Command): Promise<Outcome> => board.submit({ actor: "ann", source: "http", command });
  return { board, store, send };
}

async function recordsOf(board: BoardEngine): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for await (const records of board.read(1 as LogRecord["seq"])) all.push(...records);
  return all;
}

const daily = (more: object = {}): Command => ({
  type: "budget.open",
  task: "t",
  limitTokens: 100,
  window: { every: "day", timeZone: "UTC", rollover: false },
  ...more,
});
const reserve = (tokens: number): Command => ({ type: "budget.reserve", task: "t", tokens, ttlMs: 48 * HOUR });
const charge = (tokens: number): Command => ({ type: "budget.charge", task: "t", tokens });

describe("a budget's windows", () => {
  it("begin with the first record after the budget is opened, and end by a record at midnight", async () => {
    const clocks = new Clocks();
    const { board, send } = await boardAt(clocks);
    await send(daily());
    await settled();
    const day = { startsAt: Date.UTC(2026, 10, 25), endsAt: Date.UTC(2026, 10, 26) };
    expect(board.state.budgets.get("t")?.account?.window).toEqual(day);
    await send(charge(60));
    await clocks.pass(12 * HOUR - 1);
    expect(board.state.budgets.get("t")?.usedTokens).toBe(60);
    await clocks.pass(60_001);
    expect(board.state.budgets.get("t")).toMatchObject({ usedTokens: 0, account: { everTokens: 60 } });
    await board.close();
  });

  it("end before what is sent after their end, although no timer has run", async () => {
    const clocks = new Clocks();
    const { board, send } = await boardAt(clocks);
    await send(daily());
    await settled();
    expect((await send(reserve(100))).ok).toBe(true);
    expect((await send({ type: "budget.close", task: "other" })).ok).toBe(false);
    await send({ type: "hold.settle", hold: "h4", tokens: 100 });
    const before = await send(reserve(1));
    clocks.wall += 12 * HOUR;
    clocks.mono += 12 * HOUR;
    const after = await send(reserve(100));
    expect([before, after].map(({ ok }) => ok)).toEqual([false, true]);
    const types = (await recordsOf(board)).map(({ command }) => command.type);
    expect(types.slice(-2)).toEqual(["budget.reset", "budget.reserve"]);
    await board.close();
  });

  it("that were missed while the board was down are one reset, into the window of now, before anything is served", async () => {
    const clocks = new Clocks();
    const store = createMemoryStore();
    const first = await boardAt(clocks, store);
    await first.send(daily({ window: { every: "day", timeZone: "UTC", rollover: true } }));
    await settled();
    await first.send(charge(40));
    await first.board.close();
    clocks.wall += 10 * 24 * HOUR;
    const { board } = await boardAt(clocks, store);
    const resets = (await recordsOf(board)).filter(({ command }) => command.type === "budget.reset");
    expect(resets).toHaveLength(2);
    expect(board.state.budgets.get("t")).toMatchObject({
      usedTokens: 0,
      account: { carriedTokens: 60, window: { startsAt: Date.UTC(2026, 11, 5) } },
    });
    await board.close();
  });

  it("stay in order over jumps of the clock: a day back changes nothing, a day forward begins the day, and none is doubled", async () => {
    const clocks = new Clocks();
    const { board, send } = await boardAt(clocks);
    await send(daily());
    await settled();
    await send(charge(10));
    clocks.wall -= 24 * HOUR;
    await clocks.pass(2 * HOUR);
    await send(charge(10));
    expect(board.state.budgets.get("t")?.usedTokens).toBe(20);
    clocks.wall += 48 * HOUR;
    await send(charge(5));
    expect(board.state.budgets.get("t")?.usedTokens).toBe(5);
    clocks.wall -= 24 * HOUR;
    await clocks.pass(2 * HOUR);
    await send(charge(5));
    expect(board.state.budgets.get("t")?.usedTokens).toBe(10);
    const resets = (await recordsOf(board)).filter(({ command }) => command.type === "budget.reset");
    expect(resets).toHaveLength(2);
    await board.close();
  });
});

describe("a hold", () => {
  it("leaked hold after a crash: frees itself by a record when its time is up, also right after a restart", async () => {
    const clocks = new Clocks();
    const store = createMemoryStore();
    const first = await boardAt(clocks, store);
    await first.send({ type: "budget.open", task: "t", limitTokens: 100 });
    await first.send({ type: "budget.reserve", task: "t", tokens: 100, ttlMs: 1000 });
    await first.send({ type: "budget.open", task: "u", limitTokens: 100 });
    await first.send({ type: "budget.reserve", task: "u", tokens: 100, ttlMs: 10 * HOUR });
    await clocks.pass(1100);
    expect(first.board.state.budgets.get("t")?.account).toMatchObject({ heldTokens: 0, holds: 0 });
    await first.board.close();
    clocks.wall += 11 * HOUR;
    const { board, send } = await boardAt(clocks, store);
    expect(board.state.budgets.get("u")?.account).toMatchObject({ heldTokens: 0, holds: 0 });
    expect((await send({ type: "budget.reserve", task: "u", tokens: 100, ttlMs: 1 })).ok).toBe(true);
    await board.close();
  });
});

describe("the look ahead", () => {
  it("tells once that a budget will not last at the present rate, and takes it back when the rate has fallen", async () => {
    const clocks = new Clocks();
    const { board, send } = await boardAt(clocks);
    await send({ type: "budget.open", task: "t", limitTokens: 100_000, thresholds: [] });
    const projections = async (): Promise<LogRecord[]> =>
      (await recordsOf(board)).filter(({ command }) => command.type === "budget.project");
    // A minute of spends at a rate that lasts for a few hours.
    for (let i = 0; i < 60; i++) {
      await send(charge(100));
      await clocks.pass(10_000);
    }
    expect([...board.state.alerts.values()].map(({ kind }) => kind)).toEqual(["projected"]);
    const { exhaustsAt } = board.state.budgets.get("t")!.account!;
    // 10 tokens a second, of which the mean over ten minutes has seen most: between three and eight hours from now.
    expect(exhaustsAt).toBeGreaterThan(clocks.wall + HOUR);
    expect(exhaustsAt).toBeLessThan(clocks.wall + 8 * HOUR);
    expect(board.rateOf("t").tokensPerHour).toBeGreaterThan(10_000);
    const said = (await projections()).length;
    expect(said).toBeLessThan(10);
    await clocks.pass(2 * HOUR);
    expect(board.state.budgets.get("t")?.account?.exhaustsAt).toBeUndefined();
    expect((await projections()).length).toBeLessThan(said + 12);
    expect(board.state.alerts.size).toBe(1);
    await board.close();
  });

  it("says nothing of a budget that will last, of one spend, or of none", async () => {
    const clocks = new Clocks();
    const { board, send } = await boardAt(clocks);
    await send({ type: "budget.open", task: "t", limitTokens: 1_000_000_000 });
    await send({ type: "budget.open", task: "u", limitTokens: 1000 });
    await send({ type: "budget.charge", task: "u", tokens: 500 });
    for (let i = 0; i < 20; i++) {
      await send(charge(10));
      await clocks.pass(30_000);
    }
    expect(board.state.alerts.size).toBe(0);
    await board.close();
  });
});
