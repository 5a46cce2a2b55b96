// Owns the REST routes of prices: which there are, what one is, and stating one.
// Does not own how they are kept or found (prices/). They are the server's: all boards have the same.

import { z } from "zod";
import { type App, checkedName, type Near, writerOf } from "../near.ts";
import type { FoundPrice } from "../prices/price-book.ts";
import { statedPriceSchema } from "../prices/price-file.ts";
import { type Kind, KINDS, rateOf, type Rates } from "../prices/rates.ts";
import { Refusal } from "../problem.ts";
import { limitQuery, problems, writeHeaders, writeProblems } from "./parts.ts";

const LIST = "/api/v1/prices";
const ONE = `${LIST}/*`;
const tags = ["prices"];
const modelParams = z.object({
  model: z
    .string()
    .describe("The model as commands state it, such as `anthropic/claude-sonnet-4-5`. Slashes may stay as they are."),
});

const rates = z
  .object(
    Object.fromEntries(KINDS.map((kind) => [kind, z.number().int().optional()])) as Record<
      Kind,
      z.ZodOptional<z.ZodNumber>
    >,
  )
  .describe("Integer nano-USD (10^-9 US dollars) per million tokens, by kind.");
const priceSchema = z
  .object({
    model: z.string().describe("The name that the table has for the model; an alias stands for it."),
    table: z.string().describe("`api`, the name of the `--prices` file, or that of the table in the package."),
    dated: z.string().describe("Day of the price."),
    nanoUsdPerMillion: rates,
    above: z
      .array(z.object({ inputTokens: z.number().int(), nanoUsdPerMillion: rates }))
      .optional()
      .describe("Rates of calls whose input, cached input too, is above so many tokens."),
  })
  .meta({ id: "Price" });

export function priceRoutes(app: App, near: Near): void {
  app.route({
    method: "GET",
    url: LIST,
    schema: {
      tags,
      summary: "List models that have a price",
      description: "Names in order, and the tables in the order in which they are asked. Aliases are not listed.",
      querystring: z.object({
        q: z.string().max(512).default("").describe("Only names that hold this."),
        after: z.string().max(600).default("").describe("Only names after this one: `next` of the page before."),
        limit: limitQuery.default(100),
      }),
      response: {
        200: z.object({
          tables: z.array(z.object({ table: z.string(), dated: z.string().nullable(), models: z.number() })),
          models: z.array(z.object({ model: z.string(), table: z.string() })),
          next: z.string().nullable(),
        }),
        ...problems(),
      },
    },
    async handler(request) {
      const { q, after, limit } = request.query;
      const words = q.toLowerCase();
      const found = near.prices.list().filter(({ model }) => model > after && model.toLowerCase().includes(words));
      const models = found.slice(0, limit);
      return {
        tables: [...near.prices.tables],
        models,
        next: found.length > limit ? (models.at(-1)?.model ?? null) : null,
      };
    },
  });

  app.route({
    method: "GET",
    url: ONE,
    schema: {
      tags,
      summary: "Read the price of a model",
      description: "What a command that states this model is priced with at this moment.",
      params: modelParams,
      response: { 200: priceSchema, ...problems(404) },
    },
    handler: async (request) => shown(checkedName(near, request.params.model)),
  });

  const shown = (model: string): z.infer<typeof priceSchema> => {
    const found = near.prices.find(model, near.now());
    if (found === undefined) throw new Refusal("no_such_price", { facts: { model } });
    return viewOf(found);
  };

  app.route({
    method: "PUT",
    url: ONE,
    schema: {
      tags,
      summary: "State the price of a model",
      description:
        "It holds from now on, for all boards, before every table, and is kept in the data folder. What was recorded stays as it is.",
      params: modelParams,
      headers: writeHeaders.omit({ "idempotency-key": true }),
      body: statedPriceSchema,
      response: { 200: priceSchema, 201: priceSchema, ...writeProblems() },
    },
    async handler(request, reply) {
      const model = checkedName(near, request.params.model);
      const by = writerOf(near, request);
      const isNew = await near.prices.put(model, request.body, by, near.now());
      request.log.info({ model, by, price: request.body }, "price stated");
      return reply.code(isNew ? 201 : 200).send(shown(model));
    },
  });

  app.route({
    method: "DELETE",
    url: ONE,
    schema: {
      tags,
      summary: "Forget the price that was stated",
      description: "From now on the tables' own price holds, if they have one.",
      params: modelParams,
      headers: writeHeaders.omit({ "idempotency-key": true }),
      response: { 200: z.object({ price: priceSchema.nullable() }), ...writeProblems() },
    },
    async handler(request) {
      const model = checkedName(near, request.params.model);
      const by = writerOf(near, request);
      if (!(await near.prices.remove(model))) throw new Refusal("no_such_price", { facts: { model } });
      request.log.info({ model, by }, "price forgotten");
      const found = near.prices.find(model, near.now());
      return { price: found === undefined ? null : viewOf(found) };
    },
  });
}

function viewOf({ model, table, dated, price }: FoundPrice): z.infer<typeof priceSchema> {
  return {
    model,
    table,
    dated,
    nanoUsdPerMillion: whole(price.rates ?? {}),
    ...(price.above === undefined
      ? {}
      : {
          above: price.above.map(({ inputTokens, rates }) => ({ inputTokens, nanoUsdPerMillion: whole(rates) })),
        }),
  };
}

/** Every kind that is priced, also those that cost what another does. */
const whole = (rates: Rates): Rates =>
  Object.fromEntries(
    KINDS.flatMap((kind) => {
      const rate = rateOf(rates, kind);
      return rate === undefined ? [] : [[kind, rate]];
    }),
  );
