// Owns carrying a session's frames by WebSocket. `ws` reads, answers pings and closes; data frames are written below it, as
// one buffer that many sockets share: a whole frame in one write, so a control frame of `ws` can only come between two.
// Invariant: a frame goes below the stream only while the stream holds nothing and nothing waits below it, so order is kept.

import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import type { CloseCode } from "../../protocol/index.ts";
import { canWriteDirectly, writeDirectly } from "./direct-write.ts";
import { type Frame, textFrame } from "./frame.ts";
import type { Transport } from "./transport.ts";

/** A peer that does not answer a close is cut off after this. */
const CLOSE_MS = 2000;
const MAX_REASON_BYTES = 123;

/** A class and not a closure: `push` is called for each client and flush. */
export class SocketTransport implements Transport {
  /** What waited has been sent. */
  onDrain: () => void = () => undefined;
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #isDeflated: boolean;
  readonly #isDirect: boolean;
  #isOpen = true;
  /** The stream has said that it holds much; until it drains, how much is looked up. */
  #isBackedUp = false;
  /** Of a frame that waits below the stream. */
  #belowBytes = 0;

  constructor(ws: WebSocket, socket: Socket) {
    this.#ws = ws;
    this.#socket = socket;
    this.#isDeflated = ws.extensions.includes("permessage-deflate");
    this.#isDirect = canWriteDirectly(socket);
    const ended = (): void => {
      this.#isOpen = false;
    };
    ws.once("close", ended);
    socket.on("drain", () => {
      this.#isBackedUp = false;
      this.onDrain();
    });
    socket.once("end", ended);
    socket.once("error", ended);
  }

  get waitingBytes(): number {
    return this.#belowBytes + (this.#isBackedUp ? this.#socket.writableLength : 0);
  }

  push(frame: Frame): number {
    const bytes = frame.socketBytes(this.#isDeflated);
    if (this.#isOpen) this.#write(bytes);
    return bytes.length;
  }

  reply(text: string): void {
    if (this.#isOpen) this.#write(textFrame(text));
  }

  hold(): void {
    this.#socket.cork();
  }

  release(): void {
    this.#socket.uncork();
  }

  /** After a close frame nothing may be sent (RFC 6455, section 5.5.1). */
  close(how: CloseCode, reason: string): void {
    this.#isOpen = false;
    const ws = this.#ws;
    ws.close(how.code, Buffer.from(reason).subarray(0, MAX_REASON_BYTES).toString("utf8"));
    const timer = setTimeout(() => ws.terminate(), CLOSE_MS);
    timer.unref();
    ws.once("close", () => clearTimeout(timer));
  }

  #write(bytes: Buffer): void {
    const socket = this.#socket;
    const isEmpty = this.#belowBytes === 0 && socket.writableLength === 0 && socket.writableCorked === 0;
    if (!this.#isDirect || !isEmpty) {
      if (!socket.write(bytes)) this.#isBackedUp = true;
    } else if (!writeDirectly(socket, bytes, () => this.#taken())) this.#belowBytes = bytes.length;
  }

  #taken(): void {
    this.#belowBytes = 0;
    this.onDrain();
  }
}
