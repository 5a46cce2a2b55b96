// Owns structural sharing: giving back the older object where the newer one says the same.
// Does not own any particular row. Invariant: the result equals `next` in content, always.

/** Equality by content for what came from JSON: objects, arrays, primitives. */
export function sameContent(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => sameContent(item, b[i]));
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  const x = a as Readonly<Record<string, unknown>>;
  const y = b as Readonly<Record<string, unknown>>;
  return keys.every((key) => Object.hasOwn(y, key) && sameContent(x[key], y[key]));
}

/** `before` itself when the two lists hold the very same objects in the same order, else `next`. */
export function keepList<T>(before: readonly T[], next: readonly T[]): readonly T[] {
  return before.length === next.length && before.every((item, i) => item === next[i]) ? before : next;
}

/** `next` with every item replaced by its older self of the same name where both say the same. */
export function keepSameList<T>(before: readonly T[], next: readonly T[], nameOf: (item: T) => string): readonly T[] {
  const older = new Map(before.map((item) => [nameOf(item), item]));
  const kept = next.map((item) => {
    const old = older.get(nameOf(item));
    return old !== undefined && sameContent(old, item) ? old : item;
  });
  return keepList(before, kept);
}
