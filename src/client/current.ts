// Owns values that are replaced as a whole, seen as one object that does not change: members look at the newest value.

export type Current<Value, More> = Readonly<Value> & More & { readonly current: Value };

/** `names`: the members of the value. `more` becomes part of the result. */
export function currentOf<Value extends object, More extends object>(
  read: () => Value,
  names: readonly (keyof Value & string)[],
  more: More,
): Current<Value, More> {
  Object.defineProperty(more, "current", { get: read });
  for (const name of names) Object.defineProperty(more, name, { get: () => read()[name], enumerable: true });
  return more as Current<Value, More>;
}
