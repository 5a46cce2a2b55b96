// Owns one board's audience: its feed, the cohorts that ask the same, and telling them what changed, each at its rate.
// Does not own sessions or bytes. Invariant: a member is told syncs that join on to one another, and nothing that it is
// behind for is forgotten: whoever cannot take more now is served from where it stands, later (laws L3 and L5).

import type { BoardHandle } from "../../engine/contract.ts";
import {
  BoardFeed,
  Cohort,
  type Page,
  RowSources,
  type RowSourcesHost,
  type View,
  WindowView,
} from "../../feed/index.ts";
import type { ResetReason } from "../../protocol/index.ts";
import { Refusal } from "../problem.ts";
import { auditText } from "../views/audit-text.ts";
import { Frame } from "./frame.ts";
import { createLane, type Lane } from "./lane.ts";
import type { Listener, Member } from "./member.ts";
import { fetchPastNotes } from "./past-notes.ts";
import type { LiveTimers } from "./timers.ts";

/** Before notes on disk are asked for again, where they could not be read. */
const RETRY_MS = 1000;
/** Boards above this size keep their keys in order for subscriptions to a prefix. */
const INDEXED_ENTRIES = 5000;

export interface Asked {
  readonly sub: string;
  readonly view: View;
  readonly rateMs: number;
  /** Position of the replica, or why it starts over. */
  readonly stand: { readonly from: number } | { readonly reset: ResetReason };
}

export interface ChannelOptions {
  readonly board: BoardHandle;
  readonly timers: LiveTimers;
  readonly host: RowSourcesHost;
  readonly fault: (error: unknown, board: string) => void;
}

const wrap = ({ params, to }: Page): Frame => new Frame("sync", params, to);

export class Channel {
  readonly board: BoardHandle;
  readonly feed: BoardFeed;
  readonly #options: ChannelOptions;
  readonly #sources: RowSources;
  readonly #cohorts = new Map<string, Cohort<Frame>>();
  readonly #members = new Map<Cohort<Frame>, Set<Member>>();
  readonly #lanes = new Map<number, { readonly lane: Lane; readonly members: Set<Member> }>();
  readonly #fetching = new Set<string>();
  readonly #stopHearing: () => void;
  #isClosed = false;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.board = options.board;
    this.feed = new BoardFeed(options.board.state);
    this.#sources = new RowSources(this.feed, options.host);
    this.#sources.onChange(() => this.#wakeAll());
    this.#stopHearing = options.board.onApplied((group) => {
      this.feed.applied(group);
      this.#wakeAll();
    });
  }

  get size(): number {
    let size = 0;
    for (const { members } of this.#lanes.values()) size += members.size;
    return size;
  }

  /** Why a replica at that position has to start over, or undefined. */
  resetFor(epoch: string, from: number): ResetReason | undefined {
    if (epoch !== this.board.position.epoch) return "epoch";
    if (from > this.feed.head) return "ahead";
    return this.feed.reaches(from) ? undefined : "forgotten";
  }

  /** Attach; call `serve` next, in the same turn, and no change is lost or told twice (W-SUB-4). */
  join(listener: Listener, { sub, view, rateMs, stand }: Asked): Member {
    const isReset = "reset" in stand;
    const member: Member = {
      listener,
      sub,
      rateMs,
      cohort: this.#cohortOf(sub, view),
      told: isReset ? 0 : stand.from,
      reset: isReset ? stand.reset : undefined,
      rows: 0,
      pages: undefined,
    };
    this.#enter(member);
    return member;
  }

  leave(member: Member): void {
    const lane = this.#lanes.get(member.rateMs);
    lane?.members.delete(member);
    if (lane?.members.size === 0) {
      lane.lane.close();
      this.#lanes.delete(member.rateMs);
    }
    this.#leaveCohort(member);
    member.pages?.return(undefined);
    member.pages = undefined;
  }

  /** Another window for a member: the next sync tells it whole (rule 11). */
  move(member: Member, view: View): void {
    const cohort = this.#cohortOf(member.sub, view);
    // Only now, so that an order that both windows need is not built again.
    if (cohort !== member.cohort) this.#leaveCohort(member);
    member.cohort = cohort;
    member.rows = 0;
    // A first snapshot that was under way starts over; another answer goes on from where the replica stood before it.
    if (member.pages !== undefined && member.told === 0) member.reset = "start";
    member.pages?.return(undefined);
    member.pages = undefined;
    this.#membersOf(cohort).add(member);
  }

  /** Tell a member everything that it is behind for, as far as it takes it. */
  serve(member: Member): void {
    const { listener } = member;
    if (!listener.takes) return;
    if (member.pages !== undefined) return this.#pull(member, member.pages);
    const { told, reset, rows } = member;
    const answer = member.cohort.answer({ from: told, reset, rows });
    switch (answer.kind) {
      case "nothing":
      case "wait":
        return;
      case "notes":
        this.#fetch(member.cohort, answer.from);
        return;
      case "pages":
        member.pages = answer.pages;
        member.rows = 0;
        member.reset = undefined;
        return this.#pull(member, answer.pages);
      case "frames": {
        const { frames } = answer;
        if (frames.length > 1) listener.hold();
        for (const frame of frames) listener.tell(member, frame);
        if (frames.length > 1) listener.release();
        member.told = answer.to;
        member.rows = answer.rows;
        member.reset = undefined;
        return;
      }
      default:
        answer satisfies never;
    }
  }

  /** The member takes more again. */
  resume(member: Member): void {
    if (member.pages !== undefined) return this.serve(member);
    // The rows of a window change without a record too: it was moved, or a search has found more.
    const isWindow = member.cohort.view.window !== undefined;
    if (member.told !== this.feed.head || member.reset !== undefined || isWindow)
      this.#lanes.get(member.rateMs)?.lane.wake();
  }

  /** With a beat: whoever is only behind for what it does not see stands at the head again (W-BEAT-3). */
  keepYoung(member: Member): void {
    const { feed } = this;
    const { told, reset, rows } = member;
    if (told === feed.head || reset !== undefined || member.pages !== undefined || !member.listener.takes) return;
    if (member.cohort.answer({ from: told, reset, rows }).kind !== "nothing") return;
    member.listener.tell(member, member.cohort.quiet(told, feed.head));
    member.told = feed.head;
  }

  /** The board is gone. */
  dissolve(): void {
    const listeners = new Set<Listener>();
    for (const { members } of this.#lanes.values()) for (const { listener } of members) listeners.add(listener);
    for (const listener of listeners) listener.boardGone(this.board.name);
  }

  close(): void {
    this.#isClosed = true;
    this.#stopHearing();
    for (const { lane } of this.#lanes.values()) lane.close();
    for (const cohort of this.#cohorts.values()) cohort.close();
    this.#sources.close();
  }

  #enter(member: Member): void {
    this.#membersOf(member.cohort).add(member);
    let lane = this.#lanes.get(member.rateMs);
    if (lane === undefined) {
      const members = new Set<Member>();
      lane = { members, lane: createLane(member.rateMs, this.#options.timers, () => this.#flush(members)) };
      this.#lanes.set(member.rateMs, lane);
    }
    lane.members.add(member);
  }

  #cohortOf(sub: string, view: View): Cohort<Frame> {
    const name = `${sub} ${view.canonical}`;
    let cohort = this.#cohorts.get(name);
    if (cohort === undefined) {
      const { feed } = this;
      // A part of a large board is told at the price of that part, once its keys are in order.
      if (view.prefix !== "" && feed.state.entries.size > INDEXED_ENTRIES) this.#sources.prepare();
      const rows = view.window === undefined ? undefined : this.#sources.open(view.window);
      if (view.window !== undefined && rows === undefined)
        throw new Refusal("overloaded", {
          detail: "Too many searches and orders by last change are open on this board.",
        });
      const window =
        view.window === undefined || rows === undefined ? undefined : new WindowView(feed, view.window, rows);
      cohort = new Cohort({ feed, view, sub, window, wrap, noteText: auditText });
      this.#cohorts.set(name, cohort);
    }
    return cohort;
  }

  #membersOf(cohort: Cohort<Frame>): Set<Member> {
    let members = this.#members.get(cohort);
    if (members === undefined) {
      members = new Set();
      this.#members.set(cohort, members);
    }
    return members;
  }

  #leaveCohort(member: Member): void {
    const { cohort } = member;
    const members = this.#membersOf(cohort);
    members.delete(member);
    if (members.size > 0) return;
    this.#members.delete(cohort);
    this.#cohorts.delete(`${member.sub} ${cohort.view.canonical}`);
    cohort.close();
  }

  #wakeAll(): void {
    for (const { lane } of this.#lanes.values()) lane.wake();
  }

  #flush(members: ReadonlySet<Member>): void {
    const cohorts = new Set<Cohort<Frame>>();
    const held = new Set<Listener>();
    for (const member of members) {
      const { listener } = member;
      if (listener.isManifold && !held.has(listener)) {
        listener.hold();
        held.add(listener);
      }
      try {
        this.serve(member);
      } catch (error) {
        this.#options.fault(error, this.board.name);
      }
      cohorts.add(member.cohort);
    }
    for (const listener of held) listener.release();
    for (const cohort of cohorts) cohort.settle();
  }

  #pull(member: Member, pages: Generator<Frame, void, void>): void {
    const { listener } = member;
    listener.hold();
    while (listener.takes) {
      const next = pages.next();
      if (next.done === true) {
        member.pages = undefined;
        break;
      }
      listener.tell(member, next.value);
      member.told = next.value.to ?? member.told;
    }
    listener.release();
    if (member.pages === undefined) this.resume(member);
  }

  /** One fetch for all of a cohort that stand at the same place; then they are served. */
  #fetch(cohort: Cohort<Frame>, from: number): void {
    const name = `${cohort.sub} ${cohort.view.canonical} ${from}`;
    const filter = cohort.view.audit;
    if (filter === undefined || this.#fetching.has(name)) return;
    this.#fetching.add(name);
    const { timers, fault } = this.#options;
    fetchPastNotes(this.board, this.feed, filter, from)
      .then((past) => {
        this.#fetching.delete(name);
        if (this.#isClosed) return;
        cohort.putPast(from, past);
        for (const member of this.#members.get(cohort) ?? []) if (member.told === from) this.serve(member);
        cohort.settle();
      })
      .catch((error: unknown) => {
        // The clients stay behind, and see that they do; nothing is left out.
        fault(error, this.board.name);
        timers.after(RETRY_MS, () => {
          this.#fetching.delete(name);
          if (!this.#isClosed) this.#wakeAll();
        });
      });
  }
}
