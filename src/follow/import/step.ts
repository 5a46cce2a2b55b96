// Owns what one look at one followed thing (a file, a log, a folder of proposals) came to.

import type { FollowedState } from "../contract.ts";
import type { Delivery } from "./delivery.ts";

export type Step =
  /** Everything that is there is on the board. */
  | { readonly kind: "ok"; readonly problems: readonly string[]; readonly againMs?: number }
  | { readonly kind: "absent" }
  /** Being written, or not believable; the last good state stays. */
  | { readonly kind: "torn"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

export interface Importer {
  /** Source id of all it submits. */
  readonly source: string;
  /** @param force look into the file even if its size and times are the same as before */
  step(force: boolean): Promise<Step>;
}

export interface ImportContext {
  readonly state: () => FollowedState;
  readonly delivery: Delivery;
  readonly now: () => number;
  readonly onConflicts: (source: string, names: readonly string[]) => void;
}
