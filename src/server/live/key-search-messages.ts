// Owns what the searcher of a board and its worker say to one another. Does not own either.

/** Keys end to end, and where each of them begins; the last number is where the last key ends. In UTF-16 units. */
export interface JoinedKeys {
  readonly text: string;
  readonly starts: Uint32Array;
}

export type ToWorker =
  /** Some of the keys that the board had when the worker began. */
  | { readonly kind: "keys"; readonly keys: JoinedKeys }
  /** Those were all. */
  | { readonly kind: "loaded" }
  /** Keys that changed since: whether each of them is there now. */
  | { readonly kind: "changed"; readonly keys: readonly string[]; readonly areThere: readonly boolean[] }
  /** `text` is in lower case. */
  | { readonly kind: "search"; readonly id: number; readonly prefix: string; readonly text: string }
  /** The hits were taken: there may be more. */
  | { readonly kind: "more"; readonly id: number }
  | { readonly kind: "stop"; readonly id: number };

export type FromWorker =
  | { readonly kind: "hits"; readonly id: number; readonly keys: readonly string[] }
  /** Every key was looked at. */
  | { readonly kind: "end"; readonly id: number };
