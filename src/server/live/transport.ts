// Owns what a session needs of whatever carries it: a WebSocket, an event stream, a long poll, or a simulation's wire.
// Does not own any of them.

import type { CloseCode } from "../../protocol/index.ts";
import type { Frame } from "./frame.ts";

export interface Transport {
  /** Send a push. Returns its size in bytes. */
  push(frame: Frame): number;
  /** Send an answer that is for this client alone: one JSON-RPC object. */
  reply(text: string): void;
  /** What was sent and has not left this process, in bytes. */
  readonly waitingBytes: number;
  /** Several sends follow; `release` lets them go in one write. */
  hold(): void;
  release(): void;
  close(how: CloseCode, reason: string): void;
}
