// Owns a model call under a budget, from the reserve to the settlement. Does not own the model call itself, which is the user's.
// Invariant: whatever happens, the hold is ended once: settled, released, or, where this process dies, by its time to live.

import type { Board } from "../board.ts";
import { platformEnvironment } from "../environment.ts";
import { keepHold, type Hold, type HoldEnd, type Surroundings } from "./hold.ts";
import { meterStream } from "./metered-stream.ts";
import { SettleFailed } from "./refusals.ts";
import { outputOf, reserve, type Reserved } from "./reserve.ts";
import { totalOf, type Usage, usageOf } from "./usage.ts";
import { createUsageMeter, type UsageMeter } from "./usage-meter.ts";

export interface WithBudgetOptions {
  /** The budget; those above it are asked too. */
  readonly task: string;
  /** Who spends; by default who is connected. */
  readonly agent?: string | undefined;
  /** The model, as the price table names it, such as `anthropic/claude-sonnet-4-5`. Without it no money is counted. */
  readonly model?: string | undefined;
  /** What for, such as `plan` or `review`. */
  readonly operation?: string | undefined;
  /** What the call may use at most: by kind (`output` is your max_tokens), or a sum, which is priced as its dearest kind. */
  readonly estimate: number | Usage;
  /** What the call may cost, in nano-USD, instead of what the price table says. */
  readonly nanoUsd?: number | undefined;
  /** Take less where the budget has not so much left, but at least so many output tokens. By default: all or nothing. */
  readonly minTokens?: number | undefined;
  /** How long the hold lives unless it is extended, 1000 ms or more; 60000 by default. After a crash it ends by itself. */
  readonly ttlMs?: number | undefined;
  /** How long it is extended at most, in ms; an hour by default. */
  readonly maxMs?: number | undefined;
  /** Cancels the call and its stream. */
  readonly signal?: AbortSignal | undefined;
  /** Reads the usage of an answer that is of none of the known shapes. */
  readonly usageOf?: ((answer: unknown) => Usage | undefined) | undefined;
  /** Whether an error of the call leaves something spent: then all that is held counts. By default: when it was cancelled or timed out. */
  readonly spentOnError?: ((error: unknown) => boolean) | undefined;
  /** Hears how the hold ended. */
  readonly onEnd?: ((end: HoldEnd) => void) | undefined;
  /** Clocks and timers; for simulations. */
  readonly surroundings?: Surroundings | undefined;
}

export interface CallContext {
  /** Name of the hold. */
  readonly hold: string;
  /** Output tokens that are held, reasoning too: your max_tokens. */
  readonly maxTokens: number;
  /** Pass it on to the model's client, so that whoever cancels ends the request. */
  readonly signal: AbortSignal;
  /** Tell the usage yourself: an answer or usage of a known shape, or kinds. The last one holds before what is read. */
  readonly onUsage: (usage: unknown) => void;
}

const CANCELLED = new Set(["AbortError", "TimeoutError", "APIUserAbortError", "APIConnectionTimeoutError"]);
const MIN_TTL_MS = 1000;

/**
 * Reserve, call, settle. A call that answers with a stream gives it back metered: it is settled when the stream ends, and also when
 * its reader leaves it, throws, or cancels.
 * @throws BudgetRefused, PausedError: nothing was called. SettleFailed: it was called. Or what the call itself throws.
 */
export async function withBudget<Chunk>(
  board: Pick<Board, "send">,
  options: WithBudgetOptions,
  call: (context: CallContext) => AsyncIterable<Chunk> | PromiseLike<AsyncIterable<Chunk>>,
): Promise<AsyncIterableIterator<Chunk>>;
export async function withBudget<Result>(
  board: Pick<Board, "send">,
  options: WithBudgetOptions,
  call: (context: CallContext) => Result | PromiseLike<Result>,
): Promise<Result>;
export async function withBudget(
  board: Pick<Board, "send">,
  options: WithBudgetOptions,
  call: (context: CallContext) => unknown,
): Promise<unknown> {
  const { ttlMs = 60_000, maxMs = 3_600_000, signal: outer, operation, onEnd } = options;
  if (!(ttlMs >= MIN_TTL_MS)) throw new TypeError(`ttlMs is at least ${MIN_TTL_MS}`);
  outer?.throwIfAborted();
  const surroundings = options.surroundings ?? platformEnvironment();
  const { task, agent, model, estimate, nanoUsd, minTokens } = options;
  const reserved = await reserve(board, surroundings, {
    task,
    agent,
    model,
    operation,
    ttlMs,
    estimate,
    nanoUsd,
    minTokens,
  });

  let inUse = (): boolean => true;
  const controller = new AbortController();
  const cancel = (): void => controller.abort(outer?.reason);
  const ended = (end: HoldEnd): void => {
    outer?.removeEventListener("abort", cancel);
    onEnd?.(end);
  };
  const hold = keepHold({
    board,
    surroundings,
    name: reserved.hold,
    ttlMs,
    maxMs,
    operation,
    onEnd: ended,
    inUse: () => inUse(),
  });
  outer?.addEventListener("abort", cancel, { once: true });
  if (outer?.aborted === true) cancel();
  const meter = createUsageMeter();
  const spentOnError =
    options.spentOnError ??
    ((error: unknown) => controller.signal.aborted || (error instanceof Error && CANCELLED.has(error.name)));
  const spentSoFar = (): Usage | undefined => atMost(meter.known, reserved);

  let result: unknown;
  try {
    // Cancelled while the reserve was under way: nothing is called.
    if (controller.signal.aborted) throw new NotCalled();
    result = await call(contextOf(reserved, controller.signal, meter));
  } catch (error) {
    const spent = !(error instanceof NotCalled) && (meter.known !== undefined || spentOnError(error));
    await hold.endSoon(spent, spentSoFar());
    throw error instanceof NotCalled ? outer?.reason : error;
  }

  if (isStream(result)) {
    const metered = meterStream(result, { hold, meter, controller, spentSoFar, spentOnError });
    inUse = metered.inUse;
    return metered.stream;
  }
  return settled(hold, meter.known?.usage ?? (options.usageOf ?? usageOf)(result), result);
}

class NotCalled extends Error {}

async function settled(hold: Hold, usage: Usage | undefined, result: unknown): Promise<unknown> {
  const end = await hold.settle(usage);
  if (end.how === "unsettled") throw new SettleFailed(end.hold, usage, end.error, result);
  return result;
}

function contextOf({ hold, maxTokens }: Reserved, signal: AbortSignal, meter: UsageMeter): CallContext {
  return {
    hold,
    maxTokens,
    signal,
    onUsage(told) {
      const usage = usageOf(told);
      if (usage === undefined) throw new TypeError("onUsage was told something that is no usage");
      meter.tell(usage);
    },
  };
}

/** What is known of a broken stream, and, where that is not all, as much output as was held: what is not known is not free. */
function atMost(known: UsageMeter["known"], { estimate, tokens }: Reserved): Usage | undefined {
  if (known === undefined || known.final) return known?.usage;
  const { usage } = known;
  const output = usage.output ?? 0;
  const missing =
    typeof estimate === "number" ? tokens - totalOf(usage) : outputOf(estimate) - output - (usage.reasoning ?? 0);
  return { ...usage, output: output + Math.max(0, missing) };
}

const isStream = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value;
