// Owns the records of the audit that the page holds: pages back into the past, and the live tail at their head.
// Does not own drawing or the filter's form. Invariant: rows are newest first without a hole; what waits behind a pause is counted.
//
//   set(filter) ──> loading ──page──> ready ──tick, board moved──> ready (rows at the head, or counted while paused)
//                      └──refused──> failed (rows before stay out; the tick tries again)
//
// The tail asks by short requests when the board moved, at most once a second: an open event stream would take one of the six
// connections that a browser has for all tabs of one server.

import { type AuditFilter, recordsQueryOf } from "../state/audit-filter.ts";
import type { ScreenStore } from "../state/screen-store.ts";
import { auditAddress, type AuditPage, type AuditRecord, readAuditPage, recordKey } from "./audit-pages.ts";

export interface AuditRows {
  /** Newest first. */
  readonly rows: readonly AuditRecord[];
  readonly phase: "loading" | "ready" | "failed";
  /** Why nothing new comes, in words. */
  readonly problem: string | undefined;
  /** Older ones can be had. */
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  /** The page holds as many as it may: older ones are for an export. */
  readonly isFull: boolean;
  readonly isPaused: boolean;
  /** New ones that a pause keeps back. */
  readonly waiting: number;
  /** There are more than `waiting`. */
  readonly isMoreWaiting: boolean;
}

export interface AuditFeed {
  readonly read: () => AuditRows;
  /** The tail runs while somebody listens. */
  readonly subscribe: (listener: () => void) => () => void;
  set(filter: AuditFilter): void;
  readonly more: () => void;
  setPaused(paused: boolean): void;
}

const FIRST_ROWS = 100;
const MORE_ROWS = 200;
/** Rows that the page holds; then no older ones are fetched, and new ones push out the oldest. */
const MOST_ROWS = 10_000;
/** New rows that are kept behind a pause; beyond, the way back is to load anew. */
const MOST_WAITING = 1000;
/** Pages in a row that may be empty before the reader is asked whether to look further. */
const MOST_EMPTY_PAGES = 8;
const TICK_MS = 1000;
/** Also when the page heard of no change, in ms: refused commands change nothing that it subscribes to. */
const ASK_ANYWAY_MS = 4000;
/** The last place that a record has (MOST_PARTS of the log): what comes after it is the next record. */
const LAST_PART = 16_383;

const EMPTY: AuditRows = {
  rows: [],
  phase: "loading",
  problem: undefined,
  hasMore: false,
  isLoadingMore: false,
  isFull: false,
  isPaused: false,
  waiting: 0,
  isMoreWaiting: false,
};

export interface AuditFeedOptions {
  readonly board: string;
  readonly store: ScreenStore;
}

export function createAuditFeed({ board, store }: AuditFeedOptions): AuditFeed {
  const listeners = new Set<() => void>();
  let state = EMPTY;
  let filter: AuditFilter = { kind: "events" };
  let waiting: AuditRecord[] = [];
  let epoch: string | undefined;
  /** Where the page before ended; undefined where there is none. */
  let older: string | undefined;
  /** Everything up to this place is in `rows` or `waiting`; undefined before the first page. */
  let tailAt: string | undefined;
  let stop = new AbortController();
  let isBusy = false;
  /** Older rows were asked for while something else was under way. */
  let wantsMore = false;
  let timer: ReturnType<typeof setInterval> | undefined;
  let askedSeq: number | undefined;
  let askedAtMs = 0;

  function change(part: Partial<AuditRows>): void {
    state = { ...state, ...part };
    for (const listener of listeners) listener();
  }
  const page = (query: Readonly<Record<string, string>>): Promise<AuditPage> =>
    readAuditPage(auditAddress(board, { ...recordsQueryOf(filter), ...query }), stop.signal);

  /** Runs alone; what a newer filter has overtaken changes nothing. */
  async function alone(work: () => Promise<void>): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    const { signal } = stop;
    try {
      await work();
    } catch (error) {
      if (signal.aborted) return;
      const problem = error instanceof Error && error.name !== "TimeoutError" ? error.message : "no answer in time";
      change({ problem, isLoadingMore: false, phase: state.phase === "loading" ? "failed" : state.phase });
    } finally {
      if (!signal.aborted) {
        isBusy = false;
        if (wantsMore) more();
      }
    }
  }

  /** Older rows than `older`; several pages where they are empty, as what is rare is looked for in steps. */
  async function back(limit: number): Promise<{ readonly rows: AuditRecord[]; readonly seq: number }> {
    const rows: AuditRecord[] = [];
    let seq = 0;
    for (let n = 0; n < MOST_EMPTY_PAGES && rows.length === 0; n++) {
      const found = await page({ limit: String(limit), ...(older === undefined ? {} : { after: older }) });
      if (n === 0) ({ seq } = found);
      ({ epoch } = found);
      rows.push(...found.records);
      older = found.next ?? undefined;
      if (older === undefined) break;
    }
    return { rows, seq };
  }

  const load = (): Promise<void> =>
    alone(async () => {
      older = undefined;
      const { rows, seq } = await back(FIRST_ROWS);
      tailAt = `${seq}.${LAST_PART}`;
      waiting = [];
      change({ ...EMPTY, isPaused: state.isPaused, rows, phase: "ready", hasMore: older !== undefined });
    });

  function begin(): void {
    stop.abort();
    stop = new AbortController();
    isBusy = false;
    wantsMore = false;
    tailAt = undefined;
    void load();
  }

  const tail = (): Promise<void> =>
    alone(async () => {
      const found = await page({ order: "oldest", limit: "200", after: tailAt ?? "0.0" });
      if (found.epoch !== epoch) return queueMicrotask(begin);
      tailAt = found.next ?? `${found.seq}.${LAST_PART}`;
      const rows = found.records.toReversed();
      const quiet = state.problem === undefined ? undefined : { problem: undefined };
      if (rows.length === 0) return quiet && change(quiet);
      if (state.isPaused) {
        const room = MOST_WAITING - waiting.length;
        waiting = [...rows.slice(-room), ...waiting];
        return change({ ...quiet, waiting: waiting.length, isMoreWaiting: rows.length > room || found.next !== null });
      }
      show(rows);
      // More came than one page holds: the next tick goes on at once.
      if (found.next !== null) askedAtMs = 0;
    });

  function show(fresh: readonly AuditRecord[]): void {
    const all = [...fresh, ...state.rows];
    const rows = all.length > MOST_ROWS ? all.slice(0, MOST_ROWS) : all;
    if (rows.length < all.length) older = recordKey(rows.at(-1) as AuditRecord);
    change({ rows, isFull: rows.length >= MOST_ROWS, hasMore: older !== undefined, problem: undefined });
  }

  function more(): void {
    wantsMore = isBusy;
    if (isBusy || !state.hasMore || state.rows.length >= MOST_ROWS) return;
    change({ isLoadingMore: true });
    void alone(async () => {
      const { rows } = await back(MORE_ROWS);
      const all = [...state.rows, ...rows].slice(0, MOST_ROWS);
      const isFull = all.length >= MOST_ROWS;
      change({ rows: all, isFull, hasMore: older !== undefined, isLoadingMore: false, problem: undefined });
    });
  }

  function tick(): void {
    const { view, liveUpdates, isCutOff } = store.read();
    if (document.hidden || isCutOff || !liveUpdates || isBusy) return;
    if (state.phase === "failed" || tailAt === undefined) {
      if (Date.now() - askedAtMs < ASK_ANYWAY_MS) return;
      askedAtMs = Date.now();
      return begin();
    }
    if (state.isPaused && waiting.length >= MOST_WAITING) return;
    const seq = view?.seq;
    if (seq === askedSeq && Date.now() - askedAtMs < ASK_ANYWAY_MS) return;
    askedSeq = seq;
    askedAtMs = Date.now();
    void tail();
  }

  return {
    read: () => state,
    subscribe(listener) {
      listeners.add(listener);
      timer ??= setInterval(tick, TICK_MS);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
    set(next) {
      filter = next;
      change({ ...EMPTY, isPaused: state.isPaused });
      askedAtMs = Date.now();
      begin();
    },
    more,
    setPaused(isPaused) {
      change({ isPaused });
      if (isPaused) return;
      const { isMoreWaiting } = state;
      const fresh = waiting;
      waiting = [];
      change({ waiting: 0, isMoreWaiting: false });
      // What was not kept is asked for anew: nothing between the rows may be missing.
      if (isMoreWaiting) begin();
      else if (fresh.length > 0) show(fresh);
    },
  };
}
