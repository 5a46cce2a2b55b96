import { calcPrice, waitForUpdate } from "@pydantic/genai-prices";
import { describe, expect, it } from "vitest";
import { carriedTable } from "./price-table.ts";
import { priceAt, rateOf } from "./rates.ts";
import { priceOfUsage } from "./spend.ts";

const table = carriedTable();
const providers = (await waitForUpdate()) ?? [];

/** Moments on both sides of every day and hour at which a price changes. */
const MOMENTS = [
  "2025-01-01T03:00:00Z",
  "2026-03-12T23:59:59Z",
  "2026-09-23T02:00:00Z",
  "2026-09-23T12:00:00Z",
  "2026-11-25T00:10:00Z",
  "2027-06-01T17:00:00Z",
];

/** What the source says a usage costs, in US dollars; undefined where it does not know the model. Its input counts caches too. */
function bySource(
  model: string,
  providerId: string | undefined,
  at: Date,
  usage: Record<string, number>,
): number | undefined {
  const total = (usage["input"] ?? 0) + (usage["cacheRead"] ?? 0) + (usage["cacheWrite"] ?? 0);
  const found = calcPrice(
    {
      input_tokens: total,
      cache_read_tokens: usage["cacheRead"] ?? 0,
      cache_write_tokens: usage["cacheWrite"] ?? 0,
      output_tokens: usage["output"] ?? 0,
    },
    model,
    { timestamp: at, ...(providerId === undefined ? {} : { providerId }) },
  );
  return found?.total_price;
}

describe("the table of the package", () => {
  it("is that of the source which is installed, with its day", () => {
    expect(table.table).toBe("genai-prices 0.1.8");
    expect(table.dated).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(table.models).toHaveLength(providers.flatMap(({ models }) => models).length);
    expect(table.models.length).toBeGreaterThan(1000);
  });

  it("gives every model of every provider the source's own price, at every moment at which one changes", () => {
    const wrong: unknown[] = [];
    let compared = 0;
    const usages = [
      { input: 1000, output: 1000 },
      { input: 150_000, cacheRead: 100_000, output: 5000 },
      { input: 10, cacheRead: 1000, cacheWrite: 500, output: 7 },
    ];
    for (const provider of providers) {
      for (const { id } of provider.models) {
        const name = `${provider.id}/${id}`;
        for (const moment of MOMENTS) {
          const found = table.find(name);
          const price = found === undefined ? undefined : priceAt(found.prices, Date.parse(moment));
          if (price === undefined) wrong.push([name, "is not found"]);
          if (price?.rates === null || price === undefined) continue;
          for (const usage of usages) {
            const spend = priceOfUsage(price, usage);
            // What has no rate is no price to us, and nothing to the source.
            if (!spend.ok) continue;
            compared++;
            const usd = bySource(id, provider.id, new Date(moment), usage);
            const ours = spend.nanoUsd / 1e9;
            if (usd === undefined) {
              // The source does not match a few of its own ids; ours lead to their rows.
              if (found?.name !== name) wrong.push([name, "the source does not know it"]);
            } else if (Math.abs(ours - usd) > 2e-9 + usd * 1e-12) wrong.push([name, moment, usage, ours, usd]);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(20_000);
  });

  it("takes names without a provider, other cases, and days at their end, as the source does", () => {
    const usage = { input: 1000, output: 500 };
    for (const name of [
      "gpt-4o",
      "GPT-4o-2024-08-06",
      "claude-sonnet-4-5-20250929",
      "claude-3-5-haiku-latest",
      "gemini-2.5-flash",
      "o3-2025-04-16",
      "mistral-large-latest",
      "deepseek-chat",
      "grok-4",
      "command-r-plus",
      "kimi-k2-0905-preview",
      "no-such-model",
      "my-claude",
    ]) {
      const at = new Date("2026-10-01T12:00:00Z");
      const found = table.find(name);
      const price = found === undefined ? undefined : priceAt(found.prices, at.getTime());
      const spend = price === undefined ? undefined : priceOfUsage(price, usage);
      const usd = bySource(name, undefined, at, usage);
      expect([name, spend?.ok === true ? spend.nanoUsd / 1e9 : undefined]).toEqual([
        name,
        usd === undefined ? undefined : expect.closeTo(usd, 9),
      ]);
    }
    expect(table.find("anthropic/claude-sonnet-4-5")?.name).toMatch(/^anthropic\//);
    expect(table.find("openrouter/anthropic/claude-sonnet-4.5")?.name).toMatch(/^openrouter\//);
  });

  it("never guesses: a model that the stated provider has not, or that is paid by requests, has no price", () => {
    for (const name of [
      "openai/claude-sonnet-4-5",
      "anthropic/gpt-4o",
      "nobody/nothing",
      "/",
      "",
      "constructor",
      "__proto__",
    ]) {
      expect([name, table.find(name)]).toEqual([name, undefined]);
    }
    const byRequest = providers.flatMap(({ id, models }) =>
      models.flatMap((model) => {
        const versions = Array.isArray(model.prices) ? model.prices.map(({ prices }) => prices) : [model.prices];
        return versions.some((prices) => "requests_kcount" in prices || Object.keys(prices).length === 0)
          ? [`${id}/${model.id}`]
          : [];
      }),
    );
    expect(byRequest.length).toBeGreaterThan(3);
    for (const name of byRequest) {
      const own = table.models.find((model) => model.name === name);
      expect([name, own?.prices.some(({ rates }) => rates === null)]).toEqual([name, true]);
    }
  });

  it("prices reasoning as output where the source has no own rate for it", () => {
    const rates = table.find("openai/o3")?.prices.at(-1)?.rates ?? {};
    expect(rates.reasoning).toBeUndefined();
    expect(rateOf(rates, "reasoning")).toBe(rates.output);
    const own = table.models.filter(({ prices }) => prices.some((price) => price.rates?.reasoning !== undefined));
    expect(own.length).toBeGreaterThan(0);
  });
});
