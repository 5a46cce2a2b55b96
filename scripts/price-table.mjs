// Owns data/model-prices.json: the price table that the package carries, made from @pydantic/genai-prices (MIT).
// Does not own how prices are looked up (src/server/prices). Run it after updating that package:
//
//   npm install --save-dev --save-exact @pydantic/genai-prices@latest && npm run prices
//
// Decimals become integer nano-USD per million tokens by their digits, never by arithmetic in floats.

import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitForUpdate } from "@pydantic/genai-prices";
import { ROOT } from "./prepare.mjs";

const PACKAGE = "@pydantic/genai-prices";
const TARGET = join(ROOT, "data/model-prices.json");

/** The kinds of tokens that are counted, by the source's names. */
const KINDS = {
  input_mtok: "input",
  output_mtok: "output",
  cache_read_mtok: "cacheRead",
  cache_write_mtok: "cacheWrite",
  cache_write_1h_mtok: "cacheWrite1h",
  output_reasoning_mtok: "reasoning",
};

/** US dollars to whole nano-USD, exact. Digits beyond the ninth place (float noise of the source) are rounded up. */
function nanoUsd(usd) {
  const [mantissa, exponent = "0"] = String(usd).split("e");
  const [whole, fraction = ""] = mantissa.split(".");
  const shift = 9 + Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  const unit = 10n ** BigInt(Math.abs(shift));
  const nano = shift >= 0 ? digits * unit : (digits + unit - 1n) / unit;
  if (nano > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error(`a price of ${usd} US dollars is too large`);
  return Number(nano);
}

/** Rates at which so many input tokens (cached ones too) are charged: a tier's price holds for all tokens of a call. */
function ratesAbove(prices, start) {
  const rates = {};
  for (const [key, kind] of Object.entries(KINDS)) {
    const price = prices[key];
    if (price === undefined) continue;
    const tiers = typeof price === "number" ? [] : price.tiers.toSorted((a, b) => a.start - b.start);
    const base = typeof price === "number" ? price : price.base;
    rates[kind] = nanoUsd(tiers.findLast((tier) => tier.start <= start)?.price ?? base);
  }
  return rates;
}

/** A model that is paid by anything that usage does not count (each request) has no price by tokens. */
const isByTokens = (prices) => prices.requests_kcount === undefined && Object.keys(KINDS).some((key) => key in prices);

function version({ prices, constraint }) {
  const starts = Object.keys(KINDS).flatMap((key) => prices[key]?.tiers?.map(({ start }) => start) ?? []);
  const above = Array.from(new Set(starts))
    .sort((a, b) => a - b)
    .map((start) => ({ inputTokens: start, rates: ratesAbove(prices, start) }));
  return {
    ...(constraint?.start_date === undefined ? {} : { from: constraint.start_date }),
    ...(constraint?.start_time === undefined ? {} : { daily: [constraint.start_time, constraint.end_time] }),
    rates: isByTokens(prices) ? ratesAbove(prices, -1) : null,
    ...(above.length === 0 || !isByTokens(prices) ? {} : { above }),
  };
}

function model({ id, match, prices }) {
  const plain = Object.keys(match).length === 1 && match.equals === id;
  const versions = (Array.isArray(prices) ? prices : [{ prices }]).map(version);
  return { id, ...(plain ? {} : { is: match }), prices: versions };
}

const installed = JSON.parse(readFileSync(join(ROOT, "node_modules", PACKAGE, "package.json"), "utf8"));
const published = JSON.parse(
  execFileSync("npm", ["view", `${PACKAGE}@${installed.version}`, "time", "--json"], { encoding: "utf8" }),
);
const providers = await waitForUpdate();
const lines = providers.map((provider) => {
  const { id, model_match: models, provider_match: also, fallback_model_providers: fallback } = provider;
  const head = JSON.stringify({ id, ...(also && { also }), ...(models && { models }), ...(fallback && { fallback }) });
  const rows = provider.models.map((one) => JSON.stringify(model(one)));
  return `${head.slice(0, -1)},"rows":[\n${rows.join(",\n")}\n]}`;
});
const about = {
  table: `genai-prices ${installed.version}`,
  dated: published[installed.version].slice(0, 10),
  source: installed.homepage,
  licence: "MIT (genai-prices.LICENSE)",
};
writeFileSync(TARGET, `${JSON.stringify(about).slice(0, -1)},"providers":[\n${lines.join(",\n")}\n]}\n`);
copyFileSync(join(ROOT, "node_modules", PACKAGE, "LICENSE"), join(ROOT, "data/genai-prices.LICENSE"));
console.log(`${TARGET}: ${about.table} of ${about.dated}, ${providers.flatMap(({ models }) => models).length} models`);
