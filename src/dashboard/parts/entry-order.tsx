// Owns what the two lists of entries have in common above their rows: the choice of order, and the columns' heads.
// Does not own the rows.

import { memo } from "react";
import type { Order } from "../live/large-board.ts";

export const OrderChoice = memo(function OrderChoice({
  order,
  onChange,
}: {
  readonly order: Order;
  readonly onChange: (order: Order) => void;
}) {
  return (
    <div className="choice" role="group" aria-label="Order of the entries">
      <button type="button" aria-pressed={order === "key"} onClick={() => onChange("key")}>
        By key
      </button>
      <button type="button" aria-pressed={order === "recent"} onClick={() => onChange("recent")}>
        Recent first
      </button>
    </div>
  );
});

export function EntryColumns() {
  return (
    <div className="entry-columns" aria-hidden="true">
      <span />
      <span>Key</span>
      <span>Value</span>
      <span>Writer</span>
      <span>Rev</span>
      <span>Changed</span>
    </div>
  );
}
