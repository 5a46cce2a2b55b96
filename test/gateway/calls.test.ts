// Model calls under a budget, against a real board and a real (small) model server, over a socket and without one.

import { afterEach, describe, expect, it } from "vitest";
import type { Board } from "../../src/client/index.ts";
import { SwarmboardError } from "../../src/client/index.ts";
import { BudgetRefused, type HoldEnd, PausedError, SettleFailed, withBudget } from "../../src/client/gateway/index.ts";
import { endAfterEach } from "../server/harness.ts";
import { ANSWER, CACHED, inputTokens, REASONED } from "./model-server.ts";
import { callModel, leave, setStage, TASK, type Way } from "./stage.ts";

afterEach(leave);
endAfterEach();

const PROMPT = "say hello to the world";
const INPUT = inputTokens(PROMPT);
const MESSAGES = [{ role: "user", content: PROMPT }];
const ESTIMATE = { input: 200, output: 100 };
/** nano-USD of a token: gpt-4o costs 2.5, 1.25 (cached) and 10 dollars a million; sonnet 4.5 3, 0.3 and 15. */
const GPT = { input: 2500, cached: 1250, output: 10_000 };
const SONNET = { input: 3000, cached: 300, output: 15_000 };

describe.each<Way>(["socket", "http"])("a call over %s", (way) => {
  it("is settled with the usage of OpenAI's chat completions: cached input at its own price, reasoning as output", async () => {
    const { board, client, model, figures, lastHold } = await setStage({ limitNanoUsd: 10_000_000 }, way);
    expect(client.status.phase).toBe(way === "http" ? "polling" : "live");
    const result = await withBudget(
      board,
      { task: TASK, model: "openai/gpt-4o", estimate: ESTIMATE, operation: "greet" },
      async (context) => {
        expect(await figures()).toMatchObject({ tokens: 0, held: 300, holds: 1 });
        expect(context).toMatchObject({ maxTokens: 100, hold: expect.stringMatching(/^h\d/) as string });
        const body = { model: "gpt-4o", messages: MESSAGES, max_tokens: context.maxTokens };
        return callModel(`${model.url}/v1/chat/completions`, body, context.signal);
      },
    );
    expect(result.usage).toMatchObject({ completion_tokens: ANSWER });
    expect(await figures()).toEqual({
      tokens: INPUT + CACHED + ANSWER,
      nanoUsd: INPUT * GPT.input + CACHED * GPT.cached + ANSWER * GPT.output,
      held: 0,
      holds: 0,
      unpriced: 0,
    });
    expect(await lastHold()).toBe("settled");
  });
});

describe("a call", () => {
  it("is settled with the usage of OpenAI's responses, whose kinds are recorded", async () => {
    const { board, model, figures, state } = await setStage();
    await withBudget(board, { task: TASK, model: "gpt-4o", estimate: ESTIMATE }, ({ signal, maxTokens }) =>
      callModel(`${model.url}/v1/responses`, { model: "gpt-4o", input: PROMPT, max_output_tokens: maxTokens }, signal),
    );
    expect(await figures()).toMatchObject({ tokens: INPUT + CACHED + ANSWER, holds: 0 });
    expect((await state()).budgets.get(TASK)?.account?.usage).toEqual({
      input: INPUT,
      cacheRead: CACHED,
      cacheWrite: 0,
      output: ANSWER - REASONED,
      reasoning: REASONED,
    });
  });

  it("is settled with the usage of Anthropic's messages, whose caches stand apart", async () => {
    const { board, model, figures } = await setStage();
    await withBudget(
      board,
      { task: TASK, model: "anthropic/claude-sonnet-4-5", estimate: ESTIMATE },
      ({ signal, maxTokens }) =>
        callModel(
          `${model.url}/v1/messages`,
          { model: "claude-sonnet-4-5", messages: MESSAGES, max_tokens: maxTokens },
          signal,
        ),
    );
    expect(await figures()).toMatchObject({
      tokens: INPUT + CACHED + ANSWER,
      nanoUsd: INPUT * SONNET.input + CACHED * SONNET.cached + ANSWER * SONNET.output,
    });
  });

  it("that fails before anything is spent frees all that was held", async () => {
    const { board, model, figures, lastHold } = await setStage();
    const call = withBudget(board, { task: TASK, estimate: 300 }, ({ signal }) =>
      callModel(`${model.url}/v1/messages`, { model: "fail", messages: MESSAGES }, signal),
    );
    await expect(call).rejects.toThrow("answered 500");
    expect(await figures()).toMatchObject({ tokens: 0, held: 0, holds: 0 });
    expect(await lastHold()).toBe("released");
  });

  it("that fails after it told its usage is settled with it", async () => {
    const { board, figures } = await setStage();
    const call = withBudget(board, { task: TASK, estimate: 300 }, ({ onUsage }) => {
      onUsage({ input_tokens: 10, output_tokens: 5 });
      throw new Error("could not read the answer");
    });
    await expect(call).rejects.toThrow("could not read the answer");
    expect(await figures()).toMatchObject({ tokens: 15, held: 0 });
  });

  it("that is cancelled under way counts as spent in full: what is not known is not free", async () => {
    const { board, model, figures } = await setStage();
    const cancelling = new AbortController();
    const call = withBudget(board, { task: TASK, estimate: 300, signal: cancelling.signal }, ({ signal }) => {
      setTimeout(() => cancelling.abort(), 50);
      return callModel(`${model.url}/v1/messages`, { model: "hang", messages: MESSAGES }, signal);
    });
    await expect(call).rejects.toThrow(/abort/i);
    expect(await figures()).toMatchObject({ tokens: 300, held: 0, holds: 0 });
  });

  it("that is cancelled before it was made is not made, and nothing is spent", async () => {
    const { board, figures, model } = await setStage();
    const before = AbortSignal.abort(new Error("too late"));
    const call = () => callModel(`${model.url}/v1/messages`, { model: "m", messages: MESSAGES }, before);
    await expect(withBudget(board, { task: TASK, estimate: 1, signal: before }, call)).rejects.toThrow("too late");
    const cancelling = new AbortController();
    const slow: Pick<Board, "send"> = {
      send: async (...sent) => {
        const result = await board.send(...sent);
        cancelling.abort(new Error("meanwhile"));
        return result;
      },
    };
    await expect(withBudget(slow, { task: TASK, estimate: 1, signal: cancelling.signal }, call)).rejects.toThrow(
      "meanwhile",
    );
    expect(await figures()).toMatchObject({ tokens: 0, held: 0, holds: 0 });
    expect(model.requests).toBe(0);
  });

  it("whose answer tells no usage counts as spent in full; another reader may read it", async () => {
    const { board, figures } = await setStage();
    await withBudget(board, { task: TASK, estimate: 300 }, () => "an answer");
    expect(await figures()).toMatchObject({ tokens: 300, held: 0 });
    await withBudget(
      board,
      { task: TASK, estimate: 300, usageOf: (answer) => ({ input: (answer as { n: number }).n }) },
      () => ({ n: 7 }),
    );
    expect(await figures()).toMatchObject({ tokens: 307, held: 0 });
    await expect(withBudget(board, { task: TASK, estimate: 300 }, ({ onUsage }) => onUsage("many"))).rejects.toThrow(
      TypeError,
    );
  });

  it("regression: a refusal that does not say which budget — this one says which, how much is left, and when it resets", async () => {
    const { board, model } = await setStage({ parent: undefined });
    const window = { every: "day", timeZone: "UTC", rollover: false } as const;
    await board.send({ type: "budget.open", task: "team", limitTokens: 250, window });
    await board.send({ type: "budget.charge", task: "team", tokens: 50 });
    await board.send({ type: "budget.move", task: TASK, parent: "team" });
    await withBudget(board, { task: TASK, estimate: 100 }, async () => {
      const refused = withBudget(board, { task: TASK, estimate: 101 }, ({ signal }) =>
        callModel(model.url, {}, signal),
      );
      const error = (await refused.catch((one: unknown) => one)) as BudgetRefused;
      expect(error).toBeInstanceOf(BudgetRefused);
      expect(error).toBeInstanceOf(SwarmboardError);
      expect(error).toMatchObject({
        code: "over_budget",
        budget: "team",
        dimension: "tokens",
        limit: 250,
        spent: 50,
        held: 100,
        requested: 101,
        available: 100,
      });
      return { usage: { input_tokens: 1, output_tokens: 1 } };
    });
    expect(model.requests).toBe(0);
  });

  it("is not made while the board, the task or the agent is paused", async () => {
    const { board, model } = await setStage();
    for (const scope of [{ scope: "board" }, { scope: "task", name: TASK }, { scope: "agent", name: "ada" }] as const) {
      await board.send({ type: "pause.set", ...scope, reason: "stop" });
      const error: unknown = await withBudget(board, { task: TASK, estimate: 1 }, () =>
        callModel(model.url, {}, AbortSignal.abort()),
      ).catch((one: unknown) => one);
      expect(error).toBeInstanceOf(PausedError);
      expect(error).toMatchObject({
        paused: "name" in scope ? `${scope.scope}:${scope.name}` : "board",
        by: "ada",
        reason: "stop",
      });
      await board.send({ type: "pause.clear", ...scope });
    }
    expect(model.requests).toBe(0);
  });

  it("unknown model: is not made under a limit of money, unless the caller states what it costs", async () => {
    const { board, figures } = await setStage({ limitNanoUsd: 1_000_000 });
    const options = { task: TASK, model: "nobody/knows", estimate: ESTIMATE };
    const error: unknown = await withBudget(board, options, () => "never").catch((one: unknown) => one);
    expect(error).toMatchObject({ name: "BudgetRefused", code: "unknown_model", budget: TASK });
    await withBudget(board, { ...options, nanoUsd: 500 }, () => ({ usage: { input_tokens: 5, output_tokens: 5 } }));
    expect(await figures()).toMatchObject({ tokens: 10, nanoUsd: 500, unpriced: 0, holds: 0 });
  });
});

describe("less than is estimated", () => {
  it("takes the most tokens that fit, if they are worth a call", async () => {
    const { board } = await setStage({ limitTokens: 250 });
    const options = { task: TASK, estimate: ESTIMATE };
    await withBudget(board, { ...options, minTokens: 50 }, ({ maxTokens }) => {
      expect(maxTokens).toBe(50);
      return { usage: { input_tokens: 150, output_tokens: 50 } };
    });
    await expect(withBudget(board, { ...options, minTokens: 1 }, () => "never")).rejects.toMatchObject({
      code: "over_budget",
      available: 50,
    });
    await expect(withBudget(board, options, () => "never")).rejects.toThrow(BudgetRefused);
    await withBudget(board, { task: TASK, estimate: 500, minTokens: 20 }, ({ maxTokens }) => {
      expect(maxTokens).toBe(50);
      return { usage: { input_tokens: 1, output_tokens: 1 } };
    });
  });

  it("takes as much money as fits, whatever the input costs, and never more", async () => {
    for (const limitNanoUsd of [600_000, 1_000_000, 1_234_567, 1_499_999]) {
      const { board, state } = await setStage({ limitNanoUsd });
      // 200 of input cost 500 000; a token of output 10 000.
      const fits = Math.floor((limitNanoUsd - 500_000) / 10_000);
      await withBudget(
        board,
        { task: TASK, model: "gpt-4o", estimate: ESTIMATE, minTokens: 1 },
        async ({ maxTokens, hold }) => {
          const held = (await state()).holds.get(hold)?.nanoUsd ?? 0;
          expect([limitNanoUsd, held]).toEqual([limitNanoUsd, 500_000 + maxTokens * 10_000]);
          expect(held).toBeLessThanOrEqual(limitNanoUsd);
          expect(maxTokens).toBeGreaterThanOrEqual(Math.max(1, fits - 1));
          return { usage: { input_tokens: 1, output_tokens: 1 } };
        },
      );
      await leave();
    }
  });

  it("law L8: many callers at once never hold or spend more than the limit", async () => {
    const { board, state } = await setStage({ limitTokens: 1000 });
    let most = 0;
    const calls = Array.from({ length: 40 }, async (_, n) =>
      withBudget(board, { task: TASK, estimate: { input: 10, output: 60 }, minTokens: 20 }, async ({ maxTokens }) => {
        const budget = (await state()).budgets.get(TASK);
        most = Math.max(most, (budget?.usedTokens ?? 0) + (budget?.account?.heldTokens ?? 0));
        return { usage: { input_tokens: 10, output_tokens: maxTokens - (n % 7) } };
      }).catch((error: unknown) => {
        if (!(error instanceof BudgetRefused)) throw error;
        return undefined;
      }),
    );
    const made = (await Promise.all(calls)).filter((one) => one !== undefined).length;
    expect(made).toBeGreaterThan(5);
    expect(most).toBeLessThanOrEqual(1000);
    expect((await state()).budgets.get(TASK)?.usedTokens).toBeLessThanOrEqual(1000);
  });
});

describe("answers that are lost", () => {
  const lost = (command: string) =>
    new SwarmboardError(
      { code: "indeterminate", retry: "same", detail: "lost" },
      { commandId: command, maybeApplied: true },
    );

  it("regression: double charge by a retried request — every command is sent again under its own id, and applied once", async () => {
    const { board, model, figures, state } = await setStage();
    const ids = new Map<string, Set<string>>();
    let sent = 0;
    /** Applies every command, and loses the first two answers to each. */
    const losing: Pick<Board, "send"> = {
      async send(command, options) {
        sent++;
        const seen = ids.get(command.type) ?? new Set();
        ids.set(command.type, seen.add(options?.id ?? ""));
        const result = await board.send(command, options);
        if (sent % 3 !== 0) throw lost(options?.id ?? "");
        return result;
      },
    };
    await withBudget(losing, { task: TASK, model: "gpt-4o", estimate: ESTIMATE }, ({ signal }) =>
      callModel(`${model.url}/v1/chat/completions`, { model: "gpt-4o", messages: MESSAGES }, signal),
    );
    expect(sent).toBe(6);
    expect(Array.from(ids, ([type, seen]) => [type, seen.size])).toEqual([
      ["budget.reserve", 1],
      ["hold.settle", 1],
    ]);
    expect(await figures()).toMatchObject({ tokens: INPUT + CACHED + ANSWER, held: 0 });
    expect((await state()).holds.size).toBe(1);
  });

  it("tells who called that the call was made, with its answer, where it cannot be settled", async () => {
    const { board, figures } = await setStage();
    const ends: HoldEnd[] = [];
    const failing: Pick<Board, "send"> = {
      send: (command, options) =>
        command.type === "hold.settle" ? Promise.reject(lost(options?.id ?? "")) : board.send(command, options),
    };
    const answer = { usage: { input_tokens: 3, output_tokens: 4 } };
    const error: unknown = await withBudget(
      failing,
      { task: TASK, estimate: 300, onEnd: (end) => ends.push(end) },
      () => answer,
    ).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(SettleFailed);
    expect(error).toMatchObject({ usage: { input: 3, output: 4 }, result: answer });
    expect(ends).toMatchObject([{ how: "unsettled" }]);
    // It counts as held, until it expires.
    expect(await figures()).toMatchObject({ held: 300 });
  });
});
