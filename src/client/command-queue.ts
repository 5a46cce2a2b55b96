// Owns sending commands over whatever transport there is, and the promises of their senders.
// Does not own which are due (pending-commands.ts) or what they say (board.ts).

import type { CommandResult } from "../protocol/wire/down.ts";
import type { Environment } from "./environment.ts";
import { createPendingCommands } from "./pending-commands.ts";
import { type Problem, problem, SwarmboardError } from "./problem.ts";
import type { Limits, OutgoingCommand, Transport } from "./transports/transport.ts";

export interface CommandQueue {
  /** @throws SwarmboardError (as a rejection) */
  send(command: OutgoingCommand): Promise<CommandResult>;
  readonly done: (id: string, result: CommandResult) => void;
  readonly refused: (id: string, told: Problem, retryAfterMs?: number) => void;
  /** Commands go this way from now on; those that had no answer on the former one go again. */
  use(transport: Transport | undefined, limits: Limits): void;
  /** With a problem, whatever waits or comes is refused with it. */
  bar(told: Problem | undefined): void;
}

/** Without a transport nothing is sent. */
const NONE = { inFlight: 0, messageBytes: 0 };

/** `commandTimeoutMs`: how long a command is tried before its promise is rejected. */
export function createCommandQueue(environment: Environment, commandTimeoutMs: number): CommandQueue {
  const pending = createPendingCommands();
  let transport: Transport | undefined;
  let limits: Limits | undefined;
  let barred: Problem | undefined;
  let cancelTimer: () => void = () => undefined;

  function pump(): void {
    const nowMs = environment.now();
    pending.expire(nowMs);
    const { inFlight, messageBytes: maxBytes } = (transport && limits) ?? NONE;
    for (const command of pending.take(nowMs, inFlight)) {
      // The frame around it needs some bytes too. Too long a message would end the connection with 1009.
      if (!isLonger(command.text, maxBytes - 1024)) transport?.command(command);
      else pending.refused(command.id, problem("body_too_large", "no", `At most ${maxBytes} bytes.`), nowMs, 0);
    }
    cancelTimer();
    const atMs = pending.wakeAtMs(nowMs, inFlight);
    if (atMs !== Infinity) cancelTimer = environment.setTimer(pump, atMs - nowMs);
  }

  return {
    send: (command) =>
      new Promise((done, failed) => {
        if (barred !== undefined) throw new SwarmboardError(barred);
        pending.add(command, environment.now() + commandTimeoutMs, { done, failed });
        pump();
      }),
    done(id, result) {
      pending.done(id, result);
      pump();
    },
    refused(id, told, retryAfterMs) {
      pending.refused(id, told, environment.now(), environment.random(), retryAfterMs);
      pump();
    },
    use(next, itsLimits) {
      pending.interrupt(environment.now());
      transport = next;
      limits = itsLimits;
      pump();
    },
    bar(told) {
      barred = told;
      if (told === undefined) return;
      pending.end(told);
      cancelTimer();
    },
  };
}

const isLonger = (text: string, bytes: number): boolean =>
  text.length * 3 > bytes && (text.length > bytes || new TextEncoder().encode(text).length > bytes);
