// Owns what clients do in a scenario: random commands and random subscriptions, over few names, so that they meet.
// Does not own budgets (spending), or when (actor). Values go from a digit to more than a page of a sync.

import type { SendableBatch, SendableCommand } from "../../src/client/commands.ts";
import type { FilterInput } from "../../src/protocol/wire/filter.ts";
import type { Chance } from "./chance.ts";
import { type Known, spendingCommand, TASKS } from "./spending.ts";

export interface Habits {
  /** Keys of each prefix. */
  readonly keys: number;
  readonly largeValues: number;
  /** Values beyond a page, in percent. */
  readonly hugeValues: number;
  readonly ttls: number;
  /** How often it is about budgets; 6 for entries. */
  readonly spending: number;
}

const PREFIXES = ["a:", "task:", "ключ/🐝"] as const;
const EVENTS = ["permission_request", "handoff"] as const;

export function keyOf(chance: Chance, { keys }: Habits): string {
  return chance.pick(PREFIXES) + chance.int(0, keys - 1);
}

function textOf(chance: Chance, units: number): string {
  return `${chance.int(0, 1e9)} ${chance.pick(["x", "é", '"', "🐝"]).repeat(units)}`;
}

export function valueOf(chance: Chance, habits: Habits): unknown {
  if (chance.percent(habits.hugeValues))
    return { n: chance.int(0, 9), huge: textOf(chance, chance.int(50_000, 150_000)) };
  if (chance.percent(habits.largeValues)) {
    const fields = Array.from({ length: 8 }, (_, i) => [`f${i}`, textOf(chance, chance.int(100, 900))]);
    return { n: chance.int(0, 9), ...Object.fromEntries(fields) };
  }
  return chance.pick<() => unknown>([
    () => chance.int(0, 99),
    () => textOf(chance, chance.int(0, 30)),
    () => null,
    () => [1, "2", { three: [true] }],
    () => ({ n: chance.int(0, 9), status: chance.pick(["open", "done"]), inner: { a: 1, b: chance.int(0, 9) } }),
    () => 12_345_678_901_234_567_890n,
    () => ({}),
  ])();
}

function patchOf(chance: Chance): unknown {
  return chance.pick<() => unknown>([
    () => ({ n: chance.int(0, 9) }),
    () => ({ [`f${chance.int(0, 7)}`]: textOf(chance, 20) }),
    () => ({ [`f${chance.int(0, 7)}`]: null }),
    () => ({ inner: { b: chance.int(0, 9), c: null } }),
    () => ({ status: "merged", added: textOf(chance, 5) }),
    () => "whole",
  ])();
}

function noteOf(chance: Chance): SendableCommand {
  return {
    type: "audit.note",
    event: chance.pick(EVENTS),
    // Makes every note one of its kind.
    reason: `note ${chance.int(0, 2 ** 31)}`,
    ...(chance.percent(40) ? { agent: chance.pick(["agent-0", "agent-1"]) } : {}),
    ...(chance.percent(50) ? { granted: chance.percent(50) } : {}),
  };
}

function entryCommand(chance: Chance, habits: Habits): SendableCommand {
  const key = keyOf(chance, habits);
  const condition = chance.percent(20)
    ? { if: chance.percent(50) ? { absent: true as const } : { rev: chance.int(1, 6) } }
    : {};
  const ttl = chance.percent(habits.ttls) ? { ttlMs: chance.int(1, 8000) } : {};
  return chance.among<SendableCommand>([
    [5, () => ({ type: "entry.put", key, value: valueOf(chance, habits), ...ttl, ...condition })],
    [4, () => ({ type: "entry.merge", key, patch: patchOf(chance), ...ttl, ...condition })],
    [2, () => ({ type: "entry.delete", key, ...condition })],
  ]);
}

function otherCommand(chance: Chance): SendableCommand {
  const task = chance.pick(TASKS);
  const name = `n${chance.int(0, 3)}`;
  return chance.pick<() => SendableCommand>([
    () => ({ type: "claim.acquire", claim: name, ttlMs: chance.int(1, 10_000) }),
    () => ({ type: "claim.renew", claim: name, fence: chance.int(0, 30), ttlMs: chance.int(1, 5000) }),
    () => ({ type: "claim.release", claim: name, fence: chance.int(0, 30) }),
    () => ({ type: "request.open", request: name, kind: "permission", subject: "disk", ttlMs: chance.int(1, 9000) }),
    () => ({ type: "request.decide", request: name, decision: chance.pick(["granted", "denied"]) }),
    () => ({ type: "request.close", request: name }),
    () => ({ type: "agent.report", agent: `agent-${chance.int(0, 3)}`, state: chance.pick(["busy", null]) }),
    () => ({ type: "task.report", task, status: textOf(chance, 2), details: { step: chance.int(0, 9) } }),
  ])();
}

export function commandOf(chance: Chance, habits: Habits, known: Known): SendableCommand | SendableBatch {
  const one = (): SendableCommand =>
    chance.among([
      [6, () => entryCommand(chance, habits)],
      [2, () => noteOf(chance)],
      [2, () => otherCommand(chance)],
      [habits.spending, () => spendingCommand(chance, known)],
    ]);
  if (!chance.percent(8)) return one();
  return { type: "batch", commands: Array.from({ length: chance.int(1, 6) }, one) };
}

/** More notes at once than memory keeps, or than are told of one absence. */
export function stormOf(chance: Chance, count: number): SendableBatch {
  return { type: "batch", commands: Array.from({ length: count }, () => noteOf(chance)) };
}

/** Enough entries for a snapshot of several pages. */
export function loadOf(chance: Chance, habits: Habits, count: number, units: number): SendableBatch {
  const commands = Array.from({ length: count }, (_, i) => {
    const key = chance.pick(PREFIXES) + String(habits.keys + i).padStart(5, "0");
    return { type: "entry.put" as const, key, value: textOf(chance, chance.int(1, units)) };
  });
  return { type: "batch", commands };
}

export function filterOf(chance: Chance, habits: Habits): FilterInput {
  const prefix = chance.pick<string>(PREFIXES);
  const audit = {
    audit: {
      tail: chance.pick([0, 0, 5, 1000]),
      ...(chance.percent(40) ? { event: chance.pick(EVENTS) } : {}),
      ...(chance.percent(20) ? { agent: "agent-0" } : {}),
      ...(chance.percent(20) ? { granted: true } : {}),
    },
  };
  const spending = { budgets: true, holds: true, alerts: true, pauses: true } as const;
  const items = { ...spending, agents: true, tasks: true, requests: true, claims: true, sources: true } as const;
  const keys = (): string[] => Array.from({ length: chance.int(1, 6) }, () => keyOf(chance, habits));
  return chance.among<FilterInput>([
    [3, () => ({ entries: {}, ...items, ...audit })],
    [2, () => ({ entries: { prefix }, ...(chance.percent(30) ? audit : {}) })],
    [1, () => ({ entries: { prefix, atMost: chance.pick([0, 3, 8, 1000]) } })],
    [2, () => ({ entries: { keys: keys() } })],
    [4, () => ({ entries: { window: windowOf(chance, habits) }, ...(chance.percent(20) ? { budgets: true } : {}) })],
    [3, () => audit],
    [2, () => spending],
    [2, () => ({ budgets: true, claims: true, agents: true, ...(chance.percent(50) ? { tasks: true } : {}) })],
  ]);
}

function windowOf(chance: Chance, habits: Habits) {
  return {
    sort: chance.pick(["key", "changed"] as const),
    ...placeOf(chance, habits),
    ...(chance.percent(40) ? { prefix: chance.pick<string>(PREFIXES) } : {}),
    ...(chance.percent(15) ? { search: String(chance.int(0, 9)) } : {}),
  };
}

export function placeOf(chance: Chance, { keys }: Habits): { from: number; count: number } {
  return { from: chance.percent(40) ? 0 : chance.int(0, keys * 3), count: chance.int(1, 25) };
}
