// Owns a push and its bytes: made once, whoever gets it and by whatever transport (law L4).
// Does not own when it is sent. Invariant: bytes that were handed out are never written to again.

import { deflateRawSync } from "node:zlib";
import { cursorOf } from "../../protocol/index.ts";

/** Frames below this are not worth compressing (docs/protocol.md, W-ZIP-1), in bytes. */
const MIN_DEFLATED_BYTES = 1024;

const FIN_TEXT = 0x81;
/** RSV1: this message is compressed (RFC 7692, section 6). */
const FIN_TEXT_DEFLATED = 0xc1;

/** A whole text frame of a server (RFC 6455, section 5.2): one buffer, because each buffer more is dearer to write. */
function socketFrame(first: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafeSlow(head + length);
  frame[0] = first;
  if (head === 2) frame[1] = length;
  else if (head === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  payload.copy(frame, head);
  return frame;
}

export const textFrame = (text: string): Buffer => socketFrame(FIN_TEXT, Buffer.from(text));

/** Without context takeover every message is its own stream, so one result is valid for every client. */
function deflatedFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  if (payload.length < MIN_DEFLATED_BYTES) return socketFrame(FIN_TEXT, payload);
  // A sync flush ends in 00 00 ff ff, which the receiver adds again (RFC 7692, section 7.2.1).
  const deflated = deflateRawSync(payload, { finishFlush: SYNC_FLUSH, level: 3 });
  return socketFrame(FIN_TEXT_DEFLATED, deflated.subarray(0, deflated.length - 4));
}

const SYNC_FLUSH = 2;

export type PushMethod = "welcome" | "sync" | "beat" | "drain";

export class Frame {
  readonly method: PushMethod;
  /** JSON text of the parameters. */
  readonly params: string;
  /** Of a sync: where a replica stands after it; undefined for a page that others follow. */
  readonly to: number | undefined;
  #plain: Buffer | undefined;
  #deflated: Buffer | undefined;
  #event: { readonly resume: string; readonly bytes: Buffer } | undefined;

  constructor(method: PushMethod, params: string, to?: number) {
    this.method = method;
    this.params = params;
    this.to = to;
  }

  /** As a WebSocket frame. */
  socketBytes(isDeflated: boolean): Buffer {
    if (isDeflated) return (this.#deflated ??= deflatedFrame(this.#message()));
    return (this.#plain ??= textFrame(this.#message()));
  }

  /**
   * As an event of a stream. Its id is the cursor after it, so pages that others follow, and beats, have none (W-HTTP-1).
   * Whoever shares a frame shares its filter, and so its `resume`.
   */
  eventBytes(resume: string): Buffer {
    if (this.#event === undefined || (this.to !== undefined && this.#event.resume !== resume)) {
      const id = this.to === undefined ? "" : `id: ${cursorOf(resume, this.to)}\n`;
      // One line of data: texts are kept without white space between tokens, and within tokens line breaks are escaped.
      this.#event = { resume, bytes: Buffer.from(`event: ${this.method}\n${id}data: ${this.params}\n\n`) };
    }
    return this.#event.bytes;
  }

  #message(): string {
    return `{"jsonrpc":"2.0","method":"${this.method}","params":${this.params}}`;
  }
}
