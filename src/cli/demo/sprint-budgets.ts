// Owns the demo's money: one budget per stream and sprint, spent until it is exhausted, then followed by the next one.
// Names repeat after SPRINTS sprints, so that the number of budgets is bounded however long the demo runs.

import type { BoardWriter } from "./board-writer.ts";
import { OVERSEER, type Stream, STREAMS } from "./cast.ts";

const SPRINTS = 100;
/** An exhausted budget stays on the screen for so long before the next sprint begins. */
const EXHAUSTED_MS = 12_000;

export interface SprintBudgets {
  /** Name of the budget that the stream spends now. */
  current(stream: Stream): string;
  /** Commands that open the first budgets with what is spent already. */
  opening(): { readonly type: string; readonly [member: string]: unknown }[];
  charge(writer: BoardWriter, stream: Stream, tokens: number, agent: string, reason: string): Promise<void>;
}

export function createSprintBudgets(now: () => number): SprintBudgets {
  const streams = new Map(
    STREAMS.map(({ stream, limitTokens, spentShare }) => [
      stream,
      {
        sprint: 1,
        limitTokens,
        usedTokens: Math.round(limitTokens * spentShare),
        exhaustedAt: spentShare >= 1 ? now() : (undefined as number | undefined),
        moving: false,
      },
    ]),
  );
  const nameOf = (stream: Stream, sprint: number): string =>
    `sprint-${String(((sprint - 1) % SPRINTS) + 1).padStart(2, "0")}/${stream}`;
  const current = (stream: Stream): string => nameOf(stream, streams.get(stream)?.sprint ?? 1);

  const nextSprint = async (writer: BoardWriter, stream: Stream): Promise<void> => {
    const budget = streams.get(stream);
    if (budget === undefined || budget.moving) return;
    budget.moving = true;
    const task = nameOf(stream, budget.sprint + 1);
    await writer.send({ type: "budget.close", task: current(stream) });
    await writer.send(
      {
        type: "budget.open",
        task,
        limitTokens: budget.limitTokens * (1 + Math.floor(budget.sprint / SPRINTS)),
        description: `tokens for ${stream}`,
      },
      {
        type: "audit.note",
        event: "budget_initialized",
        agent: OVERSEER,
        resource: task,
        reason: `${budget.limitTokens} tokens for the next sprint`,
      },
    );
    Object.assign(budget, { sprint: budget.sprint + 1, usedTokens: 0, exhaustedAt: undefined, moving: false });
  };

  return {
    current,
    opening: () =>
      STREAMS.flatMap(({ stream, limitTokens, spentShare }) => [
        { type: "budget.open", task: current(stream), limitTokens, description: `tokens for ${stream}` },
        {
          type: "budget.charge",
          task: current(stream),
          tokens: Math.round(limitTokens * spentShare),
          agent: OVERSEER,
          reason: "carried over",
        },
      ]),
    async charge(writer, stream, tokens, agent, reason) {
      const budget = streams.get(stream);
      if (budget === undefined) return;
      if (budget.exhaustedAt !== undefined) {
        if (now() - budget.exhaustedAt > EXHAUSTED_MS) await nextSprint(writer, stream);
        return;
      }
      budget.usedTokens += tokens;
      await writer.send({ type: "budget.charge", task: current(stream), tokens, agent, reason });
      if (budget.usedTokens < budget.limitTokens || budget.exhaustedAt !== undefined) return;
      budget.exhaustedAt = now();
      await writer.send({
        type: "audit.note",
        event: "budget_exhausted",
        agent,
        resource: current(stream),
        granted: false,
        reason: "no tokens left in this sprint",
      });
    },
  };
}
