// Owns the flags for the terms of a budget, and the body that they come to, for `budget open` and `budget change`.
// Does not own what terms mean, or which are allowed: the server judges them.

import { type Command, InvalidArgumentError, Option } from "commander";
import { type Amounts, parseAmount, parseAmounts, parseCount } from "../parse-values.ts";

export interface TermFlags {
  readonly description?: string;
  readonly policy?: string;
  readonly overdraft?: Amounts;
  readonly unknownModel?: string;
  readonly window?: string;
  readonly timeZone?: string;
  readonly rollover?: boolean;
  readonly thresholds?: readonly number[];
  readonly maxHolds?: number | None;
  readonly maxReserve?: Amounts | None;
  readonly rate?: number | None;
  readonly tokenRate?: number | None;
  readonly agentRate?: number | None;
  readonly agentTokenRate?: number | None;
}

/** Clears a term of an open budget. Kept as the word: commander takes null for an option without a value. */
type None = "none";

const orNone =
  <Value>(parse: (word: string, earlier?: Value) => Value) =>
  (word: string, earlier?: Value | None): Value | None =>
    word === "none" ? word : parse(word, earlier === "none" ? undefined : earlier);

const nullFor = <Value>(value: Value | None | undefined): Value | null | undefined => (value === "none" ? null : value);

const percentages = (word: string): readonly number[] =>
  word.split(",").map((part) => {
    const percent = parseAmount(part.trim().replace(/%$/, ""));
    if (percent < 1 || percent > 1000)
      throw new InvalidArgumentError("Give percentages from 1 to 1000, such as 50,80,100.");
    return percent;
  });

export function addTermFlags(command: Command): Command {
  return command
    .option("--description <text>")
    .addOption(
      new Option(
        "--policy <policy>",
        "hard: never beyond the limit; soft: alerts only; overdraft: so much beyond",
      ).choices(["hard", "soft", "overdraft"]),
    )
    .option("--overdraft <amounts...>", "beyond the limit under that policy: tokens, dollars or both", parseAmounts)
    .addOption(
      new Option("--unknown-model <how>", "a model without a price under a limit of dollars").choices([
        "deny",
        "tokens-only",
      ]),
    )
    .addOption(
      new Option("--window <every>", "start anew every so often; none: for ever").choices([
        "hour",
        "day",
        "week",
        "month",
        "none",
      ]),
    )
    .option("--time-zone <zone>", "IANA time zone of the window (default: UTC)")
    .option("--rollover", "what is left at a window's end is added to the next one, and so is debt")
    .option("--thresholds <percents>", "raise alerts at these, such as 50,80,100", percentages)
    .option("--max-holds <count>", "open holds at once", orNone(parseCount))
    .option("--max-reserve <amounts...>", "the largest single reserve: tokens, dollars or both", orNone(parseAmounts))
    .option("--rate <count>", "reserves per minute", orNone(parseCount))
    .option("--token-rate <tokens>", "tokens reserved per minute", orNone(parseAmount))
    .option("--agent-rate <count>", "reserves per minute of each agent", orNone(parseCount))
    .option("--agent-token-rate <tokens>", "tokens reserved per minute of each agent", orNone(parseAmount));
}

/** The members that the flags state. Null clears, where a budget is changed. */
export function termsBody(flags: TermFlags): Record<string, unknown> {
  const { description, policy, overdraft, unknownModel, thresholds, maxHolds, maxReserve } = flags;
  return {
    description,
    policy,
    overdraftTokens: overdraft?.tokens,
    overdraftNanoUsd: overdraft?.nanoUsd,
    unknownModel: unknownModel === "tokens-only" ? "tokensOnly" : unknownModel,
    window: windowOf(flags),
    thresholds,
    maxHolds: nullFor(maxHolds),
    maxReserveTokens: maxReserve === "none" ? null : maxReserve?.tokens,
    maxReserveNanoUsd: maxReserve === "none" ? null : maxReserve?.nanoUsd,
    rate: rateOf(flags.rate, flags.tokenRate),
    ratePerAgent: rateOf(flags.agentRate, flags.agentTokenRate),
  };
}

function windowOf({ window, timeZone, rollover }: TermFlags): object | null | undefined {
  if (window === "none") return null;
  if (window !== undefined) return { every: window, timeZone: timeZone ?? "UTC", rollover: rollover === true };
  if (timeZone !== undefined || rollover === true)
    throw new InvalidArgumentError("--time-zone and --rollover are of a window: give --window, too.");
  return undefined;
}

function rateOf(reserves: number | None | undefined, tokens: number | None | undefined): object | null | undefined {
  if (reserves === undefined && tokens === undefined) return undefined;
  const stated = {
    ...(typeof reserves === "number" ? { reservesPerMinute: reserves } : {}),
    ...(typeof tokens === "number" ? { tokensPerMinute: tokens } : {}),
  };
  return Object.keys(stated).length === 0 ? null : stated;
}
