// Owns showing a long list in slices, so that no list draws more than it must.
// Does not own the rows. At the bound a button says how many more there are; nothing is left out silently.

import { useState } from "react";
import { figure } from "../text/figures.ts";

/** How many of `total` rows to show, and the button that shows more (none when all are there). */
export function useSlices(total: number, slice: number): { readonly shown: number; readonly more: React.ReactNode } {
  const [limit, setLimit] = useState(slice);
  const shown = Math.min(total, limit);
  const rest = total - shown;
  const more =
    rest === 0 ? null : (
      <button type="button" className="more" onClick={() => setLimit(limit + slice)}>
        Show {figure(Math.min(slice, rest))} more of {figure(rest)}
      </button>
    );
  return { shown, more };
}
