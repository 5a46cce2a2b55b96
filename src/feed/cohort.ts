// Owns what is told to all who ask the same under the same name: one answer per position, made once (L4).
// Does not own members, rates or bytes (server/live). `F` is what the near end makes of a page's text.

import type { AuditNote, ResetReason } from "../protocol/index.ts";
import type { BoardFeed } from "./board-feed.ts";
import type { PrefixKeys } from "./prefix-keys.ts";
import { notesKeptAfter, type Page, type PastNotes, syncPages } from "./sync-pages.ts";
import type { View } from "./view.ts";
import type { WindowView } from "./window-view.ts";

/** Where a replica stands. */
export interface Stand {
  readonly from: number;
  readonly reset: ResetReason | undefined;
  /** The version of the window's rows that it holds; 0 for none. */
  readonly rows: number;
  /**
   * It was told a sync of this subscription, so that it holds what patches refer to. Not after a resume: a client that
   * cannot apply a patch comes back with its cursor, and must not get the same patch again (W-SYNC-8).
   */
  readonly isLive: boolean;
}

/** An answer of several frames under way. Ends with the version of the window's rows that it left behind, if it has one. */
export interface Pages<F> {
  next(): IteratorResult<F, number | void>;
  /** Give up what is left: whoever does not pull all of it calls this. */
  return(): void;
}

export type Answer<F> =
  /** Nothing that it sees has changed. */
  | { readonly kind: "nothing" }
  /** All of it; the replica then stands at `to`. */
  | { readonly kind: "frames"; readonly frames: readonly F[]; readonly to: number; readonly rows: number }
  /** Too much to make at once: to be pulled as the client takes it, or given up. */
  | { readonly kind: "pages"; readonly pages: Pages<F> }
  /** Notes have to be fetched from disk first: those of positions above `from`. */
  | { readonly kind: "notes"; readonly from: number }
  /** The order of the rows is still being built, or the keys of a prefix are looked for. */
  | { readonly kind: "wait" };

/** Answers of at most so many UTF-16 units are made at once and shared. */
const MAX_AT_ONCE_UNITS = 1_048_576;
/** Answers that are kept for others who stand at the same place; at either bound all are let go. */
const MAX_KEPT_ANSWERS = 256;
const MAX_KEPT_UNITS = 16 * 1_048_576;
/** An answer is handed out again, although the board has moved on by so many records since: the next one says the rest. */
const MAX_RECORDS_BEHIND = 2000;
/** Shorter answers are cheaper to make anew than to say the rest. */
const MIN_REUSED_UNITS = 16_384;

interface Kept<F> {
  readonly answer: Extract<Answer<F>, { readonly kind: "frames" | "nothing" }>;
  readonly head: number;
  readonly units: number;
}

interface Last<F> {
  readonly answer: Kept<F>["answer"];
  readonly head: number;
  readonly rows: number;
  readonly stand: Stand;
}

const isSame = (a: Stand, b: Stand): boolean =>
  a.from === b.from && a.reset === b.reset && a.rows === b.rows && a.isLive === b.isLive;

export interface CohortOptions<F> {
  readonly feed: BoardFeed;
  readonly view: View;
  readonly sub: string;
  readonly window: WindowView | undefined;
  /** Look for the keys of the view's prefix; undefined where there is no need to. */
  readonly lookUp?: (() => PrefixKeys | undefined) | undefined;
  readonly wrap: (page: Page) => F;
  readonly noteText: (note: AuditNote) => string;
}

export class Cohort<F> {
  readonly view: View;
  readonly sub: string;
  readonly #options: CohortOptions<F>;
  readonly #kept = new Map<string, Kept<F>>();
  #keptUnits = 0;
  #prefixKeys: PrefixKeys | undefined;
  #last: Last<F> | undefined;
  #quiet: { readonly from: number; readonly to: number; readonly frame: F } | undefined;
  readonly #past = new Map<number, PastNotes>();

  constructor(options: CohortOptions<F>) {
    this.#options = options;
    this.view = options.view;
    this.sub = options.sub;
  }

  /** What a replica that stands there has to be told now. */
  answer(stand: Stand): Answer<F> {
    const { feed, view, window } = this.#options;
    const { from, reset } = stand;
    if (window !== undefined && !window.isReady) return { kind: "wait" };
    const rows = window?.refresh() ?? 0;
    // In a flush nearly everyone stands at the same place.
    const last = this.#last;
    if (last !== undefined && last.head === feed.head && last.rows === rows && isSame(last.stand, stand))
      return last.answer;
    if (reset === undefined && from === feed.head && stand.rows === rows) return { kind: "nothing" };
    const name = `${reset ?? from} ${stand.rows} ${rows} ${stand.isLive}`;
    const kept = this.#kept.get(name);
    if (kept !== undefined && this.#stillGood(kept)) return kept.answer;
    // Those that were fetched a moment ago may not reach up to those in memory any more.
    if (reset === undefined && view.audit !== undefined && (this.#past.get(from)?.to ?? from) < notesKeptAfter(feed)) {
      return { kind: "notes", from };
    }
    if (reset !== undefined && this.#isLookingUp()) return { kind: "wait" };
    return this.#make(name, stand, rows);
  }

  /** The version of the rows that a mark stands for: the present one, or 0 for rows that are not there any more. */
  rowsMarked(mark: string): number {
    const { window } = this.#options;
    if (window === undefined || !window.isReady) return 0;
    const rows = window.refresh();
    return window.mark === mark ? rows : 0;
  }

  /** Stands for the rows of its window as they are now; empty without one. */
  get mark(): string {
    const { window } = this.#options;
    if (window === undefined || !window.isReady) return "";
    window.refresh();
    return window.mark;
  }

  /** Notes from disk for everyone who stands at `from`; they are used for the next answers and then let go. */
  putPast(from: number, past: PastNotes): void {
    this.#past.set(from, past);
  }

  /** A sync without streams: the replica is as good as the board at `to` (W-BEAT-3). */
  quiet(from: number, to: number): F {
    const last = this.#quiet;
    if (last !== undefined && last.from === from && last.to === to) return last.frame;
    const frame = this.#options.wrap({ params: `{"sub":"${this.sub}","from":${from},"to":${to}}`, to });
    this.#quiet = { from, to, frame };
    return frame;
  }

  /** Everyone has been served: let go of what nobody will ask for again. */
  settle(): void {
    this.#past.clear();
    // From now on the keys are in order, which takes no look at all of them.
    if (this.#options.feed.byKey !== undefined) this.#prefixKeys = undefined;
    for (const [name, kept] of this.#kept) {
      if (this.#stillGood(kept)) continue;
      this.#kept.delete(name);
      this.#keptUnits -= kept.units;
    }
  }

  /** Stop listening to what its window is made of. */
  close(): void {
    this.#options.window?.close();
  }

  #stillGood({ answer, head, units }: Kept<F>): boolean {
    const behind = this.#options.feed.head - head;
    if (behind === 0) return true;
    if (answer.kind === "nothing" || this.#options.window !== undefined) return false;
    return units >= MIN_REUSED_UNITS && behind <= MAX_RECORDS_BEHIND;
  }

  /** Whether the keys that a snapshot holds are still being looked for. */
  #isLookingUp(): boolean {
    const { feed, lookUp } = this.#options;
    this.#prefixKeys = feed.byKey === undefined ? (this.#prefixKeys ?? lookUp?.()) : undefined;
    return this.#prefixKeys?.isReady === false;
  }

  #make(name: string, { from, reset, rows: heldRows, isLive }: Stand, rows: number): Answer<F> {
    const { feed, view, window, wrap, noteText } = this.#options;
    const prefixKeys = this.#prefixKeys;
    const pages = syncPages({
      feed,
      view,
      sub: this.sub,
      from,
      reset,
      patches: isLive,
      keys: prefixKeys === undefined ? undefined : () => prefixKeys.now(),
      past: reset === undefined ? this.#past.get(from) : undefined,
      window: window === undefined ? undefined : () => window.textsFrom(reset === undefined ? heldRows : 0),
      noteText,
    });
    const frames: F[] = [];
    let units = 0;
    let to: number | undefined;
    // Not for…of: leaving that loop would end the generator, and the rest is pulled later.
    for (let next = pages.next(); next.done !== true; next = pages.next()) {
      frames.push(wrap(next.value));
      units += next.value.params.length;
      ({ to } = next.value);
      if (units > MAX_AT_ONCE_UNITS) return { kind: "pages", pages: goOn(frames, pages, wrap) };
    }
    const answer: Kept<F>["answer"] = to === undefined ? { kind: "nothing" } : { kind: "frames", frames, to, rows };
    this.#keep(name, { answer, head: feed.head, units });
    // A copy: the caller's stand moves on.
    this.#last = { answer, head: feed.head, rows, stand: { from, reset, rows: heldRows, isLive } };
    return answer;
  }

  #keep(name: string, kept: Kept<F>): void {
    this.#keptUnits += kept.units - (this.#kept.get(name)?.units ?? 0);
    if (this.#kept.size >= MAX_KEPT_ANSWERS || this.#keptUnits > MAX_KEPT_UNITS) {
      this.#kept.clear();
      this.#keptUnits = kept.units;
    }
    this.#kept.set(name, kept);
  }
}

/**
 * The pages that are made already, and then the rest as they are pulled. No generator: one that is given up before it began
 * would not end the rest, which listens to the feed.
 */
function goOn<F>(made: readonly F[], rest: Generator<Page, void, void>, wrap: (page: Page) => F): Pages<F> {
  let told = 0;
  return {
    next() {
      const ready = told < made.length ? made[told++] : undefined;
      if (ready !== undefined) return { done: false, value: ready };
      const next = rest.next();
      return next.done === true ? next : { done: false, value: wrap(next.value) };
    },
    return() {
      told = made.length;
      rest.return();
    },
  };
}
