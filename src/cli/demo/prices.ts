// Owns what the demo's models cost and who works with which. Made up, as the models are; integer nano-USD per token, as on the board.
// Does not own real prices (the price table of the server).

export interface DemoModel {
  readonly model: string;
  /** Nano-USD per token; undefined for a model that no price is known of. */
  readonly price: { readonly input: number; readonly cacheRead: number; readonly output: number } | undefined;
}

const LARGE: DemoModel = { model: "demo/large", price: { input: 3000, cacheRead: 300, output: 15_000 } };
const SMALL: DemoModel = { model: "demo/small", price: { input: 400, cacheRead: 40, output: 1600 } };
const LOCAL: DemoModel = { model: "local/unlisted", price: undefined };

const MODEL_OF: Readonly<Record<string, DemoModel>> = { scout: LARGE, noether: LARGE, atlas: LARGE, verse: LOCAL };

export const modelOf = (agent: string): DemoModel => MODEL_OF[agent] ?? SMALL;

/** How the tokens of a call fall into kinds: much read, half of it from a cache, little written. */
export function usageOf(tokens: number): {
  readonly input: number;
  readonly cacheRead: number;
  readonly output: number;
} {
  const output = Math.floor(tokens / 5);
  const cacheRead = Math.floor((tokens - output) / 2);
  return { input: tokens - output - cacheRead, cacheRead, output };
}

/** Undefined where no price is known: not free. */
export function costOf({ price }: DemoModel, tokens: number): number | undefined {
  if (price === undefined) return undefined;
  const { input, cacheRead, output } = usageOf(tokens);
  return input * price.input + cacheRead * price.cacheRead + output * price.output;
}
