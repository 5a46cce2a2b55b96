// Owns when the members of a channel are served: those of one rate together, in its rhythm, and of those who asked for
// single keys only whom a change concerns. Does not own what they are told (channel).

import { createLane, type Lane } from "./lane.ts";
import type { Listener, Member } from "./member.ts";
import type { LiveTimers } from "./timers.ts";

/** Those of one rate. */
interface Pace {
  readonly lane: Lane;
  /** Members whom any change may concern. */
  readonly broad: Set<Member>;
  /** All others. */
  readonly narrow: Set<Member>;
  /** Members of `narrow` who have something to hear at the next flush. */
  readonly due: Set<Member>;
}

export class Paces {
  readonly #timers: LiveTimers;
  readonly #serve: (members: ReadonlySet<Member>) => void;
  readonly #paces = new Map<number, Pace>();

  constructor(timers: LiveTimers, serve: (members: ReadonlySet<Member>) => void) {
    this.#timers = timers;
    this.#serve = serve;
  }

  get size(): number {
    let size = 0;
    for (const { broad, narrow } of this.#paces.values()) size += broad.size + narrow.size;
    return size;
  }

  listeners(): Set<Listener> {
    const listeners = new Set<Listener>();
    for (const { broad, narrow } of this.#paces.values())
      for (const { listener } of [...broad, ...narrow]) listeners.add(listener);
    return listeners;
  }

  enter(member: Member, isNarrow: boolean): void {
    const pace = this.#paceOf(member.rateMs);
    if (isNarrow) pace.narrow.add(member);
    else pace.broad.add(member);
  }

  leave(member: Member): void {
    const pace = this.#paces.get(member.rateMs);
    if (pace === undefined) return;
    for (const members of [pace.broad, pace.narrow, pace.due]) members.delete(member);
    if (pace.broad.size + pace.narrow.size > 0) return;
    pace.lane.close();
    this.#paces.delete(member.rateMs);
  }

  /** Something changed that may concern everyone but those who asked for single keys. */
  wakeBroad(): void {
    for (const { broad, lane } of this.#paces.values()) if (broad.size > 0) lane.wake();
  }

  /** This one has something to hear. */
  wake(member: Member): void {
    const pace = this.#paces.get(member.rateMs);
    if (pace?.narrow.has(member) === true) pace.due.add(member);
    pace?.lane.wake();
  }

  isDue(member: Member): boolean {
    return this.#paces.get(member.rateMs)?.due.has(member) === true;
  }

  close(): void {
    for (const { lane } of this.#paces.values()) lane.close();
  }

  #paceOf(rateMs: number): Pace {
    let pace = this.#paces.get(rateMs);
    if (pace === undefined) {
      const lane = createLane(rateMs, this.#timers, () => this.#flush(fresh));
      const fresh: Pace = { lane, broad: new Set(), narrow: new Set(), due: new Set() };
      pace = fresh;
      this.#paces.set(rateMs, pace);
    }
    return pace;
  }

  #flush({ broad, due }: Pace): void {
    this.#serve(broad);
    if (due.size === 0) return;
    const members = new Set(due);
    // Who cannot be told everything now is woken again when it takes more.
    due.clear();
    this.#serve(members);
  }
}
