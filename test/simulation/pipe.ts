// Owns one direction of a connection: bytes in order, late, in pieces, at some speed, cut off at any byte, or into nothing.
// Does not own what they say. TCP neither loses, repeats nor reorders within a connection, so a pipe does not either.

import type { VirtualTime } from "./virtual-time.ts";
import type { Chance } from "./chance.ts";

/** What a sender's kernel takes before the process sees anything waiting, in bytes. */
const KERNEL_BYTES = 65_536;
const MAX_PIECE_BYTES = 65_536;

export interface PipeNature {
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Infinity for a fast one. */
  readonly bytesPerS: number;
  /** Writes arrive in pieces, cut anywhere. */
  readonly inPieces: boolean;
  /** After so many bytes the connection breaks. */
  readonly cutAtByte: number;
}

export interface PipeEnd {
  received(bytes: Buffer): void;
  /** The other side ended it, after everything that it sent. */
  finished(): void;
}

export class Pipe {
  readonly #time: VirtualTime;
  readonly #chance: Chance;
  readonly #end: PipeEnd;
  readonly #onCut: () => void;
  #nature: PipeNature;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #isSending = false;
  #arrivesAtMs = 0;
  #deliveredBytes = 0;
  #isFinishing = false;
  #phase: "open" | "dead" | "over" = "open";
  onDrain: () => void = () => undefined;

  constructor(time: VirtualTime, chance: Chance, nature: PipeNature, end: PipeEnd, onCut: () => void) {
    this.#time = time;
    this.#chance = chance;
    this.#nature = nature;
    this.#end = end;
    this.#onCut = onCut;
  }

  get waitingBytes(): number {
    return Math.max(0, this.#queuedBytes - KERNEL_BYTES);
  }

  /** Half-open: the sender notices nothing, and nothing arrives. */
  die(): void {
    if (this.#phase === "open") this.#phase = "dead";
  }

  get isDead(): boolean {
    return this.#phase === "dead";
  }

  /** Nothing arrives any more, also what is under way. */
  stop(): void {
    this.#phase = "over";
    this.#queue = [];
  }

  /** The network is good again: no cut ahead, and as fast as it gets. What is dead stays dead. */
  heal(): void {
    this.#nature = { ...this.#nature, bytesPerS: Infinity, cutAtByte: Infinity, inPieces: false };
  }

  write(bytes: Buffer): void {
    if (this.#phase === "over" || this.#isFinishing) return;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#send();
  }

  /** Nothing more is written. */
  finish(): void {
    if (this.#isFinishing) return;
    this.#isFinishing = true;
    this.#send();
  }

  #send(): void {
    while (!this.#isSending && this.#phase === "open") {
      const next = this.#queue.shift();
      if (next === undefined) {
        if (this.#isFinishing) this.#later(() => this.#end.finished());
        this.#isFinishing = false;
        return;
      }
      const most = this.#nature.inPieces ? this.#chance.int(1, 4096) : MAX_PIECE_BYTES;
      const piece = next.subarray(0, most);
      if (next.length > most) this.#queue.unshift(next.subarray(most));
      const { bytesPerS } = this.#nature;
      if (bytesPerS === Infinity) this.#sent(piece);
      else {
        this.#isSending = true;
        this.#time.after((piece.length / bytesPerS) * 1000, () => {
          this.#isSending = false;
          this.#sent(piece);
          this.#send();
        });
      }
    }
  }

  #sent(piece: Buffer): void {
    const wasWaiting = this.waitingBytes > 0;
    this.#queuedBytes -= piece.length;
    this.#later(() => this.#deliver(piece));
    // Last, because whoever hears of it may write.
    if (wasWaiting && this.waitingBytes === 0) this.onDrain();
  }

  #later(run: () => void): void {
    const { latencyMs, jitterMs } = this.#nature;
    this.#arrivesAtMs = Math.max(this.#arrivesAtMs, this.#time.nowMs + latencyMs + this.#chance.next() * jitterMs);
    this.#time.at(this.#arrivesAtMs, () => {
      if (this.#phase === "open") run();
    });
  }

  #deliver(piece: Buffer): void {
    const left = this.#nature.cutAtByte - this.#deliveredBytes;
    this.#deliveredBytes += piece.length;
    if (left >= piece.length) return this.#end.received(piece);
    if (left > 0) this.#end.received(piece.subarray(0, left));
    this.#onCut();
  }
}
