// Owns what the two lists of entries have in common above their rows: the choice of order, and the columns' heads.
// Does not own the rows.

import { memo, type Ref } from "react";
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

const COLUMNS = ["Key", "Value", "Writer", "Rev", "Changed"];

export function EntryColumns() {
  return (
    <div className="entry-columns" aria-hidden="true">
      <span />
      {COLUMNS.map((name) => (
        <span key={name}>{name}</span>
      ))}
    </div>
  );
}

/** The same as the first row of a grid. */
export function GridColumns({ ref }: { readonly ref: Ref<HTMLDivElement> }) {
  return (
    <div className="entry-columns" ref={ref} role="row" aria-rowindex={1}>
      <span aria-hidden="true" />
      {COLUMNS.map((name) => (
        <span key={name} role="columnheader">
          {name}
        </span>
      ))}
    </div>
  );
}
