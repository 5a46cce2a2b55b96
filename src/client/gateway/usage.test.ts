import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { totalOf, type Usage, usageOf } from "./usage.ts";
import { createUsageMeter } from "./usage-meter.ts";

/** What each speaker says of the same call. Anthropic and AI SDK 5 with Anthropic state caches apart, the others within. */
const SHAPES: Readonly<Record<string, (u: Required<Usage>) => unknown>> = {
  "OpenAI chat completions": (u) => ({
    prompt_tokens: u.input + u.cacheRead,
    completion_tokens: u.output + u.reasoning,
    total_tokens: u.input + u.cacheRead + u.output + u.reasoning,
    prompt_tokens_details: { cached_tokens: u.cacheRead, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: u.reasoning },
  }),
  "OpenAI responses": (u) => ({
    input_tokens: u.input + u.cacheRead,
    input_tokens_details: { cached_tokens: u.cacheRead },
    output_tokens: u.output + u.reasoning,
    output_tokens_details: { reasoning_tokens: u.reasoning },
    total_tokens: u.input + u.cacheRead + u.output + u.reasoning,
  }),
  "OpenRouter, with cache writes": (u) => ({
    prompt_tokens: u.input + u.cacheRead + u.cacheWrite,
    completion_tokens: u.output + u.reasoning,
    prompt_tokens_details: { cached_tokens: u.cacheRead, cache_write_tokens: u.cacheWrite },
    completion_tokens_details: { reasoning_tokens: u.reasoning },
  }),
  DeepSeek: (u) => ({
    prompt_tokens: u.input + u.cacheRead,
    completion_tokens: u.output + u.reasoning,
    prompt_cache_hit_tokens: u.cacheRead,
    prompt_cache_miss_tokens: u.input,
    completion_tokens_details: { reasoning_tokens: u.reasoning },
  }),
  "Anthropic messages": (u) => ({
    input_tokens: u.input,
    output_tokens: u.output,
    cache_read_input_tokens: u.cacheRead,
    cache_creation_input_tokens: u.cacheWrite + u.cacheWrite1h,
    cache_creation: { ephemeral_5m_input_tokens: u.cacheWrite, ephemeral_1h_input_tokens: u.cacheWrite1h },
    service_tier: "standard",
  }),
  "AI SDK 4 with OpenAI": (u) => ({
    usage: { promptTokens: u.input + u.cacheRead, completionTokens: u.output + u.reasoning, totalTokens: 1 },
    providerMetadata: { openai: { cachedPromptTokens: u.cacheRead, reasoningTokens: u.reasoning } },
  }),
  "AI SDK 4 with Anthropic": (u) => ({
    usage: { promptTokens: u.input, completionTokens: u.output, totalTokens: u.input + u.output },
    experimental_providerMetadata: {
      anthropic: { cacheReadInputTokens: u.cacheRead, cacheCreationInputTokens: u.cacheWrite },
    },
  }),
  "AI SDK 5 with OpenAI": (u) => ({
    usage: {
      inputTokens: u.input + u.cacheRead,
      outputTokens: u.output + u.reasoning,
      totalTokens: 1,
      reasoningTokens: u.reasoning,
      cachedInputTokens: u.cacheRead,
    },
    providerMetadata: { openai: {} },
  }),
  "AI SDK 5 with Anthropic": (u) => ({
    usage: { inputTokens: u.input, outputTokens: u.output, totalTokens: 1, cachedInputTokens: u.cacheRead },
    providerMetadata: { anthropic: { cacheCreationInputTokens: u.cacheWrite } },
  }),
  "AI SDK 6": (u) => ({
    inputTokens: u.input + u.cacheRead + u.cacheWrite,
    inputTokenDetails: { noCacheTokens: u.input, cacheReadTokens: u.cacheRead, cacheWriteTokens: u.cacheWrite },
    outputTokens: u.output + u.reasoning,
    outputTokenDetails: { textTokens: u.output, reasoningTokens: u.reasoning },
    cachedInputTokens: u.cacheRead,
    reasoningTokens: u.reasoning,
  }),
};
/** Kinds that a speaker has no words for. */
const SILENT: Readonly<Record<string, readonly (keyof Usage)[]>> = {
  "OpenAI chat completions": ["cacheWrite", "cacheWrite1h"],
  "OpenAI responses": ["cacheWrite", "cacheWrite1h"],
  "OpenRouter, with cache writes": ["cacheWrite1h"],
  DeepSeek: ["cacheWrite", "cacheWrite1h"],
  "Anthropic messages": ["reasoning"],
  "AI SDK 4 with OpenAI": ["cacheWrite", "cacheWrite1h"],
  "AI SDK 4 with Anthropic": ["cacheWrite1h", "reasoning"],
  "AI SDK 5 with OpenAI": ["cacheWrite", "cacheWrite1h"],
  "AI SDK 5 with Anthropic": ["cacheWrite1h", "reasoning"],
  "AI SDK 6": ["cacheWrite1h"],
};

const tokens = fc.integer({ min: 0, max: 1_000_000 });
const usages = fc.record({
  input: tokens,
  output: tokens,
  cacheRead: tokens,
  cacheWrite: tokens,
  cacheWrite1h: tokens,
  reasoning: tokens,
});

describe("usage as providers state it", () => {
  it.each(Object.keys(SHAPES))(
    "regression: cached tokens mispriced — %s is read into disjoint kinds, none counted twice",
    (name) => {
      fc.assert(
        fc.property(usages, (all) => {
          const said = { ...all, ...Object.fromEntries((SILENT[name] ?? []).map((kind) => [kind, 0])) };
          const expected = Object.fromEntries(Object.entries(said).filter(([, count]) => count > 0));
          const answer = SHAPES[name]?.(said);
          expect(usageOf(answer)).toEqual(expected);
          // The same within a whole answer.
          if (!name.startsWith("AI SDK")) expect(usageOf({ id: "x", usage: answer })).toEqual(expected);
        }),
      );
    },
  );

  it("AI SDK: sums the steps, each as its own provider counts", () => {
    const step = {
      usage: { inputTokens: 10, outputTokens: 5, cachedInputTokens: 8 },
      providerMetadata: { anthropic: {} },
    };
    const answer = {
      usage: step.usage,
      totalUsage: { inputTokens: 20, outputTokens: 10, cachedInputTokens: 16 },
      steps: [step, step],
    };
    expect(usageOf(answer)).toEqual({ input: 20, output: 10, cacheRead: 16 });
    expect(usageOf({ ...answer, steps: [] })).toEqual({ input: 4, output: 10, cacheRead: 16 });
  });

  it("takes what is no usage for none, and never for 0", () => {
    for (const wrong of [
      undefined,
      null,
      5,
      "usage",
      [],
      {},
      { usage: null },
      { usage: { prompt_tokens: 5 } },
      { promptTokens: Number.NaN, completionTokens: Number.NaN },
      { input_tokens: -1, output_tokens: 2 },
      { input_tokens: 1.5, output_tokens: 2 },
      { input: 1, outputs: 2 },
      { input: "1" },
    ]) {
      expect([wrong, usageOf(wrong)]).toEqual([wrong, undefined]);
    }
    expect(usageOf({ input: 5, reasoning: 2 })).toEqual({ input: 5, reasoning: 2 });
  });

  it("never counts below zero where a provider's parts are larger than its whole", () => {
    fc.assert(
      fc.property(
        tokens,
        tokens,
        tokens,
        tokens,
        (prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens) => {
          const usage =
            usageOf({
              prompt_tokens,
              completion_tokens,
              prompt_tokens_details: { cached_tokens },
              completion_tokens_details: { reasoning_tokens },
            }) ?? {};
          expect(Object.values(usage).every((count) => count > 0)).toBe(true);
          expect(totalOf(usage)).toBeGreaterThanOrEqual(prompt_tokens + completion_tokens);
        },
      ),
    );
  });
});

describe("usage of a stream", () => {
  const knownAfter = (...chunks: readonly unknown[]) => {
    const meter = createUsageMeter();
    for (const chunk of chunks) meter.chunk(chunk);
    return meter.known;
  };
  const start = {
    type: "message_start",
    message: { usage: { input_tokens: 5, cache_read_input_tokens: 100, output_tokens: 1 } },
  };
  const delta = (output_tokens: number, stop_reason: string | null = null) => ({
    type: "message_delta",
    delta: { stop_reason },
    usage: { output_tokens, input_tokens: null },
  });

  it("Anthropic: counts of later events are those of the whole message, and are final with its reason to stop", () => {
    expect(knownAfter(start)).toEqual({ usage: { input: 5, cacheRead: 100, output: 1 }, final: false });
    expect(knownAfter(start, delta(20))).toEqual({ usage: { input: 5, cacheRead: 100, output: 20 }, final: false });
    expect(knownAfter(start, delta(20), delta(42, "end_turn"))).toEqual({
      usage: { input: 5, cacheRead: 100, output: 42 },
      final: true,
    });
  });

  it("OpenAI: the usage is in the last chunk, or in the response that is completed", () => {
    const usage = { prompt_tokens: 5, completion_tokens: 7 };
    expect(knownAfter({ choices: [{}], usage: null }, { choices: [{}] })).toBeUndefined();
    expect(knownAfter({ choices: [{}], usage: null }, { choices: [], usage })).toEqual({
      usage: { input: 5, output: 7 },
      final: true,
    });
    expect(knownAfter({ choices: [{}], usage })).toEqual({ usage: { input: 5, output: 7 }, final: false });
    const response = { usage: { input_tokens: 5, output_tokens: 7, output_tokens_details: { reasoning_tokens: 3 } } };
    expect(
      knownAfter({ type: "response.created", response: { usage: null } }, { type: "response.completed", response }),
    ).toEqual({ usage: { input: 5, output: 4, reasoning: 3 }, final: true });
  });

  it("AI SDK: adds up the steps of a full stream", () => {
    const step = {
      type: "finish-step",
      usage: { inputTokens: 10, outputTokens: 5, cachedInputTokens: 8 },
      providerMetadata: { anthropic: {} },
    };
    expect(knownAfter(step)).toEqual({ usage: { input: 10, output: 5, cacheRead: 8 }, final: false });
    const finish = { type: "finish", totalUsage: { inputTokens: 20, outputTokens: 10, cachedInputTokens: 16 } };
    expect(knownAfter(step, step, finish)).toEqual({ usage: { input: 20, output: 10, cacheRead: 16 }, final: true });
    expect(knownAfter(finish)).toEqual({ usage: { input: 4, output: 10, cacheRead: 16 }, final: true });
  });
});
