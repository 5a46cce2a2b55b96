// Owns the demo's swarm as a whole: its opening, one loop per member, a pulse with figures, and its end.
// Does not own what a member does (work.ts). Invariant: a lost server is waited for, never a reason to end.

import type { BoardApi } from "../board-api.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { type BoardWriter, createBoardWriter } from "./board-writer.ts";
import { GOAL, MEMBERS, type Member, OVERSEER, PAUSED_AGENT } from "./cast.ts";
import { createChance } from "./chance.ts";
import { createSprintBudgets } from "./sprint-budgets.ts";
import { heartbeat, openingScene, type Stage, workOnce } from "./work.ts";

const PULSE_MS = 2000;
const RETRY_MS = 2000;

export interface SwarmOptions {
  /** A way to the board that writes under this agent's name. */
  readonly apiFor: (agent: string) => BoardApi;
  readonly seed: number;
  /** Wall time in ms. */
  readonly now?: () => number;
}

export interface Swarm {
  readonly agents: number;
  /** Write the opening scene, then let everybody work. @throws CliError where the server cannot be reached */
  begin(): Promise<void>;
  /** Resolves when nobody writes any more. */
  close(): Promise<void>;
}

export function createSwarm({ apiFor, seed, now = Date.now }: SwarmOptions): Swarm {
  const budgets = createSprintBudgets(now);
  const overseer = createBoardWriter(apiFor(OVERSEER));
  let stopped = false;
  const wakeUps = new Set<() => void>();
  const loops: Promise<void>[] = [];

  const pause = (ms: number): Promise<boolean> =>
    new Promise((resolve) => {
      if (stopped) return resolve(false);
      const wake = (): void => {
        clearTimeout(timer);
        wakeUps.delete(wake);
        resolve(!stopped);
      };
      const timer = setTimeout(wake, ms);
      wakeUps.add(wake);
    });

  /** Do something again and again until the end; wait where the server is away. */
  const repeat = async (once: () => Promise<void>): Promise<void> => {
    while (!stopped) {
      try {
        await once();
      } catch (error) {
        if (!(error instanceof CliError && error.exitCode === EXIT.unreachable)) throw error;
        await pause(RETRY_MS);
      }
    }
  };

  const stageOf = (writer: BoardWriter, number: number): Stage => ({
    writer,
    overseer,
    budgets,
    now,
    pause,
    // Everybody has a chance of their own, so that the story does not depend on who is served first.
    chance: createChance(seed * 1009 + number),
  });

  const startMember = (me: Member, number: number): void => {
    const stage = stageOf(createBoardWriter(apiFor(me.name)), number);
    const late = number * 60;
    loops.push(pause(late).then(() => repeat(() => workOnce(stage, me))));
  };

  const pulse = async (): Promise<void> => {
    let beats = 0;
    const startedAt = now();
    await repeat(async () => {
      const value = {
        beats: ++beats,
        uptimeSeconds: Math.round((now() - startedAt) / 1000),
        budgets: budgets.current("research").split("/")[0],
      };
      await overseer.send({ type: "entry.put", key: "metrics:swarm", value });
      await pause(PULSE_MS);
    });
  };

  return {
    agents: MEMBERS.length,
    async begin() {
      const stage = stageOf(overseer, 0);
      const [first, ...rest] = openingScene(stage, MEMBERS);
      if (first !== undefined) {
        await overseer.send(
          first,
          ...rest,
          { type: "entry.put", key: "project:goal", value: GOAL },
          { type: "entry.put", key: "project:phase", value: "execution" },
        );
      }
      // One by one: on a board that the demo has used before, some are open already.
      for (const command of budgets.opening()) await overseer.send(command);
      await overseer.send({
        type: "pause.set",
        scope: "agent",
        name: PAUSED_AGENT,
        reason: "a person looks at its plan first",
      });
      await heartbeat(stageOf(createBoardWriter(apiFor(MEMBERS[0].name)), 1), MEMBERS[0], "planning");
      for (const [index, me] of MEMBERS.entries()) startMember(me, index + 1);
      loops.push(pulse());
    },
    async close() {
      stopped = true;
      for (const wake of wakeUps) wake();
      await Promise.allSettled(loops);
    },
  };
}
