// Owns the prices that were put by the API, and the file of the data folder that keeps them.
// Does not own their form (price-file.ts). A price holds when it is on disk, and not before (law L1).

import { nodeDisk, readSmallFile, replaceFile } from "../../log/index.ts";
import { utf8Bytes } from "../../protocol/index.ts";
import { Refusal } from "../problem.ts";
import { decimalsOf, type KeptFile, readKeptFile, type StatedPrice } from "./price-file.ts";

const FILE = "prices.json";
/** Beyond: `board_full` (law L6). */
const MAX_KEPT = 10_000;
const MAX_NAME_BYTES = 512;

export type KeptPrice = KeptFile["models"][string];

export interface KeptPrices {
  get(name: string): KeptPrice | undefined;
  all(): ReadonlyMap<string, KeptPrice>;
  /**
   * True where there was none before.
   * @throws Refusal `key_too_long`, `board_full`, `log_unavailable` (the disk failed; nothing has changed)
   */
  put(name: string, price: StatedPrice, by: string, dated: string): Promise<boolean>;
  /** True where there was one. @throws Refusal `log_unavailable` */
  remove(name: string): Promise<boolean>;
}

/**
 * `dir`: the data folder; without one they are lost at the end.
 * @throws Error where the file is there and cannot be read
 */
export async function openKeptPrices(dir: string | undefined): Promise<KeptPrices> {
  let kept: ReadonlyMap<string, KeptPrice> = new Map();
  const text = dir === undefined ? undefined : await readSmallFile(nodeDisk, `${dir}/${FILE}`);
  if (text !== undefined) {
    try {
      kept = new Map(Object.entries(readKeptFile(text.toString("utf8")).models));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`cannot read the prices in ${dir}/${FILE}: ${why}. Mend the file, or remove it.`, {
        cause: error,
      });
    }
  }

  /** One change at a time, each on what the one before left. */
  let last: Promise<unknown> = Promise.resolve();
  function change<T>(make: (now: Map<string, KeptPrice>) => T): Promise<T> {
    const made = last.then(async () => {
      const next = new Map(kept);
      const result = make(next);
      if (dir !== undefined) await write(dir, next);
      kept = next;
      return result;
    });
    last = made.catch(() => undefined);
    return made;
  }

  return {
    get: (name) => kept.get(name),
    all: () => kept,
    put: (name, price, by, dated) => {
      // The record of a spend names it, and has room for so much (`price` in protocol/commands/budget.ts).
      if (utf8Bytes(name) > MAX_NAME_BYTES) {
        throw new Refusal("key_too_long", { facts: { bytes: utf8Bytes(name), max: MAX_NAME_BYTES } });
      }
      // Names are kept without the white space around them: of some nothing is left.
      if (name === "") throw new Refusal("bad_key");
      return change((next) => {
        const isNew = !next.has(name);
        if (isNew && next.size >= MAX_KEPT) {
          throw new Refusal("board_full", { detail: `The server keeps at most ${MAX_KEPT} prices. Delete some.` });
        }
        next.set(name, { ...price, by, dated });
        return isNew;
      });
    },
    remove: (name) => (kept.has(name) ? change((next) => next.delete(name)) : Promise.resolve(false)),
  };
}

async function write(dir: string, kept: ReadonlyMap<string, KeptPrice>): Promise<void> {
  const models = Object.fromEntries(
    Array.from(kept, ([name, { usdPerMillionTokens, above, dated, by }]) => [
      name,
      {
        usdPerMillionTokens: decimalsOf(usdPerMillionTokens),
        ...(above === undefined
          ? {}
          : {
              above: above.map((tier) => ({ ...tier, usdPerMillionTokens: decimalsOf(tier.usdPerMillionTokens) })),
            }),
        dated,
        by,
      },
    ]),
  );
  const text = `${JSON.stringify({ version: 1, models }, undefined, 2)}\n`;
  try {
    await replaceFile(nodeDisk, dir, FILE, Buffer.from(text));
  } catch (error) {
    const why = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    throw new Refusal("log_unavailable", { detail: `The price could not be written to the data folder${why}.` });
  }
}
