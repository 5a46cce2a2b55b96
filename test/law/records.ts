// Owns how tests of the law make records, and a portrait of a state that equal states share.
// Does not own any expectation.

import { createHash } from "node:crypto";
import fc from "fast-check";
import { boardOf } from "../../src/board/board.ts";
import type { BoardState } from "../../src/board/index.ts";
import {
  type Command,
  commandId,
  type JsonText,
  type LogRecord,
  seq,
  type SingleCommand,
} from "../../src/protocol/index.ts";

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export interface Sent {
  readonly command: Command;
  readonly actor?: string;
  readonly source?: string;
  readonly id?: string;
  readonly at?: number;
  readonly clock?: number;
}

/** 2026-11-22T20:00Z, the wall time of a test's first record. */
export const START = 1_795_377_600_000;

/** A record as the log would give it: its hash commits to actor, id and content. */
export function recordOf(position: number, sent: Sent): LogRecord {
  const actor = sent.actor ?? "ann";
  const id = sent.id ?? `id-${position}`;
  return {
    seq: seq(position),
    at: sent.at ?? START + position,
    clock: sent.clock ?? position,
    id: commandId(id),
    actor,
    source: sent.source ?? "http",
    hash: createHash("sha256")
      .update(JSON.stringify([actor, id, sent.command]))
      .digest("base64url"),
    command: sent.command,
  };
}

export const recordsOf = (sent: readonly Sent[]): LogRecord[] => sent.map((one, i) => recordOf(i + 1, one));

const sorted = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

/** Everything that a state holds, in an order of its own. */
export function portrait(state: BoardState): unknown {
  const board = boardOf(state);
  const { columns, texts, forgottenIssuedAt } = board.ids;
  const ids = Array.from({ length: columns.count }, (_, i) => {
    const at = (columns.head + i) & (columns.capacity - 1);
    const keys = [columns.keyLow[at], columns.keyHigh[at], columns.printLow[at], columns.printHigh[at]];
    return [
      ...keys,
      columns.seqs[at],
      columns.clocks[at],
      columns.issued[at],
      columns.revs[at],
      columns.ttls[at],
      columns.tags[at],
    ];
  });
  return structuredClone({
    facts: [board.seq, board.clock, board.rules, board.revFloor, forgottenIssuedAt, board.digest.settled().toHex()],
    sums: [board.usedTokens, board.limitTokens, board.usedNanoUsd],
    counts: [board.finishedRequests, board.freeClaims, board.endedHolds],
    entries: sorted(board.entries),
    tombstones: sorted(board.tombstones),
    budgets: sorted(board.budgets),
    claims: sorted(board.claims),
    requests: sorted(board.requests),
    agents: sorted(board.agents),
    tasks: sorted(board.tasks),
    sources: sorted(board.sources),
    holds: sorted(board.holds),
    alerts: sorted(board.alerts),
    pauses: sorted(board.pauses),
    paces: sorted(board.paces),
    children: sorted(board.children).map(([parent, names]) => [parent, [...names].sort()]),
    marks: sorted(board.marks).map(([source, marks]) => [source, sorted(marks)]),
    markSeqs: sorted(board.markSeqs).map(([source, seqs]) => [source, sorted(seqs)]),
    activity: sorted(board.activity),
    audit: board.audit,
    ids,
    texts: [...texts].sort(([a], [b]) => a - b),
  });
}

/** Few names, so that commands meet; among them those that pollute prototypes, empty-looking and non-ASCII ones. */
export const names = fc.constantFrom("a", "b", "__proto__", "constructor", "toString", "ключ/🐝", "x\u0000y");
export const actors = fc.constantFrom("ann", "bob", "__proto__", "follow:ws");
export const texts = fc.json({ maxDepth: 3 }).map((text) => JSON.stringify(JSON.parse(text)) as JsonText);
const small = fc.nat({ max: 6 });
const tokens = fc.oneof(fc.nat({ max: 1000 }), fc.constantFrom(0, Number.MAX_SAFE_INTEGER));
const ttlMs = fc.integer({ min: 1, max: 20 });
const wallTime = fc.integer({ min: 0, max: 2 ** 42 });
const prose = fc.string({ maxLength: 12 });

/** A command of one type: given members always, optional ones now and then. */
function command(type: SingleCommand["type"], always: object, sometimes: object = {}): fc.Arbitrary<SingleCommand> {
  return fc
    .tuple(
      fc.record(always as Record<string, fc.Arbitrary<unknown>>),
      fc.record(sometimes as Record<string, fc.Arbitrary<unknown>>, { requiredKeys: [] }),
    )
    .map(([required, optional]) => Object.assign(required, optional, { type }) as unknown as SingleCommand);
}

const condition = fc.oneof(fc.record({ rev: small }), fc.constant({ absent: true }));

const holds = fc.nat({ max: 60 }).map((n) => `h${n}`);
const scopes = fc.constantFrom("board", "task", "agent");
const usage = fc.record({ input: small, output: small, cacheRead: small }, { requiredKeys: [] });
const spend = { tokens, nanoUsd: tokens, usage, unpriced: fc.constant(true), operation: names };
const terms = {
  limitNanoUsd: tokens,
  policy: fc.constantFrom("hard", "soft", "overdraft"),
  overdraftTokens: tokens,
  overdraftNanoUsd: tokens,
  unknownModel: fc.constantFrom("deny", "tokensOnly"),
  window: fc.record({
    every: fc.constantFrom("hour", "day"),
    timeZone: fc.constant("UTC"),
    rollover: fc.boolean(),
  }),
  thresholds: fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 3 }),
  maxHolds: fc.integer({ min: 1, max: 3 }),
  maxReserveTokens: tokens,
  maxReserveNanoUsd: tokens,
  rate: fc.record({ reservesPerMinute: fc.integer({ min: 1, max: 5 }) }),
  ratePerAgent: fc.record({ tokensPerMinute: fc.integer({ min: 1, max: 5000 }) }),
};
const openTerms = { parent: names, ...terms };
const changedTerms = Object.fromEntries(Object.entries(terms).map(([name, term]) => [name, fc.option(term as never)]));

export const singles: fc.Arbitrary<SingleCommand> = fc.oneof(
  {
    weight: 4,
    arbitrary: command("entry.put", { key: names, value: texts }, { ttlMs, if: condition, by: names, at: wallTime }),
  },
  { weight: 3, arbitrary: command("entry.merge", { key: names, patch: texts }, { ttlMs, if: condition }) },
  { weight: 3, arbitrary: command("entry.delete", { key: names }, { if: condition, owned: fc.constant(true) }) },
  {
    weight: 4,
    arbitrary: command("budget.open", { task: names }, { limitTokens: tokens, description: prose, ...openTerms }),
  },
  command("budget.change", { task: names }, { limitTokens: fc.option(tokens), description: prose, ...changedTerms }),
  command("budget.move", { task: names, parent: fc.option(names) }),
  {
    weight: 5,
    arbitrary: command(
      "budget.reserve",
      { task: names, ttlMs },
      { tokens, nanoUsd: tokens, usage, unpriced: fc.constant(true), agent: names, model: names, operation: names },
    ),
  },
  { weight: 3, arbitrary: command("hold.settle", { hold: holds }, { ...spend, model: names }) },
  { weight: 2, arbitrary: command("hold.extend", { hold: holds, ttlMs }, spend) },
  command("hold.release", { hold: holds }, { reason: prose }),
  command("pause.set", { scope: scopes }, { name: names, reason: prose }),
  { weight: 2, arbitrary: command("pause.clear", { scope: scopes }, { name: names }) },
  command("alert.acknowledge", { alert: fc.nat({ max: 60 }).chain((n) => fc.constantFrom(`a${n}.0`, `a${n}.1`)) }),
  command("budget.reset", {
    resets: fc.array(
      fc
        .record({
          task: names,
          from: fc.constantFrom(0, 1, 5, 9),
          startsAt: fc.nat({ max: 9 }),
          length: fc.nat({ max: 5 }),
        })
        .map(({ task, from, startsAt, length }) => ({ task, from, startsAt, endsAt: startsAt + length })),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  command("budget.project", { task: names, exhaustsAt: fc.option(wallTime) }),
  command("budget.limit", { task: names, limitTokens: tokens }),
  {
    weight: 2,
    arbitrary: command(
      "budget.charge",
      { task: names, tokens },
      { ...spend, tokens, agent: names, model: names, reason: prose },
    ),
  },
  command("budget.close", { task: names }),
  command(
    "budget.mirror",
    { task: names, limitTokens: tokens, usedTokens: tokens },
    { exhausted: fc.boolean(), openedAt: wallTime, updatedAt: wallTime },
  ),
  command("budget.unmirror", { task: names }),
  { weight: 2, arbitrary: command("claim.acquire", { claim: names, ttlMs }) },
  command("claim.renew", { claim: names, fence: fc.nat({ max: 60 }), ttlMs }),
  command("claim.release", { claim: names, fence: fc.nat({ max: 60 }) }),
  {
    weight: 2,
    arbitrary: command(
      "request.open",
      { request: names, kind: fc.constantFrom("permission", "change"), subject: names },
      { agent: names, reason: prose, ttlMs, details: texts, at: wallTime },
    ),
  },
  command(
    "request.decide",
    { request: names, decision: fc.constantFrom("granted", "denied") },
    { reason: prose, grantedUntil: wallTime },
  ),
  command("request.close", { request: names }, { reason: prose }),
  command(
    "agent.report",
    { agent: names },
    {
      seenAt: wallTime,
      state: fc.option(prose),
      task: fc.option(names),
      trust: fc.option(fc.constantFrom(0, 0.25, 1)),
      namespaces: fc.array(names, { maxLength: 3 }),
    },
  ),
  command("task.report", { task: names }, { status: fc.option(prose), details: texts, at: wallTime }),
  {
    weight: 2,
    arbitrary: command(
      "audit.note",
      { event: names },
      { agent: names, resource: names, granted: fc.boolean(), reason: prose, at: wallTime, details: texts },
    ),
  },
  command(
    "source.report",
    { source: names, state: fc.constantFrom("ok", "stale", "missing", "error") },
    { paused: fc.boolean(), detail: prose },
  ),
  command("source.mark", { source: names, marks: fc.array(fc.tuple(names, fc.option(prose)), { maxLength: 4 }) }),
  command("rules.change", { version: fc.integer({ min: 1, max: 2 }) }),
  {
    weight: 2,
    arbitrary: command("items.expire", {
      items: fc.array(
        fc.record({
          kind: fc.constantFrom("entry", "claim", "request", "hold"),
          name: fc.oneof(names, holds),
          rev: fc.nat({ max: 60 }),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
  },
);

export const commands: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: singles },
  {
    weight: 1,
    arbitrary: fc
      .array(singles, { minLength: 1, maxLength: 5 })
      .map((all) => ({ type: "batch" as const, commands: all })),
  },
);

/** Records with a clock that never goes back, ids that repeat now and then, and any wall time. */
export const logs = (maxLength = 60): fc.Arbitrary<LogRecord[]> =>
  fc
    .tuple(
      fc.constantFrom(1, 2, 2, 2),
      fc.array(
        fc.record(
          {
            command: commands,
            actor: actors,
            source: fc.constantFrom("http", "system", "follow:ws", "follow:other"),
            id: fc.constantFrom("one", "two", "019aad10-0000-7000-8000-000000000001"),
            at: fc.integer({ min: START - 1e9, max: START + 1e9 }),
            pause: fc.nat({ max: 8 }),
          },
          { requiredKeys: ["command", "actor", "source", "at", "pause"] },
        ),
        { minLength: 1, maxLength },
      ),
    )
    .map(([rules, steps]) => {
      let clock = 0;
      const sent = steps.map(({ pause, ...one }): Sent => ({ ...one, clock: (clock += pause) }));
      // As the engine begins a board, most of the time.
      return recordsOf(rules === 1 ? sent : [{ command: { type: "rules.change", version: 2 }, clock: 0 }, ...sent]);
    });
