// Owns which price a model has: what was put by the API before the file of `--prices` before the table of the package.
// Does not own what a spend comes to (spend.ts), or how what was put is kept (kept-prices.ts).

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { type KeptPrices, openKeptPrices } from "./kept-prices.ts";
import { type PriceFile, priceOfStated, readPriceFile, type StatedPrice } from "./price-file.ts";
import { carriedTable, type PriceTable } from "./price-table.ts";
import { type Price, priceAt } from "./rates.ts";

/** The price of a model at a moment, and where it is from. */
export interface FoundPrice {
  /** `api`, the name of the file, or that of the table with its version. */
  readonly table: string;
  /** Day of the price, as YYYY-MM-DD. */
  readonly dated: string;
  /** The name that the table has for the model. */
  readonly model: string;
  readonly price: Price;
}

/** What answers for prices: all that the edge needs. */
export interface Prices {
  /** Undefined where no price is known. `atMs`: wall time of the spend, as some prices change by the day or the hour. */
  find(model: string, atMs: number): FoundPrice | undefined;
}

export interface PriceBook extends Prices {
  /** Tables in the order in which they are asked. */
  readonly tables: readonly { readonly table: string; readonly dated: string | null; readonly models: number }[];
  /** Every model that has a price of its own, by name, with the table that it is from. Aliases are not in it. */
  list(): readonly { readonly model: string; readonly table: string }[];
  /** True where there was none of the API before. @throws Refusal `board_full`, `log_unavailable` */
  put(model: string, price: StatedPrice, by: string, atMs: number): Promise<boolean>;
  /** True where there was one of the API. @throws Refusal `log_unavailable` */
  remove(model: string): Promise<boolean>;
}

export interface PriceBookOptions {
  readonly dataDir?: string | undefined;
  /** The file of `--prices`. It is read at the start. */
  readonly file?: string | undefined;
}

/** @throws Error where a file of prices cannot be read; the message says which and why. */
export async function openPriceBook({ dataDir, file }: PriceBookOptions): Promise<PriceBook> {
  return createPriceBook(
    carriedTable(),
    await openKeptPrices(dataDir),
    file === undefined ? undefined : await readStated(file),
  );
}

type StatedTable = PriceFile & { readonly table: string };

async function readStated(file: string): Promise<StatedTable> {
  try {
    const read = readPriceFile(await readFile(file, "utf8"));
    return { ...read, table: read.table ?? basename(file) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot read the prices in ${file}: ${why}`, { cause: error });
  }
}

/** Names are told apart without their case, as in the source of the table. */
const keyOf = (model: string): string => model.trim().toLowerCase();
const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);

export function createPriceBook(carried: PriceTable, kept: KeptPrices, stated: StatedTable | undefined): PriceBook {
  const ofFile = new Map(Object.entries(stated?.models ?? {}).map(([name, price]) => [keyOf(name), price]));

  return {
    find(model, atMs) {
      const row = carried.find(model);
      // An alias is priced as what it stands for, unless it has a price of its own.
      for (const name of row === undefined ? [keyOf(model)] : [keyOf(model), keyOf(row.name)]) {
        const own = kept.get(name);
        if (own !== undefined) return { table: "api", dated: own.dated, model: name, price: priceOfStated(own) };
        const other = ofFile.get(name);
        if (other !== undefined && stated !== undefined) {
          return { table: stated.table, dated: stated.dated, model: name, price: priceOfStated(other) };
        }
      }
      const price = row === undefined ? undefined : priceAt(row.prices, atMs);
      if (row === undefined || price === undefined || price.rates === null) return undefined;
      return { table: carried.table, dated: carried.dated, model: row.name, price };
    },
    get tables() {
      const fileTable = stated === undefined ? [] : [{ table: stated.table, dated: stated.dated, models: ofFile.size }];
      return [
        { table: "api", dated: null, models: kept.all().size },
        ...fileTable,
        { table: carried.table, dated: carried.dated, models: carried.models.length },
      ];
    },
    list() {
      const found = new Map(carried.models.map(({ name }) => [name, carried.table]));
      for (const name of ofFile.keys()) found.set(name, stated?.table ?? "");
      for (const name of kept.all().keys()) found.set(name, "api");
      return Array.from(found, ([model, table]) => ({ model, table })).sort((a, b) => (a.model < b.model ? -1 : 1));
    },
    put: (model, price, by, atMs) => kept.put(keyOf(model), price, by, dayOf(atMs)),
    remove: (model) => kept.remove(keyOf(model)),
  };
}
