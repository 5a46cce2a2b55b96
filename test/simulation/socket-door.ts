// Owns a server's end of a WebSocket: the handshake, pings and closes that `ws` and live/session-socket do in the product,
// so that a real session runs above simulated bytes. Does not own what is said. Watches that no session is sent more than its bound (W-FLOW-2).

import type { CloseCode } from "../../src/protocol/index.ts";
import { SESSION_LIMITS } from "../../src/protocol/index.ts";
import type { Frame } from "../../src/server/live/frame.ts";
import type { Hub } from "../../src/server/live/hub.ts";
import type { LiveTimers } from "../../src/server/live/timers.ts";
import type { Transport } from "../../src/server/live/transport.ts";
import { closeBytes, createFrameReader, PING, textBytes } from "./frame-reader.ts";
import type { Link } from "./link.ts";
import { HANDSHAKE } from "./machine.ts";

const PING_MS = 22_000;
const PONG_MS = 10_000;
const CLOSE_MS = 2000;

export interface DoorOptions {
  readonly hub: Hub;
  readonly timers: LiveTimers;
  readonly wrong: (what: string) => void;
}

/** Serve a connection whose first text is the address that is asked for. */
export function openSocketDoor(link: Link, { hub, timers, wrong }: DoorOptions): { cutOff(): void } {
  const read = createFrameReader();
  const down = link.from("server");
  const noted: { count: number; bytes: number }[] = [];
  let sentSyncs = 0;
  let sentBytes = 0;
  let ackedBytes = 0;
  let hasAcked = false;
  let isOpen = true;
  let isAwaitingPong = false;
  let session: ReturnType<Hub["open"]> | undefined;

  /** What was written when a session was told more than it may be (W-FLOW-2). */
  function checkFlow(size: number): void {
    const open = sentBytes - ackedBytes;
    const waiting = down.waitingBytes;
    if (open > SESSION_LIMITS.unackedBytes && (hasAcked || waiting > SESSION_LIMITS.unackedBytes))
      wrong(`a sync of ${size} bytes is sent to a client that has ${open} unacknowledged (${waiting} waiting)`);
  }

  function acknowledged(syncs: number): void {
    hasAcked = true;
    while (noted[0] !== undefined && noted[0].count <= syncs) ackedBytes = noted.shift()?.bytes ?? 0;
  }

  const transport: Transport = {
    push(frame: Frame) {
      const bytes = frame.socketBytes(false);
      if (frame.method === "sync") {
        checkFlow(bytes.length);
        sentSyncs++;
        sentBytes += bytes.length;
        noted.push({ count: sentSyncs, bytes: sentBytes });
      }
      if (isOpen) down.write(bytes);
      return bytes.length;
    },
    reply(text) {
      if (isOpen) down.write(textBytes(text));
    },
    get waitingBytes() {
      return down.waitingBytes;
    },
    hold: () => undefined,
    release: () => undefined,
    close(how: CloseCode, reason: string) {
      if (isOpen) down.write(closeBytes(how.code, reason));
      isOpen = false;
      timers.after(CLOSE_MS, cutOff);
    },
  };

  function cutOff(): void {
    isOpen = false;
    cancelPing();
    link.leave("server");
  }

  function gone(): void {
    cutOff();
    session?.end();
  }

  function ping(): void {
    if (isAwaitingPong) return;
    isAwaitingPong = true;
    down.write(PING);
    cancelPing = timers.after(PONG_MS, () => session?.close({ code: 4412, after: "return", meaning: "" }, "no pong"));
  }
  let cancelPing = timers.after(PING_MS, ping);

  function open(address: string): void {
    const { searchParams } = new URL(address);
    const agent = searchParams.get("agent") ?? "anonymous";
    down.write(HANDSHAKE);
    try {
      session = hub.open({ agent, beatMs: Number(searchParams.get("beatMs")), transport });
    } catch {
      // A server that stops; the product answers the handshake with 503.
      return cutOff();
    }
    session.welcome();
    return undefined;
  }

  down.onDrain = () => session?.drained();
  link.attach("server", {
    received(piece) {
      for (const frame of read(piece)) {
        if (frame.kind === "text" && session === undefined) open(frame.text);
        else if (frame.kind === "text") {
          const ack = /^\{"jsonrpc":"2.0","method":"ack","params":\{"syncs":(\d+)\}\}$/.exec(frame.text);
          if (ack !== null) acknowledged(Number(ack[1]));
          session?.message(frame.text);
        } else if (frame.kind === "pong") {
          isAwaitingPong = false;
          cancelPing();
          cancelPing = timers.after(PING_MS, ping);
        } else if (frame.kind === "close") return gone();
      }
      return undefined;
    },
    gone,
  });
  return { cutOff };
}
