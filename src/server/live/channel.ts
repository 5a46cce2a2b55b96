// Owns one board's audience: its feed, the cohorts that ask the same, and telling them what changed, each at its rate.
// Does not own sessions or bytes. Invariant: a member is told syncs that join on to one another, and nothing that it is
// behind for is forgotten: whoever cannot take more now is served from where it stands, later (laws L3 and L5).

import type { BoardHandle } from "../../engine/contract.ts";
import {
  type AppliedRecord,
  type Answer,
  BoardFeed,
  type Cohort,
  type PastNotes,
  RowSources,
  type RowSourcesHost,
  type View,
} from "../../feed/index.ts";
import type { ResetReason } from "../../protocol/index.ts";
import { Cohorts, isNarrow } from "./cohorts.ts";
import type { Frame } from "./frame.ts";
import { KeyCounts } from "./key-counts.ts";
import type { Listener, Member } from "./member.ts";
import { NoteFetches } from "./note-fetches.ts";
import { fetchPastNotes } from "./past-notes.ts";
import { Paces } from "./paces.ts";
import type { LiveTimers } from "./timers.ts";

export interface Asked {
  readonly sub: string;
  readonly view: View;
  readonly rateMs: number;
  /** Position of the replica and which rows it holds, or why it starts over. */
  readonly stand: { readonly from: number; readonly mark: string } | { readonly reset: ResetReason };
  /** A poll: the rows of a window that it holds are known by their mark. */
  readonly isPoll: boolean;
}

export interface ChannelOptions {
  readonly board: BoardHandle;
  readonly timers: LiveTimers;
  readonly host: RowSourcesHost;
  readonly fault: (error: unknown, board: string) => void;
}

/** Frames that many get, each as slowly as it takes them. Ends with the version of the window's rows. */
function* shared({
  frames,
  rows,
}: Extract<Answer<Frame>, { readonly kind: "frames" }>): Generator<Frame, number | void, void> {
  yield* frames;
  return rows;
}

export class Channel {
  readonly board: BoardHandle;
  readonly feed: BoardFeed;
  readonly counts = new KeyCounts((prefix) => this.#sources.countOf(prefix));
  readonly #options: ChannelOptions;
  readonly #sources: RowSources;
  readonly #cohorts: Cohorts;
  readonly #paces: Paces;
  readonly #fetches: NoteFetches;
  readonly #stopHearing: () => void;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.board = options.board;
    this.feed = new BoardFeed(options.board.state);
    this.#paces = new Paces(options.timers, (members) => this.#serveAll(members));
    this.#fetches = new NoteFetches({
      timers: options.timers,
      fault: (error) => options.fault(error, this.board.name),
      onAgain: () => this.#paces.wakeBroad(),
    });
    this.#sources = new RowSources(this.feed, options.host);
    this.#cohorts = new Cohorts(this.feed, this.#sources, options.timers);
    this.#sources.onChange(() => {
      this.#paces.wakeBroad();
      this.counts.tell();
    });
    this.#stopHearing = options.board.onApplied((group) => {
      this.feed.applied(group);
      this.#wake(group);
    });
  }

  get size(): number {
    return this.#paces.size;
  }

  /** Why a replica at that position has to start over, or undefined. */
  resetFor(epoch: string, from: number): ResetReason | undefined {
    if (epoch !== this.board.position.epoch) return "epoch";
    if (from > this.feed.head) return "ahead";
    return this.feed.reaches(from) ? undefined : "forgotten";
  }

  /** Attach; call `serve` next, in the same turn, and no change is lost or told twice (W-SUB-4). */
  join(listener: Listener, { sub, view, rateMs, stand, isPoll }: Asked): Member {
    const isReset = "reset" in stand;
    const member: Member = {
      listener,
      sub,
      rateMs,
      cohort: this.#cohorts.of(sub, view),
      from: isReset ? 0 : stand.from,
      reset: isReset ? stand.reset : undefined,
      isLive: false,
      rows: 0,
      isPoll,
      mark: isPoll && !isReset ? stand.mark : "",
      pages: undefined,
      pagesOf: undefined,
    };
    this.#enter(member);
    return member;
  }

  leave(member: Member): void {
    this.#paces.leave(member);
    member.pages?.return();
    member.pages = undefined;
    this.#cohorts.leave(member, member.cohort);
    this.#endMove(member);
  }

  /**
   * Another window for a member: the next sync tells it whole (rule 11). Pages under way go on to their end before, so
   * that nothing of them is told twice.
   */
  move(member: Member, view: View): void {
    const former = member.cohort;
    const cohort = this.#cohorts.of(member.sub, view);
    member.cohort = cohort;
    member.rows = 0;
    this.#cohorts.membersOf(cohort).add(member);
    if (member.pages !== undefined) member.pagesOf ??= former;
    // Only now, so that an order that both windows need is not built again.
    if (former !== cohort && former !== member.pagesOf) this.#cohorts.leave(member, former);
  }

  /** Tell a member everything that it is behind for, as far as it takes it. */
  serve(member: Member): void {
    try {
      this.#serve(member);
    } catch (error) {
      this.#failed(member, error);
    }
  }

  /** A fault in telling one ends that one: it resumes from where it stands; left alone it would seem to be up to date. */
  #failed({ listener }: Member, error: unknown): void {
    this.#options.fault(error, this.board.name);
    listener.fail();
  }

  #serve(member: Member): void {
    if (!member.listener.takes) return;
    if (member.pages !== undefined) return this.#pull(member, member.pages);
    if (member.mark !== "") member.rows = member.cohort.rowsMarked(member.mark);
    const answer = member.cohort.answer(member);
    switch (answer.kind) {
      case "nothing":
      case "wait":
        return;
      case "notes":
        this.#fetch(member.cohort, answer.from);
        return;
      case "pages":
        return this.#begin(member, answer.pages);
      case "frames": {
        // Hot: once per member and flush.
        const [only] = answer.frames;
        if (only === undefined || answer.frames.length > 1) return this.#begin(member, shared(answer));
        member.rows = answer.rows;
        this.#tell(member, only);
        if (answer.to !== this.feed.head) this.#catchUp(member);
        return;
      }
      default:
        answer satisfies never;
    }
  }

  /** The member takes more again. */
  resume(member: Member): void {
    if (member.pages !== undefined) this.serve(member);
    else this.#catchUp(member);
  }

  /** With a beat: whoever is only behind for what it does not see stands at the head again (W-BEAT-3). */
  keepYoung(member: Member): void {
    try {
      this.#keepYoung(member);
    } catch (error) {
      this.#failed(member, error);
    }
  }

  #keepYoung(member: Member): void {
    const { feed } = this;
    const { from, reset, pages, cohort, listener } = member;
    if (from === feed.head || reset !== undefined || pages !== undefined || !listener.takes) return;
    // Whoever asked for single keys is told of each change of theirs: nobody is looked through for it.
    const isQuiet = isNarrow(cohort.view) && !this.#paces.isDue(member);
    if (isQuiet) return this.#tell(member, cohort.quiet(from, feed.head));
    if (member.mark !== "") member.rows = cohort.rowsMarked(member.mark);
    const answer = cohort.answer(member);
    if (answer.kind === "nothing") this.#tell(member, cohort.quiet(from, feed.head));
    else if (answer.kind === "pages") answer.pages.return();
  }

  /** Whether there is nothing that the member sees and was not told. */
  isCurrent(member: Member): boolean {
    if (member.from !== this.feed.head || member.pages !== undefined) return false;
    try {
      const answer = member.cohort.answer(member);
      if (answer.kind === "pages") answer.pages.return();
      return answer.kind === "nothing";
    } catch (error) {
      this.#failed(member, error);
      return false;
    }
  }

  /** The board is gone. */
  dissolve(): void {
    for (const listener of this.#paces.listeners()) listener.boardGone(this.board.name);
  }

  close(): void {
    this.#stopHearing();
    this.#fetches.close();
    this.#paces.close();
    this.#cohorts.close();
    this.#sources.close();
    this.counts.close();
  }

  #enter(member: Member): void {
    this.#cohorts.membersOf(member.cohort).add(member);
    this.#paces.enter(member, isNarrow(member.cohort.view));
  }

  /** Wake those whom a group of records may concern. */
  #wake(group: readonly AppliedRecord[]): void {
    this.#paces.wakeBroad();
    if (this.#cohorts.interest.isEmpty) return;
    for (const { changes } of group) {
      for (const { type, name } of changes) {
        if (type === "entry.changed" || type === "entry.deleted") this.#wakeFor(name);
      }
    }
  }

  #wakeFor(key: string): void {
    for (const cohort of this.#cohorts.interest.in(key)) {
      for (const member of this.#cohorts.membersOf(cohort)) this.#paces.wake(member);
    }
  }

  #serveAll(members: ReadonlySet<Member>): void {
    const cohorts = new Set<Cohort<Frame>>();
    const held = new Set<Listener>();
    let last: Cohort<Frame> | undefined;
    for (const member of members) {
      const { listener, cohort } = member;
      if (listener.isManifold && !held.has(listener)) {
        listener.hold();
        held.add(listener);
      }
      this.serve(member);
      if (cohort !== last) cohorts.add(cohort);
      last = cohort;
    }
    for (const listener of held) listener.release();
    for (const cohort of cohorts) cohort.settle();
  }

  #begin(member: Member, pages: NonNullable<Member["pages"]>): void {
    member.pages = pages;
    this.#pull(member, pages);
  }

  /** As many pages as the member takes. */
  #pull(member: Member, pages: NonNullable<Member["pages"]>): void {
    const { listener } = member;
    listener.hold();
    try {
      while (listener.takes) {
        const next = pages.next();
        if (next.done === true) {
          member.pages = undefined;
          member.rows = member.pagesOf === undefined ? (next.value ?? 0) : 0;
          this.#endMove(member);
          break;
        }
        this.#tell(member, next.value);
      }
    } finally {
      listener.release();
    }
    if (member.pages === undefined) this.#catchUp(member);
  }

  #tell(member: Member, frame: Frame): void {
    member.listener.tell(member, frame);
    if (frame.to === undefined) return;
    member.from = frame.to;
    // Not before the last page: a first snapshot that is given up between two begins anew.
    member.reset = undefined;
    member.isLive = true;
  }

  /** An answer that others share may be of a moment ago, and the board moves on while pages are pulled. */
  #catchUp(member: Member): void {
    // The rows of a window change without a record too: it was moved, or a search has found more.
    const isWindow = member.cohort.view.window !== undefined;
    if (member.from !== this.feed.head || member.reset !== undefined || isWindow) this.#paces.wake(member);
  }

  #endMove(member: Member): void {
    const { pagesOf, cohort } = member;
    member.pagesOf = undefined;
    if (pagesOf !== undefined && pagesOf !== cohort) this.#cohorts.leave(member, pagesOf);
  }

  /** One fetch for all of a cohort that stand at the same place; then they are served. */
  #fetch(cohort: Cohort<Frame>, from: number): void {
    const { sub, view } = cohort;
    const { audit } = view;
    if (audit === undefined) return;
    const fetch = (): Promise<PastNotes> => fetchPastNotes(this.board, this.feed, audit, from);
    this.#fetches.begin(`${sub} ${view.canonical} ${from}`, fetch, (past) => {
      cohort.putPast(from, past);
      for (const member of this.#cohorts.membersIn(cohort)) {
        if (member.from !== from) continue;
        this.serve(member);
        // Where none of them is the filter's, the disk need not be asked again.
        this.keepYoung(member);
      }
      cohort.settle();
    });
  }
}
