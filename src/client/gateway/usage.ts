// Owns reading what a model call used from what providers and their SDKs answer, into kinds of tokens that are disjoint.
// Does not own streams (usage-meter.ts) or prices. Invariant: no token is counted in two kinds; what cannot be read is undefined.

import type { CallerUsage } from "../../protocol/commands/budget.ts";

/** Tokens by kind. The kinds are disjoint; those that are absent are 0. */
export type Usage = { readonly [K in keyof CallerUsage]?: number };

export type Loose = { readonly [member: string]: unknown };

export const looseOf = (value: unknown): Loose | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Loose) : undefined;

const MOST = Number.MAX_SAFE_INTEGER;

/** A count, or undefined for what is none: AI SDK 4 says NaN where a provider told nothing. */
const count = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= MOST ? value : undefined;

interface Counts {
  /** Input that is neither read from nor written to a cache. */
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number | undefined;
  readonly cacheWrite?: number | undefined;
  readonly cacheWrite1h?: number | undefined;
  /** Part of `output`; it is taken out here. */
  readonly reasoningOfOutput?: number | undefined;
}

function kinds({
  input,
  output,
  cacheRead = 0,
  cacheWrite = 0,
  cacheWrite1h = 0,
  reasoningOfOutput = 0,
}: Counts): Usage {
  const reasoning = Math.min(reasoningOfOutput, output);
  const all = { input, output: output - reasoning, cacheRead, cacheWrite, cacheWrite1h, reasoning };
  return Object.fromEntries(Object.entries(all).filter(([, tokens]) => tokens > 0));
}

/** What is left of a total without parts that it includes. */
const without = (total: number, ...parts: readonly (number | undefined)[]): number =>
  Math.max(
    0,
    parts.reduce((left: number, part) => left - (part ?? 0), total),
  );

/** OpenAI's chat completions, and what speaks like them: what is cached and reasoned is part of the totals. */
function ofChat(usage: Loose): Usage | undefined {
  const [input, output] = [count(usage["prompt_tokens"]), count(usage["completion_tokens"])];
  if (input === undefined || output === undefined) return undefined;
  const details = looseOf(usage["prompt_tokens_details"]);
  // DeepSeek's own names.
  const cacheRead = count(details?.["cached_tokens"]) ?? count(usage["prompt_cache_hit_tokens"]);
  const cacheWrite = count(details?.["cache_write_tokens"]);
  const reasoningOfOutput = count(looseOf(usage["completion_tokens_details"])?.["reasoning_tokens"]);
  return kinds({ input: without(input, cacheRead, cacheWrite), output, cacheRead, cacheWrite, reasoningOfOutput });
}

/** OpenAI's responses (parts of totals) and Anthropic's messages (apart from `input_tokens`), which share two names. */
function ofMessages(usage: Loose): Usage | undefined {
  const [input, output] = [count(usage["input_tokens"]), count(usage["output_tokens"])];
  if (input === undefined || output === undefined) return undefined;
  const details = looseOf(usage["input_tokens_details"]);
  if (details !== undefined || "output_tokens_details" in usage) {
    const cacheRead = count(details?.["cached_tokens"]);
    const cacheWrite = count(details?.["cache_write_tokens"]);
    const reasoningOfOutput = count(looseOf(usage["output_tokens_details"])?.["reasoning_tokens"]);
    return kinds({ input: without(input, cacheRead, cacheWrite), output, cacheRead, cacheWrite, reasoningOfOutput });
  }
  const written = count(usage["cache_creation_input_tokens"]) ?? 0;
  const cacheWrite1h = Math.min(written, count(looseOf(usage["cache_creation"])?.["ephemeral_1h_input_tokens"]) ?? 0);
  const cacheRead = count(usage["cache_read_input_tokens"]);
  return kinds({ input, output, cacheRead, cacheWrite: written - cacheWrite1h, cacheWrite1h });
}

/** Vercel's AI SDK from version 5 on. `metadata`: what its provider told besides. */
function ofAiSdk(usage: Loose, metadata: Loose | undefined): Usage | undefined {
  const [input, output] = [count(usage["inputTokens"]), count(usage["outputTokens"])];
  if (input === undefined || output === undefined) return undefined;
  const ofInput = looseOf(usage["inputTokenDetails"]);
  const ofOutput = looseOf(usage["outputTokenDetails"]);
  const reasoningOfOutput = count(ofOutput?.["reasoningTokens"]) ?? count(usage["reasoningTokens"]);
  if (ofInput !== undefined) {
    // Version 6: a total, and what it is made of.
    const cacheRead = count(ofInput["cacheReadTokens"]) ?? count(usage["cachedInputTokens"]);
    const cacheWrite = count(ofInput["cacheWriteTokens"]);
    const plain = count(ofInput["noCacheTokens"]) ?? without(input, cacheRead, cacheWrite);
    return kinds({ input: plain, output, cacheRead, cacheWrite, reasoningOfOutput });
  }
  // Version 5: Anthropic's input leaves out what is cached, the others' includes it.
  const anthropic = looseOf(metadata?.["anthropic"]);
  const cacheRead = count(usage["cachedInputTokens"]);
  const apart = anthropic !== undefined || (cacheRead ?? 0) > input;
  return kinds({
    input: apart ? input : without(input, cacheRead),
    output,
    cacheRead,
    cacheWrite: count(anthropic?.["cacheCreationInputTokens"]),
    reasoningOfOutput,
  });
}

/** Vercel's AI SDK 4: two totals, and the rest in what its provider told besides. */
function ofAiSdk4(usage: Loose, metadata: Loose | undefined): Usage | undefined {
  const [input, output] = [count(usage["promptTokens"]), count(usage["completionTokens"])];
  if (input === undefined || output === undefined) return undefined;
  const anthropic = looseOf(metadata?.["anthropic"]);
  const openai = looseOf(metadata?.["openai"]);
  const ofTotal = count(openai?.["cachedPromptTokens"]);
  return kinds({
    input: without(input, ofTotal),
    output,
    cacheRead: ofTotal ?? count(anthropic?.["cacheReadInputTokens"]),
    cacheWrite: count(anthropic?.["cacheCreationInputTokens"]),
    reasoningOfOutput: count(openai?.["reasoningTokens"]),
  });
}

const OWN = ["input", "output", "cacheRead", "cacheWrite", "cacheWrite1h", "reasoning"] as const;

/** Our own kinds, as a program states them itself. */
function ofKinds(usage: Loose): Usage | undefined {
  const names = Object.keys(usage);
  if (names.length === 0 || !names.every((name) => (OWN as readonly string[]).includes(name))) return undefined;
  const counts = OWN.map((kind) => [kind, usage[kind] === undefined ? 0 : count(usage[kind])] as const);
  if (counts.some(([, tokens]) => tokens === undefined)) return undefined;
  return Object.fromEntries(counts.filter(([, tokens]) => tokens !== 0));
}

const ofUsage = (usage: Loose, metadata: Loose | undefined): Usage | undefined =>
  ofChat(usage) ?? ofMessages(usage) ?? ofAiSdk(usage, metadata) ?? ofAiSdk4(usage, metadata) ?? ofKinds(usage);

/**
 * What a call used: of a usage as OpenAI (chat completions and responses), Anthropic or Vercel's AI SDK (4, 5, 6) state it, of a
 * whole answer that has one, or of our own kinds. Undefined where there is none to be read.
 */
export function usageOf(answer: unknown): Usage | undefined {
  const whole = looseOf(answer);
  if (whole === undefined) return undefined;
  const metadata = looseOf(whole["providerMetadata"]) ?? looseOf(whole["experimental_providerMetadata"]);
  const steps = whole["steps"];
  if (Array.isArray(steps) && steps.length > 0) {
    // AI SDK: each step knows what its provider told; the sum over them does not.
    const all = steps.map(usageOf);
    if (all.every((one) => one !== undefined)) return all.reduce(sumOf);
  }
  const inner =
    looseOf(whole["totalUsage"]) ?? looseOf(whole["usage"]) ?? looseOf(looseOf(whole["response"])?.["usage"]);
  return inner === undefined ? ofUsage(whole, metadata) : ofUsage(inner, metadata);
}

export function sumOf(a: Usage, b: Usage): Usage {
  const kindsOf = OWN.flatMap((kind) => {
    const tokens = (a[kind] ?? 0) + (b[kind] ?? 0);
    return tokens === 0 ? [] : [[kind, tokens] as const];
  });
  return Object.fromEntries(kindsOf);
}

export const totalOf = (usage: Usage): number => OWN.reduce((sum, kind) => sum + (usage[kind] ?? 0), 0);
