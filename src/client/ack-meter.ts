// Owns when a session's client acknowledges the syncs that it received (W-FLOW-1): by bytes or by time, whichever comes first.
// Does not own what was in them. Sizes are those of the text in UTF-16 units, which are never more than its bytes: a third
// of the server's bound, so that no script of the world gets beyond it.

import type { Environment } from "./environment.ts";
import type { Limits } from "./transports/transport.ts";

export interface AckMeter {
  /** A sync came, and is applied as far as it can be. */
  received(sizeBytes: number): void;
  /** The server says how often it wants to hear. */
  begin(limits: Limits): void;
  /** The session is over. */
  end(): void;
}

/** `ack` is called with the number of syncs received so far. */
export function createAckMeter(environment: Environment, ack: (syncs: number) => void): AckMeter {
  let syncs = 0;
  let owedBytes = 0;
  /** Until the welcome says so, which comes before any sync (W-CONN-4). */
  let ackBytes: number;
  let ackMs: number;
  let dueAtMs = Number.POSITIVE_INFINITY;
  let cancelTimer: (() => void) | undefined;

  function pay(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    owedBytes = 0;
    dueAtMs = Number.POSITIVE_INFINITY;
    ack(syncs);
  }

  return {
    received(sizeBytes) {
      syncs++;
      owedBytes += sizeBytes;
      const nowMs = environment.now();
      // Timers of hidden pages are late; any sync is a chance to look.
      if (owedBytes >= ackBytes || nowMs >= dueAtMs) return pay();
      if (cancelTimer !== undefined) return undefined;
      dueAtMs = nowMs + ackMs;
      cancelTimer = environment.setTimer(pay, ackMs);
      return undefined;
    },
    begin(limits) {
      ({ ackBytes, ackMs } = limits);
    },
    end() {
      cancelTimer?.();
      cancelTimer = undefined;
    },
  };
}
