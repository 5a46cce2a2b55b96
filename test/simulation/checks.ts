// Owns the verdict on a scenario that has come to rest: every replica is the board, every note was told or its loss was, every command
// that was acknowledged happened once. Does not own what is checked on the way (watch, socket-door, scenario).

import { type BoardState, digestOf, nextExpiry } from "../../src/board/index.ts";
import { sameJson } from "./same.ts";
import { SwarmboardError } from "../../src/client/problem.ts";
import type { Engine } from "../../src/engine/index.ts";
import type { AuditFilter } from "../../src/protocol/index.ts";
import { AUDIT_TAIL_COUNT } from "../../src/protocol/limits.ts";
import { codeOf, type Actor, type Issued } from "./actor.ts";
import type { Chronicle, ToldNote } from "./chronicle.ts";
import type { Disk } from "./disk.ts";
import { baseName, type Snapshot } from "./hearing.ts";
import { brief, type Watch } from "./watch.ts";

export interface CheckOptions {
  readonly engine: Engine;
  readonly disk: Disk;
  readonly actors: readonly Actor[];
  readonly nowMs: number;
  /** No connection fell silent. */
  readonly isAudible: boolean;
  readonly wrong: (what: string) => void;
}

/** What has expired is ended within this. */
const EXPIRY_MS = 1000;

export async function checkAll({ engine, disk, actors, nowMs, isAudible, wrong }: CheckOptions): Promise<void> {
  for (const name of engine.list()) {
    const board = await engine.board(name);
    const chronicle = disk.chroniclesOf(name).at(-1);
    if (board === undefined || chronicle === undefined) continue;
    const dueAt = nextExpiry(board.state) ?? Infinity;
    if (dueAt < board.clockNow() - EXPIRY_MS) wrong(`${name}: something is overdue for ${board.clockNow() - dueAt} ms`);
    if (digestOf(board.state) !== digestOf(chronicle.state))
      wrong(`${name}: the state is not the fold of the log (L2): ${board.state.seq} and ${chronicle.state.seq}`);
    checkHolds(board.state, (what) => wrong(`${name}: ${what}`));
  }
  for (const actor of actors) {
    for (const watch of actor.watches)
      checkWatch(watch, actor, disk, (what) => wrong(`${actor.name} ${watch.name}: ${what}`));
    if (isAudible) for (const issued of actor.issued) checkPatience(issued, wrong);
    for (const issued of actor.issued)
      checkCommand(issued, disk, nowMs, (what) => wrong(`${actor.name} ${issued.id} ${issued.command.type}: ${what}`));
  }
}

/** What a budget holds is the sum of the open holds in it and below it (L8). */
export function checkHolds({ budgets, holds }: BoardState, wrong: (what: string) => void): void {
  const sums = new Map<string, { holds: number; heldTokens: number; heldNanoUsd: number }>();
  for (const { state, task, tokens, nanoUsd = 0 } of holds.values()) {
    if (state !== "open") continue;
    for (let at: string | undefined = task; at !== undefined; at = budgets.get(at)?.terms?.parent) {
      const sum = sums.get(at) ?? { holds: 0, heldTokens: 0, heldNanoUsd: 0 };
      sums.set(at, {
        holds: sum.holds + 1,
        heldTokens: sum.heldTokens + tokens,
        heldNanoUsd: sum.heldNanoUsd + nanoUsd,
      });
    }
  }
  for (const [task, { account }] of budgets) {
    const { holds: count = 0, heldTokens = 0, heldNanoUsd = 0 } = account ?? {};
    const told = { holds: count, heldTokens, heldNanoUsd };
    const sum = sums.get(task) ?? { holds: 0, heldTokens: 0, heldNanoUsd: 0 };
    if (!sameJson(told, sum)) wrong(`the budget ${task} says ${brief(told)}, and its holds are ${brief(sum)} (L8)`);
  }
}

function checkWatch(watch: Watch, actor: Actor, disk: Disk, wrong: (what: string) => void): void {
  const { sub, board } = watch;
  const chronicle = disk.chroniclesOf(board).at(-1);
  if (chronicle === undefined) return;
  if (sub.condition.problem !== undefined) return wrong(`is refused: ${String(sub.condition.problem)}`);
  if (sub.position.epoch !== chronicle.epoch) return wrong("stands in another epoch");
  // A poll that waits says nothing of what it does not see.
  if (sub.position.seq !== chronicle.state.seq && !actor.isWithoutSockets)
    wrong(`stands at ${sub.position.seq}, and the board at ${chronicle.state.seq} (W-BEAT-3)`);
  watch.isQuiet = true;
  watch.hides = () => false;
  watch.compareAll(chronicle, chronicle.state.seq);
  for (const entry of sub.entries) if (entry.pending) wrong(`an echo of ${entry.key} is left`);
  const { audit, entries } = watch.filter;
  const atMost = (entries !== undefined && "atMost" in entries ? entries.atMost : undefined) ?? Infinity;
  const { over } = sub.entries;
  if (over !== undefined && over <= atMost) wrong(`is told that ${over} are more than ${atMost} (W-SUB-2)`);
  if (audit !== undefined)
    checkNotes(
      watch,
      chronicle,
      { ...audit, tail: audit.tail ?? 0 },
      actor.hearing.snapshots.get(baseName(sub.name)),
      wrong,
    );
  return undefined;
}

const meets = ({ event, agent, granted }: AuditFilter, note: ToldNote): boolean =>
  (event === undefined || note.event === event) &&
  (agent === undefined || note.agent === agent) &&
  (granted === undefined || note.granted === granted);

/** Every note of the filter after the snapshot once, in order, but for the gaps that were told of (L5, W-SYNC-10). */
function checkNotes(
  watch: Watch,
  { notes }: Chronicle,
  filter: AuditFilter,
  snapshots: readonly Snapshot[] = [],
  wrong: (what: string) => void,
): void {
  const { notes: shown, missed, total } = watch.sub.audit;
  const told = shown.map(({ seq, note }) => `${seq} ${String(note["reason"])}`);
  let best = "no snapshot was heard of";
  for (const { from, to, isPaged } of snapshots) {
    const inMemory = notes.filter(({ seq }) => seq <= to).slice(-AUDIT_TAIL_COUNT);
    const before = inMemory.filter((note) => meets(filter, note));
    // Those that came while its pages did are told however few were asked for; how many, only the server knows.
    const least = Math.max(Math.min(filter.tail, before.length), before.filter(({ seq }) => seq > from).length);
    const count = isPaged ? Math.max(least, shown.filter(({ seq }) => seq <= to).length) : least;
    const tail = before.slice(before.length - count);
    const due = [...tail, ...notes.filter((note) => note.seq > to && meets(filter, note))];
    best = compareNotes(told, due, missed) ?? "";
    // Those that came while its pages did, and that memory let go again before the last one, are named as a gap.
    const isLost = (note: ToldNote): boolean => note.seq > from && note.seq <= to && !inMemory.includes(note);
    const lost = best !== "" && isPaged ? notes.filter((note) => isLost(note) && meets(filter, note)) : [];
    if (lost.length > 0) best = compareNotes(told, [...lost, ...due], missed) ?? "";
    if (best === "") break;
  }
  if (best !== "") wrong(`notes: ${best} (snapshots ${brief(snapshots)}; gaps ${brief(missed)})`);
  if (total !== notes.length && shown.at(-1)?.seq === notes.at(-1)?.seq)
    wrong(`notes: ${total} in all, of ${notes.length}`);
}

function compareNotes(
  told: readonly string[],
  due: readonly ToldNote[],
  missed: Watch["sub"]["audit"]["missed"],
): string | undefined {
  let at = 0;
  const left = missed.map(({ count }) => count);
  for (const { seq, reason } of due) {
    if (told[at] === `${seq} ${reason}`) {
      at++;
      continue;
    }
    const gap = missed.findIndex(({ from, to }) => seq > from && seq <= to);
    if (gap < 0) return `${seq} ${reason} is missing; ${told[at] ?? "nothing"} is there`;
    left[gap] = (left[gap] as number) - 1;
  }
  if (at < told.length) return `${told[at]} is told too often, or out of order`;
  const odd = left.findIndex((count) => count !== 0);
  return odd < 0 ? undefined : `a gap says ${missed[odd]?.count}, which is ${left[odd]} too many`;
}

const PATIENCE_MS = 20_000;

/** A command goes again with each connection, so it is answered long before it is given up. */
function checkPatience({ actor, id, atMs, answers }: Issued, wrong: (what: string) => void): void {
  const [first] = answers;
  if (first === undefined || first.ok || first.atMs - atMs < PATIENCE_MS) return;
  if (first.error instanceof SwarmboardError && first.error.detail.startsWith("No answer in time"))
    wrong(`${actor} ${id} is given up after ${Math.round(first.atMs - atMs)} ms, although nothing fell silent`);
}

/** Settled; if acknowledged, then applied once, as it was told; if surely refused, not at all (L9). */
function checkCommand(issued: Issued, disk: Disk, nowMs: number, wrong: (what: string) => void): void {
  const { actor, id, board, answers, open, atMs, isTwice } = issued;
  if (open > 0) wrong(`has no answer after ${Math.round(nowMs - atMs)} ms`);
  const chronicles = disk.chroniclesOf(board);
  const effects = chronicles.map((one) =>
    one.outcomesOf(actor, id).filter(({ ok, duplicate }) => ok && duplicate !== true),
  );
  for (const [i, made] of effects.entries())
    if (made.length > 1) wrong(`is applied ${made.length} times in epoch ${i + 1}`);
  for (const answer of answers) {
    const those = chronicles.map((one, i) => ({ one, made: effects[i] ?? [] }));
    // An answer may be of an epoch that was lost while it travelled, but not of one that ended before the command began.
    const possible = those.filter(({ one }) => one.toMs >= atMs && one.fromMs <= answer.atMs);
    if (answer.ok) {
      const { seq, made, parts } = answer.result;
      const said = { seq, made, ...(parts === undefined ? {} : { parts }) };
      const isTrue = possible.some(({ made }) =>
        made.some(
          (one) =>
            one.ok &&
            sameJson(said, {
              seq: one.seq,
              made: clean(one.made),
              ...(one.parts === undefined ? {} : { parts: one.parts.map(clean) }),
            }),
        ),
      );
      if (!isTrue) wrong(`is acknowledged with ${brief(said)}, and the log has ${brief(effects)}`);
      continue;
    }
    const { error } = answer;
    if (!(error instanceof SwarmboardError)) wrong(`ends with ${String(error)}`);
    else if (
      error.command?.maybeApplied !== true &&
      possible.some(({ one, made }) => one.toMs > answer.atMs && made.length > 0) &&
      answers.length === 1 &&
      !isTwice
    )
      wrong(`is refused with ${codeOf(error)}, not applied, and is applied`);
  }
}

/** Without members that are undefined, as JSON has it. */
const clean = (made: object): object =>
  Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined));
