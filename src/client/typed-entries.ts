// Owns entries whose values a schema of the user has checked. What the schema refuses is not there, and `refused` says why.
// Does not own a schema language: anything with Standard Schema's `~standard` (zod, valibot, arktype, …) or with `parse` will do.

import type { Collection } from "./collections.ts";
import type { Entry } from "./items.ts";

/** The part of Standard Schema v1 (standardschema.dev) that is used. */
export interface StandardSchema<Value> {
  readonly "~standard": {
    readonly version: 1;
    validate(value: unknown): Validated<Value> | Promise<Validated<Value>>;
    readonly types?: { readonly output: Value } | undefined;
  };
}
type Validated<Value> =
  | { readonly value: Value; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] };

/** Or anything that answers with the value, or throws. */
export interface Parser<Value> {
  parse(value: unknown): Value;
}
export type Schema<Value> = StandardSchema<Value> | Parser<Value>;

export interface TypedEntries<Value> extends Collection<Entry<Value>> {
  /** Why the schema refuses the value of this entry, or undefined where it does not, or where there is none. */
  refused(key: string): readonly string[] | undefined;
}

type Checked<Value> =
  | { readonly entry: Entry<Value>; readonly issues?: undefined }
  | { readonly entry?: undefined; readonly issues: readonly string[] };

function check<Value>(schema: Schema<Value>, entry: Entry): Checked<Value> {
  if (!("~standard" in schema)) {
    try {
      return { entry: { ...entry, value: schema.parse(entry.value) } };
    } catch (error) {
      return { issues: [error instanceof Error ? error.message : String(error)] };
    }
  }
  const result = schema["~standard"].validate(entry.value);
  if (result instanceof Promise) throw new TypeError("a schema for entries must answer at once, not later");
  return result.issues === undefined
    ? { entry: { ...entry, value: result.value } }
    : { issues: result.issues.map(({ message }) => message) };
}

/** The entries as `schema` sees them. Costs a check for each entry that is read, once. */
export function typed<Value>(entries: Collection<Entry>, schema: Schema<Value>): TypedEntries<Value> {
  // Items are immutable, so each is checked once.
  const results = new WeakMap<Entry, Checked<Value>>();
  const checked = (key: string): Checked<Value> | undefined => {
    const entry = entries.get(key);
    if (entry === undefined) return undefined;
    let result = results.get(entry);
    if (result === undefined) results.set(entry, (result = check(schema, entry)));
    return result;
  };
  let from: readonly Entry[] | undefined;
  let list: readonly Entry<Value>[] = [];
  let names: readonly string[] = [];
  const refresh = (): void => {
    if (from === entries.items()) return;
    from = entries.items();
    list = from.flatMap(({ key }) => checked(key)?.entry ?? []);
    const next = list.map(({ key }) => key);
    if (next.length !== names.length || next.some((key, index) => key !== names[index])) names = next;
  };
  const items = () => {
    refresh();
    return list;
  };
  const keys = () => {
    refresh();
    return names;
  };
  return {
    get: (key) => checked(key)?.entry,
    has: (key) => checked(key)?.entry !== undefined,
    get size() {
      return keys().length;
    },
    keys,
    items,
    [Symbol.iterator]: () => items()[Symbol.iterator](),
    onKey: entries.onKey,
    onChange: entries.onChange,
    refused: (key) => checked(key)?.issues,
  };
}
