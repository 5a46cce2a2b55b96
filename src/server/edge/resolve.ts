// Owns what the edge adds to a caller's command before it becomes a record (rule 2): sums, and what tokens cost.
// Does not own verdicts (board/) or prices (prices/). Nothing inside the fold looks anything up, so all that is looked up is
// recorded here: `price` says which table, which model and which rates, so that anybody can compute it again.

import { type BoardState, issueTimeOf } from "../../board/index.ts";
import type { CallerCommand, CallerUsage, Command, SingleCommand, TokenUsage } from "../../protocol/index.ts";
import { Refusal } from "../problem.ts";
import type { FoundPrice, Prices } from "../prices/price-book.ts";
import type { Rates } from "../prices/rates.ts";
import { priceOfTokens, priceOfUsage, tokensOf } from "../prices/spend.ts";

type CallerSingle = Exclude<CallerCommand, { type: "batch" }>;

export interface ResolveWith {
  readonly prices: Prices;
  /** The board that the command is for: a settlement's model is that of its hold. */
  readonly state: Pick<BoardState, "holds">;
  /** Wall time of the command: when its id was issued, so that a retry is priced as the first attempt was. */
  readonly atMs: number;
}

/** When a command's id was issued, so far as it tells; otherwise now. */
export function timeOfPrice(id: string | undefined, nowMs: number): number {
  const issuedAtMs = id === undefined ? -1 : issueTimeOf(id);
  return issuedAtMs < 0 ? nowMs : issuedAtMs;
}

/**
 * The command as it goes into the log.
 * @throws Refusal `usage_mismatch`, `number_too_large`
 */
export function resolveCommand(command: CallerCommand, resolve: ResolveWith): Command {
  if (command.type !== "batch") return resolveSingle(command, resolve, {});
  return { ...command, commands: command.commands.map((one, index) => resolveSingle(one, resolve, { index })) };
}

/** Where in a batch; told with a refusal. */
type Place = { readonly index?: number };

function resolveSingle(command: CallerSingle, resolve: ResolveWith, place: Place): SingleCommand {
  switch (command.type) {
    case "budget.charge":
      return {
        ...command,
        ...amountsOf(command, command.model, false, resolve, place),
        tokens: sumOf(command, place) ?? 0,
      };
    case "budget.reserve":
      return { ...command, ...amountsOf(command, command.model, false, resolve, place) };
    case "hold.settle": {
      const hold = resolve.state.holds.get(command.hold);
      // Of a hold with money the caller knew the price: without one of ours the money counts as held, not as nothing.
      const known = hold?.nanoUsd !== undefined;
      return { ...command, ...amountsOf(command, command.model ?? hold?.model, known, resolve, place) };
    }
    case "hold.extend": {
      const model = resolve.state.holds.get(command.hold)?.model;
      return { ...command, ...amountsOf(command, model, false, resolve, place) };
    }
    default:
      return command;
  }
}

interface Stated {
  readonly tokens?: number | undefined;
  readonly nanoUsd?: number | undefined;
  readonly usage?: CallerUsage | undefined;
}
interface Amounts {
  readonly tokens?: number;
  readonly usage?: TokenUsage;
  readonly nanoUsd?: number;
  readonly price?: string;
  readonly unpriced?: true;
}

/** What is added. `moneyKnown`: money was stated before, so a price that is not known leaves it as it was. */
function amountsOf(
  stated: Stated,
  model: string | undefined,
  moneyKnown: boolean,
  resolve: ResolveWith,
  place: Place,
): Amounts {
  const tokens = sumOf(stated, place);
  const base: Amounts = {
    ...(tokens === undefined ? {} : { tokens }),
    ...(stated.usage === undefined ? {} : { usage: recordedUsage(stated.usage) }),
  };
  if (tokens === undefined || model === undefined || stated.nanoUsd !== undefined) return base;
  const unknown: Amounts = moneyKnown ? base : { ...base, unpriced: true };
  const found = resolve.prices.find(model, resolve.atMs);
  if (found === undefined) return unknown;
  const spend =
    stated.usage === undefined ? priceOfTokens(found.price, tokens) : priceOfUsage(found.price, stated.usage);
  if (spend.ok) return { ...base, nanoUsd: spend.nanoUsd, price: told(found, spend, stated.usage) };
  if (spend.why === "tooLarge") throw new Refusal("number_too_large", { facts: { ...place, model } });
  return unknown;
}

/** @throws Refusal `usage_mismatch`, `number_too_large` */
function sumOf({ tokens, usage }: Stated, place: Place): number | undefined {
  if (usage === undefined) return tokens;
  const sum = tokensOf(usage);
  if (sum === undefined) throw new Refusal("number_too_large", { facts: { ...place } });
  if (tokens !== undefined && tokens !== sum) throw new Refusal("usage_mismatch", { facts: { ...place, tokens, sum } });
  return sum;
}

/** What is kept of a usage: an hour's cache is told apart for its price only. */
function recordedUsage({ cacheWrite1h, ...usage }: CallerUsage): TokenUsage {
  return cacheWrite1h === undefined ? usage : { ...usage, cacheWrite: (usage.cacheWrite ?? 0) + cacheWrite1h };
}

/** JSON, so that an auditor's program can compute it again. Rates are integer nano-USD per million tokens. */
function told(
  { table, dated, model }: FoundPrice,
  spend: { readonly used: Rates },
  usage: CallerUsage | undefined,
): string {
  const { cacheWrite1h } = usage ?? {};
  return JSON.stringify({
    table,
    dated,
    model,
    nanoUsdPerMillion: spend.used,
    // Without kinds, every token costs what the dearest one does.
    ...(usage === undefined ? { dearest: true } : {}),
    ...(cacheWrite1h === undefined ? {} : { cacheWrite1h }),
  });
}
