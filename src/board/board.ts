// Owns the state of a board as the fold changes it: maps, the running digest, timers and the way back out of a batch.
// Does not own any verdict: see rules-1/. Every change goes through one of the setters, so that digest, timers, totals
// and undo can never disagree with the maps. No behaviour depends on the order of a map.

import {
  type Agent,
  type Alert,
  type AuditNote,
  type Budget,
  type Claim,
  type Hold,
  type Pause,
  type Request,
  seq,
  type Source,
  type Task,
} from "../protocol/index.ts";
import { IdWindow } from "./ids.ts";
import type { ItemOf, Kind } from "./kinds.ts";
import type { Pace } from "./paces.ts";
import { itemLine, markLine, tombstoneLine } from "./lines.ts";
import { type KeptEntry, RunningDigest } from "./running-digest.ts";
import type { BoardState, Sha256 } from "./state.ts";
import { type Timer, Timers } from "./timers.ts";

export interface Tombstone {
  readonly rev: number;
  readonly seq: number;
}

export interface Mark {
  readonly value: string;
  /** Record that wrote it last. */
  readonly seq: number;
}

/** Changed in place: one per writer, once per record. */
export interface Activity {
  readonly name: string;
  lastAt: number;
  writes: number;
  seq: number;
}

/** Stale timers that are kept before a rebuild pays, besides as many as there are live ones. */
const TIMER_SLACK = 64;

export class Board implements BoardState {
  readonly sha256: Sha256;
  seq = seq(0);
  clock = 0;
  /** Every board begins with rules 1, and its first record says which follow. */
  rules = 1;
  readonly entries = new Map<string, KeptEntry>();
  readonly budgets = new Map<string, Budget>();
  readonly claims = new Map<string, Claim>();
  readonly requests = new Map<string, Request>();
  readonly agents = new Map<string, Agent>();
  readonly tasks = new Map<string, Task>();
  readonly sources = new Map<string, Source>();
  readonly holds = new Map<string, Hold>();
  readonly alerts = new Map<string, Alert>();
  readonly pauses = new Map<string, Pause>();
  readonly paces = new Map<string, Pace>();
  readonly marks = new Map<string, Map<string, string>>();
  readonly audit: { notes: AuditNote[]; total: number } = { notes: [], total: 0 };
  readonly activity = new Map<string, Activity>();

  readonly ids = new IdWindow();
  /** Revisions of deleted keys, so that a key's revision never repeats (rule 13). */
  readonly tombstones = new Map<string, Tombstone>();
  /** Highest revision among the tombstones that were dropped: a key without history starts above it. */
  revFloor = 0;
  /** When each mark was written, for dropping the oldest. */
  readonly markSeqs = new Map<string, Map<string, number>>();
  /** Sums over the budgets without a parent, kept within 2^53-1 so that every total is exact (law L8, rule 3). */
  usedTokens = 0;
  limitTokens = 0;
  usedNanoUsd = 0;
  /** Names of the budgets right below each parent. */
  readonly children = new Map<string, Set<string>>();
  /** Holds that have ended and are remembered, for late settlements. */
  endedHolds = 0;
  /** Requests that are not open, and claims that nobody holds. */
  finishedRequests = 0;
  freeClaims = 0;

  /** Multiset hash over entries, tombstones, marks and every kind of item. */
  readonly digest: RunningDigest;
  readonly timers = new Timers();
  #liveTimers = 0;
  #undo: (() => void)[] | undefined = undefined;

  constructor(sha256: Sha256) {
    this.sha256 = sha256;
    this.digest = new RunningDigest(sha256, this.entries);
  }

  /** A writer's name as the string that is kept already, if it is known: thousands of entries share it. */
  writerName(name: string): string {
    return this.activity.get(name)?.name ?? name;
  }

  /** `before` is what is there now. Hot: no closure is made, and no place looked up again, unless a batch runs. */
  setEntry(key: string, before: KeptEntry | undefined, next: KeptEntry | undefined): void {
    this.digest.entryChanged(before, next);
    if (before !== undefined && before.expiresAtClock !== Number.POSITIVE_INFINITY) this.#liveTimers--;
    if (next === undefined) this.entries.delete(key);
    else {
      this.entries.set(key, next);
      if (next.expiresAtClock !== Number.POSITIVE_INFINITY) this.#time("entry", key, next.rev, next.expiresAtClock);
    }
    if (this.#undo !== undefined) this.#undoEntry(this.#undo, key, before, next);
  }

  /** Put an entry of a snapshot into an empty place. The digest comes with the snapshot. */
  restoreEntry(entry: KeptEntry): void {
    this.entries.set(entry.key, entry);
    this.#time("entry", entry.key, entry.rev, entry.expiresAtClock);
  }

  setTombstone(key: string, next: Tombstone | undefined): void {
    const before = this.tombstones.get(key);
    if (before !== undefined) this.digest.subtract(tombstoneLine(key, before.rev, before.seq));
    if (next === undefined) this.tombstones.delete(key);
    else {
      this.tombstones.set(key, next);
      this.digest.add(tombstoneLine(key, next.rev, next.seq));
    }
    this.#undo?.push(() => this.setTombstone(key, before));
  }

  setBudget(name: string, next: Budget | undefined): void {
    const before = this.budgets.get(name);
    this.#count(before, -1);
    this.#count(next, 1);
    if (before?.terms?.parent !== next?.terms?.parent) {
      this.#adopt(before?.terms?.parent, next?.terms?.parent, name);
    }
    this.#put("budgets", this.budgets, name, before, next);
    this.#undo?.push(() => this.setBudget(name, before));
  }

  setClaim(name: string, next: Claim | undefined): void {
    const before = this.claims.get(name);
    if (before !== undefined && before.holder === undefined) this.freeClaims--;
    if (next !== undefined && next.holder === undefined) this.freeClaims++;
    if (before !== undefined && before.expiresAtClock !== Number.POSITIVE_INFINITY) this.#liveTimers--;
    this.#put("claims", this.claims, name, before, next);
    if (next !== undefined) this.#time("claim", name, next.fence, next.expiresAtClock);
    this.#undo?.push(() => this.setClaim(name, before));
  }

  setHold(name: string, next: Hold | undefined): void {
    const before = this.holds.get(name);
    if (before !== undefined && before.state !== "open") this.endedHolds--;
    if (next !== undefined && next.state !== "open") this.endedHolds++;
    if (before !== undefined && before.expiresAtClock !== Number.POSITIVE_INFINITY) this.#liveTimers--;
    this.#put("holds", this.holds, name, before, next);
    if (next !== undefined) this.#time("hold", name, next.seq, next.expiresAtClock);
    this.#undo?.push(() => this.setHold(name, before));
  }

  setAlert(name: string, next: Alert | undefined): void {
    const before = this.alerts.get(name);
    this.#put("alerts", this.alerts, name, before, next);
    this.#undo?.push(() => this.setAlert(name, before));
  }

  setPause(name: string, next: Pause | undefined): void {
    const before = this.pauses.get(name);
    this.#put("pauses", this.pauses, name, before, next);
    this.#undo?.push(() => this.setPause(name, before));
  }

  setPace(name: string, next: Pace | undefined): void {
    const before = this.paces.get(name);
    this.#put("paces", this.paces, name, before, next);
    this.#undo?.push(() => this.setPace(name, before));
  }

  setRequest(name: string, next: Request | undefined): void {
    const before = this.requests.get(name);
    if (before !== undefined && before.state !== "open") this.finishedRequests--;
    if (next !== undefined && next.state !== "open") this.finishedRequests++;
    if (before !== undefined && before.expiresAtClock !== Number.POSITIVE_INFINITY) this.#liveTimers--;
    this.#put("requests", this.requests, name, before, next);
    if (next !== undefined) this.#time("request", name, next.seq, next.expiresAtClock);
    this.#undo?.push(() => this.setRequest(name, before));
  }

  setAgent(name: string, next: Agent | undefined): void {
    const before = this.agents.get(name);
    this.#put("agents", this.agents, name, before, next);
    this.#undo?.push(() => this.setAgent(name, before));
  }

  setTask(name: string, next: Task | undefined): void {
    const before = this.tasks.get(name);
    this.#put("tasks", this.tasks, name, before, next);
    this.#undo?.push(() => this.setTask(name, before));
  }

  setSource(name: string, next: Source | undefined): void {
    const before = this.sources.get(name);
    this.#put("sources", this.sources, name, before, next);
    this.#undo?.push(() => this.setSource(name, before));
  }

  /** A source without marks has no map, so that state does not depend on what was there once. */
  setMark(source: string, name: string, next: Mark | undefined): void {
    const before = this.markOf(source, name);
    if (before !== undefined) this.digest.subtract(markLine(source, name, before.value, before.seq));
    const values = this.marks.get(source) ?? new Map<string, string>();
    const seqs = this.markSeqs.get(source) ?? new Map<string, number>();
    if (next === undefined) {
      values.delete(name);
      seqs.delete(name);
    } else {
      values.set(name, next.value);
      seqs.set(name, next.seq);
      this.digest.add(markLine(source, name, next.value, next.seq));
    }
    if (values.size === 0) {
      this.marks.delete(source);
      this.markSeqs.delete(source);
    } else {
      this.marks.set(source, values);
      this.markSeqs.set(source, seqs);
    }
    this.#undo?.push(() => this.setMark(source, name, before));
  }

  /** Likewise a mark. */
  restoreMark(source: string, name: string, mark: Mark): void {
    const values = this.marks.get(source) ?? new Map<string, string>();
    const seqs = this.markSeqs.get(source) ?? new Map<string, number>();
    this.marks.set(source, values.set(name, mark.value));
    this.markSeqs.set(source, seqs.set(name, mark.seq));
  }

  markOf(source: string, name: string): Mark | undefined {
    const value = this.marks.get(source)?.get(name);
    if (value === undefined) return undefined;
    return { value, seq: this.markSeqs.get(source)?.get(name) ?? 0 };
  }

  /** The tail is trimmed after the record, outside of any batch, so that a note can be taken back. */
  addNote(note: AuditNote): void {
    this.audit.notes.push(note);
    this.audit.total++;
    this.#undo?.push(() => {
      this.audit.notes.pop();
      this.audit.total--;
    });
  }

  setRules(version: number): void {
    const before = this.rules;
    this.rules = version;
    this.#undo?.push(() => this.setRules(before));
  }

  /** Run `step`; if it does not succeed, every change that it made is taken back. */
  atomically(step: () => boolean): void {
    const undo: (() => void)[] = [];
    this.#undo = undo;
    const succeeded = step();
    this.#undo = undefined;
    if (succeeded) return;
    for (let takeBack = undo.pop(); takeBack !== undefined; takeBack = undo.pop()) takeBack();
  }

  /** Whether a timer's item is still there and still ends then. */
  stands(timer: Timer): boolean {
    switch (timer.kind) {
      case "entry": {
        const entry = this.entries.get(timer.name);
        return entry !== undefined && entry.rev === timer.rev && entry.expiresAtClock === timer.clock;
      }
      case "claim": {
        const claim = this.claims.get(timer.name);
        return claim !== undefined && claim.fence === timer.rev && claim.expiresAtClock === timer.clock;
      }
      case "request": {
        const request = this.requests.get(timer.name);
        return request !== undefined && request.seq === timer.rev && request.expiresAtClock === timer.clock;
      }
      case "hold": {
        const hold = this.holds.get(timer.name);
        return hold !== undefined && hold.seq === timer.rev && hold.expiresAtClock === timer.clock;
      }
      default:
        return timer.kind satisfies never;
    }
  }

  #count(budget: Budget | undefined, sign: 1 | -1): void {
    if (budget === undefined || budget.terms?.parent !== undefined) return;
    this.usedTokens += sign * budget.usedTokens;
    this.limitTokens += sign * (budget.limitTokens ?? 0);
    this.usedNanoUsd += sign * (budget.account?.everNanoUsd ?? 0);
  }

  #adopt(from: string | undefined, to: string | undefined, child: string): void {
    if (from !== undefined) {
      const siblings = this.children.get(from);
      siblings?.delete(child);
      if (siblings?.size === 0) this.children.delete(from);
    }
    if (to === undefined) return;
    const siblings = this.children.get(to);
    if (siblings === undefined) this.children.set(to, new Set([child]));
    else siblings.add(child);
  }

  #undoEntry(undo: (() => void)[], key: string, before: KeptEntry | undefined, next: KeptEntry | undefined): void {
    undo.push(() => this.setEntry(key, next, before));
  }

  #put<K extends Kind>(
    kind: K,
    map: Map<string, ItemOf[K]>,
    name: string,
    before: ItemOf[K] | undefined,
    next: ItemOf[K] | undefined,
  ): void {
    if (before !== undefined) this.digest.subtract(itemLine(kind, before));
    if (next === undefined) map.delete(name);
    else {
      map.set(name, next);
      this.digest.add(itemLine(kind, next));
    }
  }

  #time(kind: Timer["kind"], name: string, rev: number, clock: number): void {
    if (clock === Number.POSITIVE_INFINITY) return;
    this.#liveTimers++;
    this.timers.push({ clock, kind, name, rev });
    // An undone change leaves its timer behind, and a changed item its old one: bounded to twice the live ones.
    if (this.timers.size > 2 * this.#liveTimers + TIMER_SLACK) this.timers.rebuild((timer) => this.stands(timer));
  }
}

/** The state of a board without records. */
export function createBoardState(sha256: Sha256): BoardState {
  return new Board(sha256);
}

/** The changeable side of a state. Throws TypeError for a state that this folder did not make. */
export function boardOf(state: BoardState): Board {
  if (!(state instanceof Board)) throw new TypeError("not a state made by createBoardState or readSnapshot");
  return state;
}
