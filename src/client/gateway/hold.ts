// Owns the life of one hold: reserved, extended while it is in use, and ended once, whoever ends it first.
// Does not own when that is (with-budget.ts, metered-stream.ts). If this process dies, the hold's time to live ends it.

import type { CommandResult } from "../../protocol/wire/down.ts";
import type { Board } from "../board.ts";
import { createCommandId } from "../command-id.ts";
import type { SendableCommand } from "../commands.ts";
import type { Environment } from "../environment.ts";
import { SwarmboardError } from "../problem.ts";
import { type Usage } from "./usage.ts";

/** How often a command is sent again under its id where no answer says what became of it (law L9). */
const MAX_TRIES = 3;
const END_SOON_MS = 5000;

export type Surroundings = Pick<Environment, "now" | "wallNow" | "setTimer" | "random">;

/** Send a command, and where its fate is unknown send it again with the same id: it is applied once. */
export async function sendSurely(
  board: Pick<Board, "send">,
  surroundings: Surroundings,
  command: SendableCommand,
): Promise<CommandResult> {
  const id = createCommandId(surroundings);
  for (let tries = 1; ; tries++) {
    try {
      return await board.send(command, { id });
    } catch (error) {
      if (!(error instanceof SwarmboardError) || error.retry !== "same" || tries === MAX_TRIES) throw error;
    }
  }
}

/** How a hold ended. `unsettled`: it could not be ended, so it counts until it expires. */
export interface HoldEnd {
  readonly hold: string;
  readonly how: "settled" | "released" | "unsettled";
  /** What was recorded; undefined where all that was held counts as spent, or nothing does. */
  readonly usage: Usage | undefined;
  readonly error: unknown;
}

export interface Hold {
  readonly name: string;
  /** Record what was spent; undefined: as much as is held. Once: whoever comes later gets the first end. */
  settle(usage: Usage | undefined): Promise<HoldEnd>;
  /** Nothing was spent. */
  release(): Promise<HoldEnd>;
  /** The same, for whoever has an error to pass on: waits for the end no longer than 5 s; it goes on behind. */
  endSoon(spent: boolean, usage: Usage | undefined): Promise<void>;
}

export interface HoldOptions {
  readonly board: Pick<Board, "send">;
  readonly surroundings: Surroundings;
  readonly name: string;
  readonly ttlMs: number;
  /** It is not extended any more after this; what goes on is then a late charge. */
  readonly maxMs: number;
  readonly operation: string | undefined;
  /** Whether it is in use: one that is not is left to expire. */
  readonly inUse: () => boolean;
  readonly onEnd: ((end: HoldEnd) => void) | undefined;
}

export function keepHold({ board, surroundings, name, ttlMs, maxMs, operation, inUse, onEnd }: HoldOptions): Hold {
  const lastMs = surroundings.now() + maxMs;
  let ended: Promise<HoldEnd> | undefined;
  let lastUseMs = surroundings.now();
  let cancelTimer = surroundings.setTimer(extend, ttlMs / 2);

  function extend(): void {
    const nowMs = surroundings.now();
    if (inUse()) lastUseMs = nowMs;
    // Left by its user: its time runs out, as it would after a crash.
    if (nowMs >= lastMs || nowMs - lastUseMs >= ttlMs) return;
    void more();
    cancelTimer = surroundings.setTimer(extend, ttlMs / 2);
  }

  /** A failure is no news: the next try is due before the hold expires, and a settlement after that is a charge. */
  const more = async (): Promise<void> => {
    await board.send({ type: "hold.extend", hold: name, ttlMs }).catch((error: unknown) => {
      if (error instanceof SwarmboardError && error.retry === "no") cancelTimer();
    });
  };

  function end(how: "settled" | "released", usage: Usage | undefined): Promise<HoldEnd> {
    ended ??= (async () => {
      cancelTimer();
      const command: SendableCommand =
        how === "released"
          ? { type: "hold.release", hold: name }
          : {
              type: "hold.settle",
              hold: name,
              ...(usage === undefined ? {} : { usage }),
              ...(operation === undefined ? {} : { operation }),
            };
      let made: HoldEnd;
      try {
        await sendSurely(board, surroundings, command);
        made = { hold: name, how, usage, error: undefined };
      } catch (error) {
        // Expired meanwhile: that is what a release is for.
        const free = how === "released" && error instanceof SwarmboardError && error.code === "hold_ended";
        made = { hold: name, how: free ? how : "unsettled", usage, error: free ? undefined : error };
      }
      // Later and apart: what the program does with it must not become a fault of the hold.
      if (onEnd !== undefined) void Promise.resolve(made).then(onEnd);
      return made;
    })();
    return ended;
  }

  return {
    name,
    settle: (usage) => end("settled", usage),
    release: () => end("released", undefined),
    endSoon(spent, usage) {
      const ending = spent ? end("settled", usage) : end("released", undefined);
      return new Promise((done) => {
        const cancel = surroundings.setTimer(done, END_SOON_MS);
        void ending.then(() => {
          cancel();
          done();
        });
      });
    },
  };
}
