// Owns the close codes of a session, and what a client does after each (docs/protocol.md, W-BACK-4).
// Does not own when they are sent. Imports nothing: clients in browsers read this list.

/** `return`: connect again with the cursors. `later`: the same, but with the full pause. `token`: ask for a token first. */
export type AfterClose = "return" | "later" | "token" | "stop";

export interface CloseCode {
  readonly code: number;
  readonly after: AfterClose;
  readonly meaning: string;
}

const close = (code: number, after: AfterClose, meaning: string): CloseCode => ({ code, after, meaning });

export const CLOSE = {
  ended: close(1000, "return", "ended"),
  goingAway: close(1001, "return", "going away"),
  policy: close(1008, "later", "too many connections"),
  tooBig: close(1009, "stop", "a message was too large"),
  fault: close(1011, "return", "the server made a mistake"),
  restart: close(1012, "return", "the server restarts"),
  tryLater: close(1013, "later", "try again later"),
  badFrame: close(4400, "stop", "bad frame"),
  unauthenticated: close(4401, "token", "not authenticated"),
  forbidden: close(4403, "stop", "not allowed"),
  tooSlow: close(4408, "return", "too slow"),
  revoked: close(4409, "stop", "access revoked"),
  removed: close(4410, "stop", "removed"),
  noPong: close(4412, "return", "no pong"),
  upgrade: close(4426, "stop", "no version in common"),
  tooMany: close(4429, "later", "too many messages"),
} as const satisfies Record<string, CloseCode>;

/** What a code that is in no list means: the network's own, such as 1006. */
const LOST: CloseCode = close(1006, "return", "the connection was lost");

export function closeCodeOf(code: number): CloseCode {
  return Object.values(CLOSE).find((one) => one.code === code) ?? LOST;
}
