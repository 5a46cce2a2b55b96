// Guards what the engine does for budgets by itself: windows that begin, holds that end, and the rate of spending, with a
// real engine over real logs in virtual time.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VirtualTime } from "../../test/simulation/virtual-time.ts";
import { apply, type BoardState, createBoardState } from "../board/index.ts";
import { type BoardMemory, createMemoryStore, LogError } from "../log/index.ts";
import { type Command, type LogRecord, type Outcome, seq } from "../protocol/index.ts";
import { type BoardEngine, openBoard } from "./board-engine.ts";
import { windowAt } from "./calendar.ts";
import { sha256 } from "./recovery.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.parse("2026-03-27T10:30:00Z");

/** A board whose wall clock can be set, and that can be stopped and started again. */
function createWorld(startMs = START, through = (memory: BoardMemory): BoardMemory => memory) {
  const time = new VirtualTime();
  const store = createMemoryStore();
  const notices: string[] = [];
  let board: BoardEngine | undefined;
  let offset = startMs;
  const world = {
    time,
    notices,
    wall: () => time.nowMs + offset,
    jump: (ms: number) => void (offset += ms),
    async open(): Promise<BoardEngine> {
      const timepieces = {
        wallMs: world.wall,
        monotonicMs: () => time.nowMs,
        after: (ms: number, call: () => void) => time.after(ms, call),
      };
      const memory = through(await store.open("default"));
      board = await openBoard({ name: "default", memory, timepieces, notice: (message) => notices.push(message) });
      return board;
    },
    get board(): BoardEngine {
      return board as BoardEngine;
    },
    run: (ms: number) => time.run(time.nowMs + ms, () => undefined),
    submit: (command: Command, id?: string) =>
      world.board.submit({ actor: "a", source: "test", command, ...(id === undefined ? {} : { id: id as never }) }),
    async do(command: Command): Promise<Outcome> {
      const outcome = world.submit(command);
      await time.run(time.nowMs, () => undefined);
      return outcome;
    },
    async records(): Promise<LogRecord[]> {
      const all: LogRecord[] = [];
      for await (const records of world.board.read(seq(1))) all.push(...records);
      return all;
    },
    typesOf: async () => (await world.records()).map(({ command }) => command.type),
    budget: (task: string) => world.board.state.budgets.get(task),
  };
  return world;
}

/** Apply a log record by record, looking at the state before and after each. */
function replay(
  records: readonly LogRecord[],
  look: (record: LogRecord, outcome: Outcome, state: BoardState) => void,
  before: (record: LogRecord, state: BoardState) => void = () => undefined,
): BoardState {
  const state = createBoardState(sha256);
  for (const record of records) {
    before(record, state);
    look(record, apply(state, record).outcome, state);
  }
  return state;
}

const open = (task: string, timeZone: string, every: "hour" | "day" | "week" | "month", rollover = false): Command => ({
  type: "budget.open",
  task,
  limitTokens: 1000,
  window: { every, timeZone, rollover },
});
const charge = (task: string, tokens: number): Command => ({ type: "budget.charge", task, tokens });

describe("windows of budgets", () => {
  it("begin by a record as soon as there is one, and at every boundary without anybody asking", async () => {
    const world = createWorld();
    await world.open();
    await world.do(open("t", "Europe/Berlin", "day"));
    await world.run(10);
    expect(world.budget("t")?.account?.window).toEqual(windowAt({ every: "day", timeZone: "Europe/Berlin" }, START));
    await world.do(charge("t", 700));
    // Saturday, the Sunday of 23 hours, Monday.
    await world.run(3 * DAY);
    const resets = (await world.records()).flatMap(({ command }) =>
      command.type === "budget.reset" ? command.resets : [],
    );
    expect(resets.map(({ startsAt, endsAt }) => (endsAt - startsAt) / HOUR)).toEqual([24, 24, 23, 24]);
    expect(world.budget("t")?.usedTokens).toBe(0);
    expect(world.budget("t")?.account?.everTokens).toBe(700);
    await world.board.close();
  });

  it("a reset that is due is in the log before a spend that came after the boundary, and after one that came before", async () => {
    const world = createWorld(Date.parse("2026-03-27T10:59:59.990Z"));
    await world.open();
    await world.do(open("t", "UTC", "hour"));
    await world.run(1);
    const before = world.submit({ type: "budget.reserve", task: "t", tokens: 1000, ttlMs: MINUTE });
    const tooMuch = world.submit({ type: "budget.reserve", task: "t", tokens: 1, ttlMs: MINUTE });
    // In the same turn of the event loop, so in the same group: only the wall clock has gone on.
    world.jump(20);
    const after = world.submit({ type: "budget.reserve", task: "t", tokens: 0, ttlMs: MINUTE });
    const charged = world.submit(charge("t", 30));
    await world.run(1);
    expect([(await before).ok, (await tooMuch).ok, (await after).ok, (await charged).ok]).toEqual([
      true,
      false,
      true,
      true,
    ]);
    const types = await world.typesOf();
    expect(types.slice(-5)).toEqual([
      "budget.reserve",
      "budget.reserve",
      "budget.reset",
      "budget.reserve",
      "budget.charge",
    ]);
    expect(world.budget("t")?.usedTokens).toBe(30);
    expect((await tooMuch).ok ? undefined : ((await tooMuch) as { detail?: object }).detail).toMatchObject({
      budget: "t",
      resetsAt: Date.parse("2026-03-27T11:00:00Z"),
    });
    await world.board.close();
  });

  it("that were missed while the server was away are jumped over by one record, before anything is served", async () => {
    const world = createWorld();
    await world.open();
    await world.do(open("a", "UTC", "hour", true));
    await world.do(open("b", "Asia/Kathmandu", "day"));
    await world.run(10);
    await world.do(charge("a", 400));
    await world.do({ type: "budget.reserve", task: "b", tokens: 7, ttlMs: MINUTE });
    const count = (await world.typesOf()).length;
    await world.board.close();
    await world.run(5 * DAY + 7 * HOUR);
    const opening = world.open();
    await world.run(0);
    await opening;
    const added = (await world.records()).slice(count).map(({ command }) => command);
    // The hold's time ran out, too: rule 6.
    expect(added.map(({ type }) => type)).toEqual(["budget.reset", "items.expire"]);
    const now = world.wall();
    expect(world.budget("a")?.account).toMatchObject({ window: windowAt({ every: "hour", timeZone: "UTC" }, now) });
    expect(world.budget("a")?.account?.carriedTokens).toBe(600);
    expect(world.budget("b")?.account).toMatchObject({ heldTokens: 0, holds: 0 });
    expect(world.budget("b")?.account?.window?.startsAt).toBe(
      windowAt({ every: "day", timeZone: "Asia/Kathmandu" }, now).startsAt,
    );
    await world.board.close();
  });

  it("of a time zone that this runtime does not know are not begun, said once, and begun when the zone is mended", async () => {
    const world = createWorld();
    await world.open();
    await world.do(open("t", "Mars/Olympus", "day"));
    await world.run(DAY);
    expect(world.notices).toHaveLength(1);
    expect(world.notices[0]).toContain('"t"');
    await world.do({ type: "budget.change", task: "t", window: { every: "day", timeZone: "UTC", rollover: false } });
    await world.run(10);
    expect(world.budget("t")?.account?.window).toEqual(windowAt({ every: "day", timeZone: "UTC" }, world.wall()));
    expect(world.notices).toHaveLength(1);
    await world.board.close();
  });

  it.each([true, false])(
    "rule 5: a reset whose write failed is in front of what was sent behind it, once (kept: %s)",
    async (kept) => {
      let failing = false;
      const world = createWorld(START, (memory) => {
        const { log } = memory;
        const health = { writable: false as const, reason: "I/O error" };
        const failingLog = Object.create(log, {
          health: { get: () => (failing ? health : log.health) },
          append: {
            value: async (drafts: Parameters<typeof log.append>[0]) => {
              if (!failing) return log.append(drafts);
              if (kept) await log.append(drafts);
              throw new LogError("indeterminate", "I/O error");
            },
          },
          read: { value: log.read.bind(log) },
        }) as typeof log;
        return { ...memory, log: failingLog };
      });
      await world.open();
      await world.do(open("t", "UTC", "hour"));
      await world.do(charge("t", 900));
      world.jump(HOUR);
      const lost = world.submit({ type: "budget.reserve", task: "t", tokens: 800, ttlMs: HOUR }, "r");
      failing = true;
      await world.run(5);
      expect(await lost).toMatchObject({ ok: false, code: "indeterminate" });
      failing = false;
      await world.run(1000);
      const again = await world.do({ type: "budget.reserve", task: "t", tokens: 800, ttlMs: HOUR });
      const retried = await world
        .submit({ type: "budget.reserve", task: "t", tokens: 800, ttlMs: HOUR }, "r")
        .then((outcome) => outcome);
      expect([again.ok, retried.ok]).toEqual(kept ? [false, true] : [true, false]);
      const types = (await world.typesOf()).filter((type) => type.startsWith("budget."));
      expect(types.slice(0, 5)).toEqual([
        "budget.open",
        "budget.reset",
        "budget.charge",
        "budget.reset",
        "budget.reserve",
      ]);
      expect(types.filter((type) => type === "budget.reset")).toHaveLength(2);
      await world.board.close();
    },
  );

  it("hundreds of budgets share a few records", async () => {
    const world = createWorld();
    await world.open();
    for (let n = 0; n < 1200; n++) void world.submit(open(`t${n}`, "UTC", "hour"));
    await world.run(10);
    const count = (await world.typesOf()).length;
    await world.run(HOUR);
    const types = (await world.typesOf()).slice(count);
    expect(types).toEqual(["budget.reset", "budget.reset", "budget.reset"]);
    expect(world.notices).toEqual([]);
    await world.board.close();
  });
});

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("charge" as const), tokens: fc.integer({ min: 0, max: 500 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("reserve" as const), tokens: fc.integer({ min: 0, max: 500 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.constantFrom(1, 500, MINUTE, HOUR / 2, HOUR, 9 * HOUR, DAY),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("jump" as const),
      ms: fc.constantFrom(-2 * DAY, -HOUR, -10, 10, HOUR, 40 * DAY),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const), ms: fc.constantFrom(0, MINUTE, 3 * DAY) }) },
);
const scene = fc.record({
  start: fc.constantFrom(
    START,
    Date.parse("2026-10-24T20:00:00Z"),
    Date.parse("2018-11-03T20:00:00Z"),
    Date.parse("2011-12-29T05:00:00Z"),
    Date.parse("2028-02-28T22:00:00Z"),
  ),
  timeZone: fc.constantFrom("Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "Australia/Lord_Howe", "UTC"),
  every: fc.constantFrom("hour" as const, "day" as const, "week" as const, "month" as const),
  rollover: fc.boolean(),
  steps: fc.array(step, { minLength: 5, maxLength: 40 }),
});

describe("windows under clock jumps, daylight saving and restarts", () => {
  it("no spend is judged by a window that had ended when it came; none begins twice; what was spent is where it was spent", async () => {
    await fc.assert(
      fc.asyncProperty(scene, async ({ start, timeZone, every, rollover, steps }) => {
        const world = createWorld(start);
        await world.open();
        await world.do(open("top", timeZone, every, rollover));
        await world.do({ type: "budget.open", task: "leaf", parent: "top" });
        await world.run(1);
        for (const one of steps) {
          if (one.do === "wait") await world.run(one.ms);
          else if (one.do === "jump") world.jump(one.ms);
          else if (one.do === "restart") {
            await world.board.close();
            await world.run(one.ms);
            const opening = world.open();
            await world.run(0);
            await opening;
          } else if (one.do === "charge") void world.submit(charge("leaf", one.tokens));
          else void world.submit({ type: "budget.reserve", task: "leaf", tokens: one.tokens, ttlMs: MINUTE });
        }
        await world.run(1);
        let spent = 0;
        let lastStart = -1;
        const records = await world.records();
        const state = replay(
          records,
          (record, outcome, after) => {
            const { command } = record;
            const { account, usedTokens } = after.budgets.get("top") ?? {};
            if (command.type === "budget.charge" && outcome.ok) spent += command.tokens;
            if (command.type === "budget.reset") {
              expect(outcome.ok).toBe(true);
              expect(account?.window?.startsAt).toBeGreaterThan(lastStart);
              if (lastStart >= 0) spent = 0;
              lastStart = account?.window?.startsAt ?? 0;
            }
            if (usedTokens !== undefined) expect(usedTokens).toBe(spent);
          },
          ({ command, at }, before) => {
            const window = before.budgets.get("top")?.account?.window;
            if (window === undefined || (command.type !== "budget.charge" && command.type !== "budget.reserve")) return;
            expect(at).toBeLessThan(window.endsAt);
            // It is the calendar's, wherever the clock has not been set back.
            if (at >= window.startsAt) expect(windowAt({ every, timeZone }, at).endsAt).toBe(window.endsAt);
          },
        );
        expect(state.seq).toBe(world.board.state.seq);
        expect(world.notices).toEqual([]);
        await world.board.close();
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});

describe("rule 6: holds", () => {
  it("regression: leaked hold after a crash — one whose owner is gone frees itself by a record, running or right after a start", async () => {
    const world = createWorld();
    await world.open();
    await world.do({ type: "budget.open", task: "t", limitTokens: 100 });
    await world.do({ type: "budget.reserve", task: "t", tokens: 60, ttlMs: MINUTE });
    await world.do({ type: "budget.reserve", task: "t", tokens: 40, ttlMs: HOUR });
    expect((await world.do({ type: "budget.reserve", task: "t", tokens: 1, ttlMs: MINUTE })).ok).toBe(false);
    await world.run(MINUTE);
    expect(world.budget("t")?.account).toMatchObject({ heldTokens: 40, holds: 1 });
    expect((await world.typesOf()).at(-1)).toBe("items.expire");
    // The process is gone: nothing is closed, and nobody ends what is due.
    await world.board.close();
    await world.run(2 * HOUR);
    const opening = world.open();
    await world.run(0);
    const board = await opening;
    expect(board.state.budgets.get("t")?.account).toMatchObject({ heldTokens: 0, holds: 0 });
    expect((await world.records()).at(-1)?.command).toMatchObject({ type: "items.expire", items: [{ kind: "hold" }] });
    await world.board.close();
  });
});

describe("how long budgets will last", () => {
  it("law L6: however wild the spending, a budget is told of at most once in a minute, and a look writes at most 50 records", async () => {
    const world = createWorld();
    await world.open();
    await world.do({ ...open("t", "UTC", "hour"), limitTokens: 1_000_000 } as Command);
    for (let n = 0; n < 120; n++) void world.submit({ type: "budget.open", task: `n${n}`, limitTokens: 10_000 });
    await world.run(1);
    let random = 7;
    for (let n = 0; n < 900; n++) {
      random = (random * 48_271) % 2_147_483_647;
      void world.submit(charge("t", random % (n % 100 < 50 ? 3000 : 3)));
      if (n % 30 === 0) for (let m = 0; m < 120; m++) void world.submit(charge(`n${m}`, 40));
      await world.run(2000);
    }
    const lastOf = new Map<string, number>();
    const perLook = new Map<number, number>();
    for (const { command, clock } of await world.records()) {
      if (command.type !== "budget.project") continue;
      expect(clock - (lastOf.get(command.task) ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(MINUTE);
      lastOf.set(command.task, clock);
      perLook.set(clock, (perLook.get(clock) ?? 0) + 1);
    }
    expect(lastOf.size).toBe(121);
    expect(Math.max(...perLook.values())).toBe(50);
    await world.board.close();
  });

  it("a restart in the middle neither takes back what was told nor tells it again; what is over is taken back", async () => {
    const world = createWorld();
    await world.open();
    await world.do({ type: "budget.open", task: "t", limitTokens: 100_000, thresholds: [] });
    const burn = async (times: number) => {
      for (let n = 0; n < times; n++) {
        void world.submit(charge("t", 100));
        await world.run(10_000);
      }
    };
    const told = async () => (await world.typesOf()).filter((type) => type === "budget.project").length;
    const restart = async () => {
      await world.board.close();
      await world.run(1000);
      const opening = world.open();
      await world.run(0);
      await opening;
    };
    await burn(120);
    expect(world.budget("t")?.account?.exhaustsAt).toBeGreaterThan(0);
    await restart();
    await burn(120);
    expect(world.budget("t")?.account?.exhaustsAt).toBeGreaterThan(0);
    expect(world.board.state.alerts.size).toBe(1);
    await restart();
    const before = await told();
    await world.run(HOUR);
    expect(world.budget("t")?.account?.exhaustsAt).toBeUndefined();
    expect(await told()).toBe(before + 1);
    await world.board.close();
  });

  it("a branch that is moved below a budget is no spend of it", async () => {
    const world = createWorld();
    await world.open();
    await world.do({ type: "budget.open", task: "t", limitTokens: 1_000_000, thresholds: [] });
    await world.do({ type: "budget.open", task: "old" });
    for (let n = 0; n < 60; n++) {
      void world.submit(charge("t", 1));
      await world.run(10_000);
    }
    await world.do(charge("old", 900_000));
    await world.do({ type: "budget.move", task: "old", parent: "t" });
    await world.run(HOUR);
    expect(world.budget("t")?.usedTokens).toBe(900_060);
    expect(await world.typesOf()).not.toContain("budget.project");
    await world.board.close();
  });

  it("a wall clock that jumps makes no rate", async () => {
    const world = createWorld();
    await world.open();
    await world.do({ ...open("t", "UTC", "day"), limitTokens: 100_000 } as Command);
    for (let n = 0; n < 40; n++) {
      void world.submit(charge("t", 100));
      await world.run(3 * MINUTE);
      if (n === 20) world.jump(-5 * HOUR);
    }
    expect(await world.typesOf()).not.toContain("budget.project");
    await world.board.close();
  });
});
