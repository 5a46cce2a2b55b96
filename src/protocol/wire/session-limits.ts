// Owns the bounds of a session and its default times (law L6; docs/protocol.md, W-CONN-4). Sizes in bytes, times in ms.
// Imports nothing: clients in browsers read these too.

/** The subprotocol that a session is asked for by. */
export const SUBPROTOCOL = "swarmboard.v1";

/** Counts the additions to this version of the protocol. A test pins it to the schemas. */
export const WIRE_REVISION = 2;

/** The oldest revision that a client may know. Below: closed with 4426. */
export const REVISION_FLOOR = 1;

export const SESSION_LIMITS = {
  /** One frame, or one entry where that is larger. */
  frameBytes: 262_144,
  /** One message of a client. Beyond: closed with 1009. */
  messageBytes: 8 * 1_048_576,
  /** Subscriptions of a session. Beyond: `too_many_subscriptions`. */
  subscriptions: 16,
  /** Exact keys of one filter. Beyond: `bad_request`. */
  keys: 1000,
  /** Rows of one window. Beyond: `bad_request`. */
  windowRows: 500,
  /** Commands that wait for their outcome. Beyond: `overloaded`. */
  inFlight: 256,
  /** A client acknowledges at least so often. */
  ackBytes: 32_768,
  ackMs: 5000,
  /** What may be unacknowledged before the server only remembers where the client stands (W-FLOW-2). */
  unackedBytes: 262_144,
} as const;

export const DEFAULT_RATE_MS = 50;
export const MAX_RATE_MS = 60_000;
export const DEFAULT_BEAT_MS = 2000;
export const MIN_BEAT_MS = 250;
export const MAX_BEAT_MS = 25_000;
/** A long poll waits at most, and by default, so long. */
export const MAX_WAIT_MS = 25_000;
