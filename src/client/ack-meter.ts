// Owns when a session's client acknowledges the syncs that it received (W-FLOW-1): by bytes or by time, whichever comes first.
// Does not own what was in them. A text's length stands for its bytes: those are at most three times as many, and what is not
// acknowledged stays far below the bound of W-FLOW-2. So a hidden page, whose timers are late, is not called slow.

import type { Environment } from "./environment.ts";
import type { Limits } from "./transports/transport.ts";

export interface AckMeter {
  /** A sync came, or a page of one. */
  received(sizeBytes: number): void;
  /** The session is over. */
  end(): void;
}

/** `ack` is called with the number of syncs received so far. */
export function createAckMeter(
  environment: Environment,
  { ackBytes, ackMs }: Limits,
  ack: (syncs: number) => void,
): AckMeter {
  let syncs = 0;
  let owedBytes = 0;
  let cancel: (() => void) | undefined;

  function end(): void {
    cancel?.();
    cancel = undefined;
    owedBytes = 0;
  }

  function pay(): void {
    end();
    ack(syncs);
  }

  return {
    received(sizeBytes) {
      syncs++;
      owedBytes += sizeBytes;
      if (owedBytes >= ackBytes) pay();
      else cancel ??= environment.setTimer(pay, ackMs);
    },
    end,
  };
}
