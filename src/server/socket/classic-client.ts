// Owns one classic socket: what is sent to it, how slow it may be, and how its silence is found.
// Does not own the frames or the rhythm (socket/ticker). Invariant: at most 1 MiB and one frame wait for it.

import type { WebSocket } from "ws";
import type { Timings } from "../options.ts";

/** Bytes that may wait for a client before frames are skipped: each frame is the whole state, so skipping loses nothing. */
const SKIP_BYTES = 1_048_576;
/** Bytes that may wait for a client at a tick at all. Beyond: ended. */
const END_BYTES = 16 * 1_048_576;
/** What a client may send: the seed's clients send nothing. A burst, refilled each second. Beyond: 1008. */
const BURST_MESSAGES = 60;
const MESSAGES_PER_S = 30;

export interface ClassicClient {
  offer(frame: Buffer): void;
  /** Look at the clock: ping, and end what is silent or backed up for too long. */
  sweep(): void;
  close(code: number, reason: string): void;
  terminate(): void;
  readonly open: boolean;
}

export interface ClassicClientOptions {
  readonly ws: WebSocket;
  readonly timings: Timings;
  /** Monotonic time in ms. */
  readonly clock: () => number;
  /** The socket has ended, for whatever reason. Called once. */
  readonly onEnd: (how: { readonly code: number; readonly why: string }) => void;
}

export function createClassicClient(options: ClassicClientOptions): ClassicClient {
  const { ws, timings, clock } = options;
  let pingedAt = clock();
  let awaiting = false;
  let backedUpSince: number | undefined;
  let waitingBytes = 0;
  let tokens = BURST_MESSAGES;
  let refilledAt = clock();
  let why = "";

  const end = (reason: string): void => {
    why = reason;
    ws.terminate();
  };

  /** Anything that the client sends costs a token; classic messages mean nothing. */
  const spend = (): void => {
    const now = clock();
    tokens = Math.min(BURST_MESSAGES, tokens + ((now - refilledAt) / 1000) * MESSAGES_PER_S);
    refilledAt = now;
    if (tokens < 1) {
      if (why === "") {
        why = "too many messages";
        ws.close(1008, "too many messages");
      }
      return;
    }
    tokens--;
  };

  ws.on("message", spend);
  ws.on("ping", spend);
  ws.on("pong", () => {
    awaiting = false;
    spend();
  });
  // Bad frames and resets: ws closes with the right code by itself, and "close" follows.
  ws.on("error", (error: Error & { code?: string }) => {
    why ||= error.code ?? error.message;
  });
  ws.once("close", (code: number) => options.onEnd({ code, why }));

  return {
    offer(frame) {
      if (ws.readyState !== ws.OPEN) return;
      const waiting = ws.bufferedAmount;
      if (waiting > END_BYTES) return end("more than 16 MiB waiting");
      if (waiting > SKIP_BYTES) {
        backedUpSince ??= clock();
        return;
      }
      backedUpSince = undefined;
      ws.send(frame, { binary: false });
    },
    sweep() {
      if (ws.readyState !== ws.OPEN) return;
      const now = clock();
      if (backedUpSince !== undefined && now - backedUpSince > timings.slowMs) return end("backed up for too long");
      const before = waitingBytes;
      waitingBytes = ws.bufferedAmount;
      if (awaiting && now - pingedAt > timings.pongMs) {
        // A ping waits behind data. While that data goes out, the client is slow, not silent, and judged as such.
        if (waitingBytes === 0 || waitingBytes >= before || now - pingedAt > timings.slowMs) return end("no pong");
      } else if (!awaiting && now - pingedAt >= timings.pingMs) {
        awaiting = true;
        pingedAt = now;
        ws.ping();
      }
    },
    close(code, reason) {
      why ||= reason;
      ws.close(code, reason);
    },
    terminate: () => ws.terminate(),
    get open() {
      return ws.readyState === ws.OPEN;
    },
  };
}
