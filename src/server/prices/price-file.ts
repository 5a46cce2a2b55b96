// Owns the form in which people state prices: the file of `--prices`, the body of `PUT …/prices/{model}`, and the file that
// keeps what was put. Does not own looking them up (price-book.ts). A file that is not of this form is refused whole.

import { z } from "zod";
import { nanoUsdOf, usdText } from "../../protocol/index.ts";
import { type Kind, KINDS, type Price, type Rates } from "./rates.ts";

/** A text, or a number that has at most 15 digits, so that its decimal is what was written. */
const usd = z
  .union([z.string(), z.number()])
  .transform((stated, context) => {
    const nano = nanoUsdOf(String(stated));
    if (nano !== undefined) return nano;
    context.addIssue({
      code: "custom",
      message: 'must be US dollars as a decimal with at most 9 digits behind the point, such as "0.25"',
    });
    return z.NEVER;
  })
  .describe('US dollars per million tokens, a decimal such as "0.25".');

const ratesSchema = z
  .strictObject(
    Object.fromEntries(KINDS.map((kind) => [kind, usd.optional()])) as Record<Kind, z.ZodOptional<typeof usd>>,
  )
  .refine((rates) => KINDS.some((kind) => rates[kind] !== undefined), "needs at least one kind of tokens");

/** A price as people state it. */
export const statedPriceSchema = z.strictObject({
  usdPerMillionTokens: ratesSchema,
  /** Rates of calls whose input, cached input too, is above so many tokens. */
  above: z
    .array(
      z.strictObject({
        inputTokens: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
        usdPerMillionTokens: ratesSchema,
      }),
    )
    .max(16)
    .refine(
      (tiers) => tiers.every(({ inputTokens }, i) => inputTokens > (tiers[i - 1]?.inputTokens ?? 0)),
      "must ascend",
    )
    .optional(),
});
export type StatedPrice = z.output<typeof statedPriceSchema>;

export const modelName = z.string().min(1).max(512);
const day = z.iso.date();

/** The file of `--prices`. */
const priceFileSchema = z.strictObject({
  /** What records call it; by default the file's name. */
  table: z.string().min(1).max(100).optional(),
  /** Day of the prices, as YYYY-MM-DD. */
  dated: day,
  models: z.record(modelName, statedPriceSchema),
});
export type PriceFile = z.output<typeof priceFileSchema>;

/** The file that keeps what was put by the API. */
const keptFileSchema = z.strictObject({
  version: z.literal(1),
  models: z.record(modelName, statedPriceSchema.extend({ dated: day, by: z.string() })),
});
export type KeptFile = z.output<typeof keptFileSchema>;

/** @throws Error that says where the file is not of its form */
export const readPriceFile = (text: string): PriceFile => readAs(priceFileSchema, text);
/** @throws Error that says where the file is not of its form */
export const readKeptFile = (text: string): KeptFile => readAs(keptFileSchema, text);

function readAs<S extends z.ZodType>(schema: S, text: string): z.output<S> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const read = schema.safeParse(json);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const more = read.error.issues.length - 1;
  throw new Error(
    `${issue === undefined || issue.path.length === 0 ? "the whole" : issue.path.join(".")}: ${issue?.message ?? ""}${more === 0 ? "" : ` (and ${more} more places)`}`,
  );
}

export const priceOfStated = ({ usdPerMillionTokens, above }: StatedPrice): Price => ({
  rates: ratesOf(usdPerMillionTokens),
  ...(above === undefined
    ? {}
    : { above: above.map((tier) => ({ inputTokens: tier.inputTokens, rates: ratesOf(tier.usdPerMillionTokens) })) }),
});

type StatedRates = { readonly [K in Kind]?: number | undefined };
const ratesOf = (stated: StatedRates): Rates =>
  Object.fromEntries(KINDS.flatMap((kind) => (stated[kind] === undefined ? [] : [[kind, stated[kind]]])));

/** The same rates as decimals of US dollars, to be written into a file. */
export const decimalsOf = (rates: StatedRates): Record<string, string> =>
  Object.fromEntries(KINDS.flatMap((kind) => (rates[kind] === undefined ? [] : [[kind, usdText(rates[kind])]])));
