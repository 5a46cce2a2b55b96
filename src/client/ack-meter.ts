// Owns when the client acknowledges what it has applied (W-FLOW-1): by bytes or by time, whichever comes first.
// Does not own the position that is acknowledged. A text's length stands for its bytes: those are at most three times as many, and
// what is not acknowledged stays far below the bound of W-FLOW-2. So a hidden page, whose timers are late, is not called slow.

import type { Environment } from "./environment.ts";
import type { Limits } from "./transports/transport.ts";

export interface AckMeter {
  /** A sync came and is applied, as far as it can be. */
  received(sub: string, sizeBytes: number): void;
  /** Another connection: nothing is owed. */
  begin(limits: Limits): void;
}

export function createAckMeter(environment: Environment, ack: (sub: string) => void): AckMeter {
  /** Bounded by the subscriptions of a client. */
  const owed = new Map<string, { bytes: number; readonly cancel: () => void }>();
  let ackBytes: number;
  let ackMs: number;

  function pay(sub: string): void {
    owed.get(sub)?.cancel();
    owed.delete(sub);
    ack(sub);
  }

  return {
    received(sub, sizeBytes) {
      const debt = owed.get(sub) ?? { bytes: 0, cancel: environment.setTimer(() => pay(sub), ackMs) };
      owed.set(sub, debt);
      debt.bytes += sizeBytes;
      if (debt.bytes >= ackBytes) pay(sub);
    },
    begin(limits) {
      for (const { cancel } of owed.values()) cancel();
      owed.clear();
      ({ ackBytes, ackMs } = limits);
    },
  };
}
