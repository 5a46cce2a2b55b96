// Owns the demo's money: a budget for the team, below it one per stream and sprint, reserved and settled call by call until it is
// exhausted, then followed by the next one. Names repeat after SPRINTS sprints, so that their number is bounded however long it runs.

import type { BoardWriter, DemoCommand } from "./board-writer.ts";
import { OVERSEER, type Stream, STREAMS } from "./cast.ts";
import { costOf, modelOf, usageOf } from "./prices.ts";

/** What all streams together may cost. Soft, so that the demo never stands still. */
const TEAM = "energy-outlook";
const TEAM_LIMIT_NANO_USD = 1_000_000_000;
const SPRINTS = 100;
/** An exhausted budget stays on the screen for so long before the next sprint begins. */
const EXHAUSTED_MS = 12_000;
/** A hold whose agent was never heard of again frees itself after this time. */
const HOLD_TTL_MS = 12_000;

export interface Call {
  readonly stream: Stream;
  readonly agent: string;
  readonly operation: string;
  /** What it may come to. */
  readonly tokens: number;
}

export interface SprintBudgets {
  /** Name of the budget that the stream spends now. */
  current(stream: Stream): string;
  /** Commands that open the first budgets with what is spent already. */
  opening(): DemoCommand[];
  /** Sets aside what a call may cost. The hold, or undefined where it was refused. */
  reserve(writer: BoardWriter, call: Call): Promise<string | undefined>;
  /** States what the call did cost. */
  settle(writer: BoardWriter, hold: string, call: Call, tokens: number): Promise<void>;
}

export function createSprintBudgets(now: () => number): SprintBudgets {
  const streams = new Map(
    STREAMS.map(({ stream, limitTokens, spentShare }) => [
      stream,
      {
        sprint: 1,
        limitTokens,
        exhaustedAt: spentShare >= 1 ? now() : (undefined as number | undefined),
        moving: false,
      },
    ]),
  );
  const nameOf = (stream: Stream, sprint: number): string =>
    `sprint-${String(((sprint - 1) % SPRINTS) + 1).padStart(2, "0")}/${stream}`;
  const current = (stream: Stream): string => nameOf(stream, streams.get(stream)?.sprint ?? 1);
  const open = (stream: Stream, task: string, limitTokens: number): DemoCommand => ({
    type: "budget.open",
    task,
    parent: TEAM,
    limitTokens,
    description: `tokens for ${stream}`,
    // A model without a price has its tokens counted, and the board says how many.
    unknownModel: "tokensOnly",
  });

  const nextSprint = async (writer: BoardWriter, stream: Stream): Promise<void> => {
    const budget = streams.get(stream);
    if (budget === undefined || budget.moving) return;
    budget.moving = true;
    const task = nameOf(stream, budget.sprint + 1);
    await writer.send({ type: "budget.close", task: current(stream) });
    await writer.send(open(stream, task, budget.limitTokens * (1 + Math.floor(budget.sprint / SPRINTS))), {
      type: "audit.note",
      event: "budget_initialized",
      agent: OVERSEER,
      resource: task,
      reason: `${budget.limitTokens} tokens for the next sprint`,
    });
    Object.assign(budget, { sprint: budget.sprint + 1, exhaustedAt: undefined, moving: false });
  };

  return {
    current,
    opening: () => [
      {
        type: "budget.open",
        task: TEAM,
        limitNanoUsd: TEAM_LIMIT_NANO_USD,
        policy: "soft",
        unknownModel: "tokensOnly",
        window: { every: "hour", timeZone: "Europe/Berlin", rollover: false },
        description: "what the whole outlook may cost in an hour",
      },
      ...STREAMS.flatMap(({ stream, limitTokens, spentShare }) => {
        const tokens = Math.round(limitTokens * spentShare);
        const { model } = modelOf("");
        return [
          open(stream, current(stream), limitTokens),
          {
            type: "budget.charge",
            task: current(stream),
            usage: usageOf(tokens),
            tokens,
            nanoUsd: costOf(modelOf(""), tokens),
            model,
            agent: OVERSEER,
            reason: "carried over",
          },
        ];
      }),
    ],
    async reserve(writer, { stream, agent, operation, tokens }) {
      const budget = streams.get(stream);
      if (budget === undefined) return undefined;
      if (budget.exhaustedAt !== undefined) {
        if (now() - budget.exhaustedAt > EXHAUSTED_MS) await nextSprint(writer, stream);
        return undefined;
      }
      const model = modelOf(agent);
      const task = current(stream);
      const sent = await writer.ask({
        type: "budget.reserve",
        task,
        tokens,
        nanoUsd: costOf(model, tokens),
        model: model.model,
        agent,
        operation,
        ttlMs: HOLD_TTL_MS,
      });
      if (sent.made !== undefined) return sent.made.hold;
      // Refused for another reason, such as a pause: the sprint goes on. Others may have told of the end meanwhile.
      if (sent.code !== "over_budget" || budget.exhaustedAt !== undefined || task !== current(stream)) return undefined;
      budget.exhaustedAt = now();
      await writer.send({
        type: "audit.note",
        event: "budget_exhausted",
        agent,
        resource: task,
        granted: false,
        reason: "no tokens left in this sprint",
      });
      return undefined;
    },
    async settle(writer, hold, { agent, operation }, tokens) {
      const model = modelOf(agent);
      await writer.send({
        type: "hold.settle",
        hold,
        usage: usageOf(tokens),
        tokens,
        nanoUsd: costOf(model, tokens),
        model: model.model,
        operation,
      });
    },
  };
}
