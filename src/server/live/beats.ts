// Owns when sessions get their beats: each once in its interval (W-BEAT-1), spread over it in turns, so that no change has
// to wait behind the beats of everybody. Does not own what a beat says (hub). Time is passed in.

import type { LiveTimers } from "./timers.ts";

/** An interval has so many turns. */
const TURNS = 20;
/** So many share a turn and its frame before there is another one: a wake-up for a few costs more than it spreads. */
const TOGETHER = 256;

interface Beating {
  /** Between two beats; 0 for none. */
  readonly beatMs: number;
}

export class Beats<S extends Beating> {
  readonly #timers: LiveTimers;
  readonly #beat: (sessions: ReadonlySet<S>) => void;
  readonly #rounds = new Map<number, Round<S>>();

  constructor(timers: LiveTimers, beat: (sessions: ReadonlySet<S>) => void) {
    this.#timers = timers;
    this.#beat = beat;
  }

  enter(session: S): void {
    const { beatMs } = session;
    if (beatMs === 0) return;
    let round = this.#rounds.get(beatMs);
    if (round === undefined) {
      round = new Round(this.#timers, beatMs, this.#beat);
      this.#rounds.set(beatMs, round);
    }
    round.enter(session);
  }

  leave(session: S): void {
    const round = this.#rounds.get(session.beatMs);
    if (round === undefined || round.leave(session) > 0) return;
    round.close();
    this.#rounds.delete(session.beatMs);
  }

  close(): void {
    for (const round of this.#rounds.values()) round.close();
  }
}

/** Those of one interval. Turn n comes n * turnMs after the start, and serves every TURNS-th time the same ones. */
class Round<S> {
  readonly #timers: LiveTimers;
  readonly #turnMs: number;
  readonly #beat: (sessions: ReadonlySet<S>) => void;
  readonly #startedAtMs: number;
  readonly #places: readonly Set<S>[] = Array.from({ length: TURNS }, () => new Set<S>());
  #size = 0;
  #done = 0;
  #next = Number.POSITIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(timers: LiveTimers, beatMs: number, beat: (sessions: ReadonlySet<S>) => void) {
    this.#timers = timers;
    this.#turnMs = beatMs / TURNS;
    this.#beat = beat;
    this.#startedAtMs = timers.now();
  }

  /** Into the last turn of those with few, so that one session alone waits for its whole interval. */
  enter(session: S): void {
    const now = Math.floor((this.#timers.now() - this.#startedAtMs) / this.#turnMs);
    let turn = now + TURNS;
    for (let n = turn - 1; n > now; n--) if (this.#crowds(n) < this.#crowds(turn)) turn = n;
    this.#place(turn).add(session);
    this.#size++;
    if (turn < this.#next) this.#schedule();
  }

  /** Returns how many stay. */
  leave(session: S): number {
    if (this.#places.some((place) => place.delete(session))) this.#size--;
    return this.#size;
  }

  close(): void {
    this.#cancel?.();
  }

  #place(turn: number): Set<S> {
    return this.#places[turn % TURNS] as Set<S>;
  }

  #crowds(turn: number): number {
    return Math.floor(this.#place(turn).size / TOGETHER);
  }

  /** For the next turn that anybody is in. */
  #schedule(): void {
    this.#cancel?.();
    let next = this.#done + 1;
    while (next < this.#done + TURNS && this.#place(next).size === 0) next++;
    this.#next = next;
    const dueMs = this.#startedAtMs + next * this.#turnMs;
    this.#cancel = this.#timers.after(Math.max(0, dueMs - this.#timers.now()), () => {
      this.#done = next;
      this.#schedule();
      this.#beat(this.#place(next));
    });
  }
}
