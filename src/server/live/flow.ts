// Owns how much one client may be sent before it says that it got something (docs/protocol.md, section 8; law L6).
// Does not own what is sent. Pure: time is passed in. A socket's own buffer says nothing until the kernel has taken
// megabytes, so what counts are acknowledgements; of clients that never acknowledge, the buffer is all there is to see.

import { SESSION_LIMITS } from "../../protocol/index.ts";

/** A client that stays beyond its bound for so long, without any progress, is ended. */
const STUCK_MS = 30_000;
/** A place is remembered every so many bytes: at most `unackedBytes` / this, and one, are held. */
const MARK_BYTES = 16_384;

interface Mark {
  readonly syncs: number;
  readonly bytes: number;
}

export class Flow {
  #sentSyncs = 0;
  #sentBytes = 0;
  #ackedBytes = 0;
  /** What the client said last; undefined before it said anything. */
  #ackedSyncs: number | undefined;
  #marks: Mark[] = [];
  /** Bytes sent from which on the next mark is due: most frames have none, and need not look at the marks. */
  #nextMarkBytes = 0;
  /** Since when there was no progress while beyond the bound. */
  #stuckSince: number | undefined;
  #lastWaiting = 0;
  readonly #stuckMs: number;

  constructor(stuckMs = STUCK_MS) {
    this.#stuckMs = stuckMs;
  }

  sent(bytes: number): void {
    this.#sentSyncs++;
    this.#sentBytes += bytes;
    if (this.#sentBytes < this.#nextMarkBytes) return;
    this.#marks.push({ syncs: this.#sentSyncs, bytes: this.#sentBytes });
    this.#nextMarkBytes = this.#sentBytes + MARK_BYTES;
    // Beyond the bound nothing is sent but for whole frames, so only a client that never acknowledges gets here.
    if (this.#marks.length > SESSION_LIMITS.unackedBytes / MARK_BYTES + 1) this.#marks.shift();
  }

  /** The client has received so many syncs. A count that was not sent yet, or that says nothing new, is ignored. */
  acknowledged(syncs: number): void {
    if (syncs > this.#sentSyncs || syncs <= (this.#ackedSyncs ?? -1)) return;
    this.#ackedSyncs = syncs;
    this.#stuckSince = undefined;
    if (syncs === this.#sentSyncs) {
      this.#ackedBytes = this.#sentBytes;
      this.#marks = [];
    }
    while (this.#marks[0] !== undefined && this.#marks[0].syncs <= syncs) {
      this.#ackedBytes = this.#marks[0].bytes;
      this.#marks.shift();
    }
    if (this.#marks.length === 0) this.#nextMarkBytes = 0;
  }

  /** Whether the client may be sent more now. `waiting` is what its transport holds, in bytes. */
  takes(waiting: number): boolean {
    const open = this.#ackedSyncs === undefined ? 0 : this.#sentBytes - this.#ackedBytes;
    // Answers, beats and pongs wait there too, and whoever acknowledges what it did not read yet gains nothing by it.
    return Math.max(open, waiting) <= SESSION_LIMITS.unackedBytes;
  }

  /** Look at the clock: true once the client has been beyond its bound for too long (W-FLOW-3). */
  isStuck(waiting: number, nowMs: number): boolean {
    const madeProgress = this.#ackedSyncs === undefined && waiting < this.#lastWaiting;
    this.#lastWaiting = waiting;
    if (this.takes(waiting) || madeProgress) {
      this.#stuckSince = undefined;
      return false;
    }
    this.#stuckSince ??= nowMs;
    return nowMs - this.#stuckSince > this.#stuckMs;
  }
}
