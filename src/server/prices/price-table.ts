// Owns the table that the package carries (data/model-prices.json): reading it, and finding a model in it by the rules of its
// source. Does not own what was set besides (price-file.ts, kept-prices.ts). The file, 250 kB, is read at the start of a server.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Price } from "./rates.ts";

/** How the source says which names a row or a provider stands for. Case counts in `regex` alone. */
type Match =
  | { readonly equals: string }
  | { readonly starts_with: string }
  | { readonly ends_with: string }
  | { readonly contains: string }
  | { readonly regex: string }
  | { readonly or: readonly Match[] }
  | { readonly and: readonly Match[] };

interface Row {
  readonly id: string;
  /** Names that it stands for, its own id by default. */
  readonly is?: Match;
  readonly prices: readonly Price[];
}
interface Provider {
  readonly id: string;
  /** Other names of the provider. */
  readonly also?: Match;
  /** Names of models that mean this provider where none is stated. */
  readonly models?: Match;
  /** Providers whose models it serves too. */
  readonly fallback?: readonly string[];
  readonly rows: readonly Row[];
}
interface TableFile {
  readonly table: string;
  readonly dated: string;
  readonly providers: readonly Provider[];
}

/** A model of the table, under its full name. */
export interface TableModel {
  /** `provider/id`. */
  readonly name: string;
  readonly prices: readonly Price[];
}

export interface PriceTable {
  /** The source with its version. */
  readonly table: string;
  /** Day of the source's release, as YYYY-MM-DD. */
  readonly dated: string;
  /** Full names, in the table's order. */
  readonly models: readonly TableModel[];
  /**
   * The model that a name stands for: `provider/model`, or a model alone where its provider can be told from it. Aliases
   * and days at the end of names are taken as the source takes them.
   */
  find(name: string): TableModel | undefined;
}

/** Names that were looked up, so that a name is matched once; all are forgotten when there are so many (law L6). */
const MAX_REMEMBERED = 10_000;

let carried: PriceTable | undefined;

/** The table of the package. */
export function carriedTable(): PriceTable {
  carried ??= createTable(
    JSON.parse(
      readFileSync(fileURLToPath(new URL("../../../data/model-prices.json", import.meta.url)), "utf8"),
    ) as TableFile,
  );
  return carried;
}

export function createTable({ table, dated, providers }: TableFile): PriceTable {
  const regexes = new Map<string, RegExp>();
  const known = new Map<string, TableModel | undefined>();

  const fits = (match: Match, name: string): boolean => {
    if ("equals" in match) return name.toLowerCase() === match.equals.toLowerCase();
    if ("starts_with" in match) return name.toLowerCase().startsWith(match.starts_with.toLowerCase());
    if ("ends_with" in match) return name.toLowerCase().endsWith(match.ends_with.toLowerCase());
    if ("contains" in match) return name.toLowerCase().includes(match.contains.toLowerCase());
    if ("or" in match) return match.or.some((one) => fits(one, name));
    if ("and" in match) return match.and.every((one) => fits(one, name));
    const regex = regexes.get(match.regex) ?? new RegExp(match.regex);
    regexes.set(match.regex, regex);
    return regex.test(name);
  };

  const rowOf = (provider: Provider, name: string): TableModel | undefined => {
    const row =
      provider.rows.find((one) => fits(one.is ?? { equals: one.id }, name)) ??
      // A few rows do not stand for their own id; the full name that `models` and records give must lead back to its row.
      provider.rows.find(({ id }) => fits({ equals: id }, name));
    return row === undefined ? undefined : { name: `${provider.id}/${row.id}`, prices: row.prices };
  };

  const inProvider = (provider: Provider, name: string): TableModel | undefined => {
    const own = rowOf(provider, name);
    if (own !== undefined) return own;
    for (const id of provider.fallback ?? []) {
      const other = providers.find((one) => one.id === id);
      const found = other === undefined ? undefined : rowOf(other, name);
      if (found !== undefined) return found;
    }
    return undefined;
  };

  const ofProvider = (provider: Provider | undefined, name: string): TableModel | undefined =>
    provider === undefined ? undefined : (inProvider(provider, name) ?? inProvider(provider, withDashes(name)));

  const find = (name: string): TableModel | undefined => {
    const asked = name.toLowerCase().trim();
    const slash = asked.indexOf("/");
    const stated = slash <= 0 ? undefined : providerNamed(asked.slice(0, slash));
    // Whoever states the provider means it: another's price would be a guess.
    if (stated !== undefined) return ofProvider(stated, asked.slice(slash + 1));
    return ofProvider(
      providers.find(({ models }) => models !== undefined && fits(models, asked)),
      asked,
    );
  };

  const providerNamed = (name: string): Provider | undefined =>
    providers.find(({ id }) => id === name) ?? providers.find(({ also }) => also !== undefined && fits(also, name));

  return {
    table,
    dated,
    models: providers.flatMap(({ id, rows }) => rows.map((row) => ({ name: `${id}/${row.id}`, prices: row.prices }))),
    find(name) {
      if (known.has(name)) return known.get(name);
      const found = find(name);
      if (known.size >= MAX_REMEMBERED) known.clear();
      known.set(name, found);
      return found;
    },
  };
}

/** `model-20250514` as `model-2025-05-14`, where that is a day. */
function withDashes(name: string): string {
  return name.replaceAll(
    /-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)/g,
    (text, year: string, month: string, day: string) =>
      new Date(`${year}-${month}-${day}T00:00:00Z`).getUTCDate() === Number(day) ? `-${year}-${month}-${day}` : text,
  );
}
