// Owns carrying a session as an event stream: one long answer of HTTP (docs/protocol.md, W-HTTP-1).
// Does not own what is told. Invariant: every answer is bounded in bytes and time, and ends where a cursor stands, never
// between two pages: that the client asks again with its cursor is its acknowledgement.
//
//   new ──begin──▶ open ──close──▶ over
//    └───────────close──────────────┘
//
//   push     new, over: dropped        open: written
//   end due  open, between two pages: waits for the last page

import { randomInt } from "node:crypto";
import type { ServerResponse } from "node:http";
import { CLOSE, type Subscribed } from "../../protocol/index.ts";
import type { Timings } from "../options.ts";
import type { LiveTimers } from "./timers.ts";
import type { Transport } from "./transport.ts";

/** After so many bytes the answer ends. */
const MAX_ANSWER_BYTES = 1_048_576;
/** A browser comes back so long after a connection that was lost, in ms: not all at once, where many lost theirs. */
const RETRY_MS = { min: 500, max: 1500 };
/** And so long after an answer that ended as it should. */
const NEXT_MS = 20;

const COMMENT = Buffer.from(":\n\n");

/** No cache and no proxy may keep any of it (W-HTTP-4). */
export const LIVE_HEADERS = { "Cache-Control": "no-store", "X-Accel-Buffering": "no" } as const;
export const EVENTS_TYPE = "text/event-stream";

export interface EventStreamOptions {
  readonly response: ServerResponse;
  readonly timers: LiveTimers;
  readonly timings: Pick<Timings, "streamMs" | "quietMs">;
  /** The answer is as long as it may be: end the session. */
  readonly onFull: () => void;
}

export interface EventStream extends Transport {
  /** Send the head and `open`. Nothing is sent before. */
  begin(opened: Subscribed, beatMs: number): void;
}

export function createEventStream({ response, timers, timings, onFull }: EventStreamOptions): EventStream {
  const { socket } = response;
  let phase: "new" | "open" | "over" = "new";
  let resume = "";
  let sentBytes = 0;
  let wroteAtMs = 0;
  let isBetweenPages = false;
  let isLate = false;
  let cancelQuiet: (() => void) | undefined;
  let cancelEnd: (() => void) | undefined;

  const write = (bytes: Buffer): number => {
    response.write(bytes);
    sentBytes += bytes.length;
    wroteAtMs = timers.now();
    return bytes.length;
  };
  /** Something is to be heard at least so often, or what lies between takes the connection for dead. */
  const keepAlive = (): void => {
    if (timers.now() - wroteAtMs >= timings.quietMs) write(COMMENT);
    cancelQuiet = timers.after(timings.quietMs - (timers.now() - wroteAtMs), keepAlive);
  };
  const endIfFull = (): void => {
    if (!isBetweenPages && (isLate || sentBytes >= MAX_ANSWER_BYTES)) onFull();
  };

  return {
    begin(opened, beatMs) {
      phase = "open";
      ({ resume } = opened);
      response.writeHead(200, { ...LIVE_HEADERS, "Content-Type": EVENTS_TYPE });
      const retryMs = randomInt(RETRY_MS.min, RETRY_MS.max);
      write(Buffer.from(`retry: ${retryMs}\nevent: open\ndata: ${JSON.stringify({ ...opened, beatMs })}\n\n`));
      keepAlive();
      cancelEnd = timers.after(timings.streamMs, () => {
        isLate = true;
        endIfFull();
      });
    },
    push(frame) {
      if (phase !== "open") return 0;
      const bytes = write(frame.eventBytes(resume));
      if (frame.method === "sync") isBetweenPages = frame.to === undefined;
      endIfFull();
      return bytes;
    },
    // Requests are not part of a stream.
    reply: () => undefined,
    get waitingBytes() {
      return response.writableLength;
    },
    hold() {
      if (phase === "open") response.cork();
    },
    release() {
      if (phase === "open") response.uncork();
    },
    close(how) {
      const wasOpen = phase === "open";
      phase = "over";
      cancelQuiet?.();
      cancelEnd?.();
      // Before `begin` the route answers, in its own way.
      if (!wasOpen || response.destroyed) return;
      // Whoever takes nothing takes no end either; and half of a sync must not look like a whole answer.
      if (isBetweenPages || how === CLOSE.tooSlow) response.destroy();
      else response.end(how === CLOSE.ended ? `retry: ${NEXT_MS}\n\n` : "");
      if (how === CLOSE.restart) response.once("finish", () => socket?.end());
    },
  };
}
