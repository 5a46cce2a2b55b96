// Owns a board's cohorts: who asks the same under the same name, and for how long a cohort lives. Does not own telling them.

import { type BoardFeed, Cohort, type Page, type RowSources, type View, WindowView } from "../../feed/index.ts";
import { Refusal } from "../problem.ts";
import { auditText } from "../views/audit-text.ts";
import { Frame } from "./frame.ts";
import { KeyInterest } from "./key-interest.ts";
import type { Member } from "./member.ts";
import type { LiveTimers } from "./timers.ts";

/** The rows of a window that was polled are kept for so long, so that the next poll need not put them in order again. */
const LINGER_MS = 3000;

const wrap = ({ params, to }: Page): Frame => new Frame("sync", params, to);

/** Whether only changes of certain keys concern it. */
export const isNarrow = (view: View): view is View & { readonly keys: readonly string[] } =>
  view.keys !== undefined && view.streams.length === 0 && view.audit === undefined;

export class Cohorts {
  /** Whom single keys concern. */
  readonly interest = new KeyInterest<Cohort<Frame>>();
  readonly #feed: BoardFeed;
  readonly #sources: RowSources;
  readonly #timers: LiveTimers;
  readonly #cohorts = new Map<string, Cohort<Frame>>();
  readonly #members = new Map<Cohort<Frame>, Set<Member>>();
  #isClosed = false;

  constructor(feed: BoardFeed, sources: RowSources, timers: LiveTimers) {
    this.#feed = feed;
    this.#sources = sources;
    this.#timers = timers;
  }

  close(): void {
    this.#isClosed = true;
    for (const cohort of this.#cohorts.values()) cohort.close();
  }

  /** @throws Refusal `overloaded` where a window's order cannot be kept besides the others */
  of(sub: string, view: View): Cohort<Frame> {
    const name = `${sub} ${view.canonical}`;
    let cohort = this.#cohorts.get(name);
    if (cohort === undefined) {
      const feed = this.#feed;
      const rows = view.window === undefined ? undefined : this.#sources.open(view.window);
      if (view.window !== undefined && rows === undefined)
        throw new Refusal("overloaded", {
          detail: "Too many searches and orders by last change are open on this board.",
        });
      const window =
        view.window === undefined || rows === undefined ? undefined : new WindowView(feed, view.window, rows);
      const lookUp = view.prefix === "" ? undefined : () => this.#sources.lookUp(view.prefix);
      cohort = new Cohort({ feed, view, sub, window, lookUp, wrap, noteText: auditText });
      this.#cohorts.set(name, cohort);
      if (isNarrow(view)) this.interest.add(view.keys, cohort);
    }
    return cohort;
  }

  /** Without a trace of a cohort that has ended meanwhile. */
  membersIn(cohort: Cohort<Frame>): Iterable<Member> {
    return this.#members.get(cohort) ?? [];
  }

  membersOf(cohort: Cohort<Frame>): Set<Member> {
    let members = this.#members.get(cohort);
    if (members === undefined) {
      members = new Set();
      this.#members.set(cohort, members);
    }
    return members;
  }

  /** A cohort that nobody is in any more ends: at once, or for a polled window after a while. */
  leave(member: Member, cohort: Cohort<Frame>): void {
    const members = this.membersOf(cohort);
    members.delete(member);
    if (member.isPoll && cohort.view.window !== undefined)
      this.#timers.after(LINGER_MS, () => this.#dropIfLeft(cohort));
    else this.#dropIfLeft(cohort);
  }

  #dropIfLeft(cohort: Cohort<Frame>): void {
    if (this.#isClosed || this.#members.get(cohort)?.size !== 0) return;
    this.#members.delete(cohort);
    this.#cohorts.delete(`${cohort.sub} ${cohort.view.canonical}`);
    if (isNarrow(cohort.view)) this.interest.remove(cohort.view.keys, cohort);
    cohort.close();
  }
}
