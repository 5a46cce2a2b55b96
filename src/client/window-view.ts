// Owns a window on the entries: what it shows, and where the user wants it (protocol, section 6).
// Does not own the rows (replica.ts). Invariant: at most one move is under way, and after it only the newest wish counts (W-WIN-4).

import type { FilterInput } from "../protocol/wire/filter.ts";
import type { WindowRows } from "./items.ts";
import { currentOf } from "./current.ts";
import { createListeners } from "./listeners.ts";
import type { WindowMove } from "./transports/transport.ts";

export interface WindowView<Value = unknown> extends WindowRows<Value> {
  /** Everything above as one value, which is another one after each change. */
  readonly current: WindowRows<Value>;
  /** Moves the window; may be called for each scroll event. `search` left out stays as it is, empty text ends it. */
  move(from: number, count: number, search?: string): void;
  onChange(listener: () => void): () => void;
}

type Wanted = Extract<NonNullable<FilterInput["entries"]>, { window: unknown }>["window"];

export interface OwnedWindow {
  readonly view: WindowView;
  /** Where the window is to be, for subscribing. */
  wanted(): Wanted | undefined;
  /** The way to move the present subscription; undefined while there is none. */
  use(send: ((move: WindowMove) => void) | undefined): void;
  /** A move was answered. */
  moved(): void;
  tell(): void;
}

export function createWindow(spec: Wanted | undefined, read: () => WindowRows): OwnedWindow {
  const onChange = createListeners<void>();
  let wanted = spec;
  let send: ((move: WindowMove) => void) | undefined;
  let underWay = false;
  let again = false;

  function go(): void {
    if (wanted === undefined || send === undefined) return;
    again = underWay;
    if (underWay) return;
    underWay = true;
    const { from = 0, count, search } = wanted;
    send({ from, count, search });
  }

  return {
    view: currentOf(read, ["from", "total", "rows", "approximate"], {
      move(from: number, count: number, search?: string) {
        if (wanted === undefined) throw new TypeError("this subscription has no window");
        wanted = { ...wanted, from, count, search: search ?? wanted.search };
        go();
      },
      onChange: onChange.add,
    }),
    wanted: () => wanted,
    use(next) {
      send = next;
      underWay = false;
      again = false;
    },
    moved() {
      underWay = false;
      if (again) go();
    },
    tell: onChange.tell,
  };
}
