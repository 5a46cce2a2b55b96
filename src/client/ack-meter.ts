// Owns when the client acknowledges what it has applied (W-FLOW-1): by bytes or by time, whichever comes first.
// Does not own the position that is acknowledged. Sizes are those of the text in UTF-16 units, which are never more than its bytes;
// a third of the server's bound, so that no script of the world gets beyond it.

import { SESSION_LIMITS } from "../protocol/wire/session-limits.ts";
import type { Environment } from "./environment.ts";

export interface AckMeter {
  /** A sync came and is applied, as far as it can be. */
  received(sub: string, sizeBytes: number): void;
  /** Timers of hidden pages are late; any message is a chance to look. */
  look(): void;
  /** A new connection: nothing is owed. */
  begin(limits: Readonly<Record<string, number>>): void;
}

export function createAckMeter(environment: Environment, ack: (sub: string) => void): AckMeter {
  /** Bounded by the subscriptions of a client. */
  const owed = new Map<string, { bytes: number; readonly dueAtMs: number }>();
  let ackBytes: number = SESSION_LIMITS.ackBytes;
  let ackMs: number = SESSION_LIMITS.ackMs;
  let cancelTimer: (() => void) | undefined;

  function pay(sub: string): void {
    owed.delete(sub);
    ack(sub);
  }

  function look(): void {
    const nowMs = environment.now();
    for (const [sub, { dueAtMs }] of [...owed]) if (nowMs >= dueAtMs) pay(sub);
  }

  function wait(): void {
    if (cancelTimer !== undefined || owed.size === 0) return;
    const firstMs = Math.min(...[...owed.values()].map(({ dueAtMs }) => dueAtMs));
    cancelTimer = environment.setTimer(
      () => {
        cancelTimer = undefined;
        look();
        wait();
      },
      Math.max(1, Math.ceil(firstMs - environment.now())),
    );
  }

  return {
    received(sub, sizeBytes) {
      let debt = owed.get(sub);
      if (debt === undefined) owed.set(sub, (debt = { bytes: 0, dueAtMs: environment.now() + ackMs }));
      debt.bytes += sizeBytes;
      if (debt.bytes >= ackBytes) pay(sub);
      else wait();
    },
    look,
    begin(limits) {
      owed.clear();
      cancelTimer?.();
      cancelTimer = undefined;
      ackBytes = limits["ackBytes"] ?? SESSION_LIMITS.ackBytes;
      ackMs = limits["ackMs"] ?? SESSION_LIMITS.ackMs;
    },
  };
}
