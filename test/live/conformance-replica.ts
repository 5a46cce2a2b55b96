// Owns the smallest replica that docs/protocol.md describes (W-SYNC-4 to W-SYNC-10, W-WIN-2 and 3), written from it alone.
// Does not share code with the product: what both get right is right by the document.

// Items have the shape of their stream.
// oxlint-disable-next-line typescript/no-explicit-any
export type Item = Record<string, any>;

/** The member that names an item, by stream. */
export const NAMED_BY: Readonly<Record<string, string>> = {
  entries: "key",
  budgets: "task",
  agents: "agent",
  tasks: "task",
  requests: "request",
  claims: "claim",
  sources: "source",
  holds: "hold",
  alerts: "alert",
  pauses: "pause",
};

export class ConformanceReplica {
  position = 0;
  resume = "";
  readonly items: Record<string, Map<string, Item>> = {};
  notes: Item[] = [];
  total = 0;
  over: number | undefined;
  window: { readonly from: number; readonly total: number; readonly rows: readonly Item[] } | undefined;
  /** Reasons for which it started over. */
  readonly resets: string[] = [];
  /** Syncs that were applied, and pages among them. */
  syncs = 0;
  pages = 0;
  patches = 0;
  #pages: Item[] = [];

  constructor() {
    this.#clear();
  }

  /** @throws Error where a sync does not join on: the server's mistake, since no test loses one */
  hear(sync: Item): void {
    const [first] = this.#pages;
    if (first === undefined && sync["reset"] === undefined && sync["from"] !== this.position)
      throw new Error(`stands at ${this.position}, and hears of ${sync["from"]} to ${sync["to"]}`);
    if (first !== undefined && sync["from"] !== first["from"]) throw new Error("a page of another sync");
    this.#pages.push(sync);
    this.pages++;
    if (sync["more"] === true) return;
    for (const page of this.#pages.splice(0)) this.#apply(page);
    this.position = sync["to"];
    this.syncs++;
  }

  /** The connection is gone: pages that are no whole sync go with it. */
  lose(): void {
    this.#pages = [];
  }

  #clear(): void {
    for (const stream of Object.keys(NAMED_BY)) this.items[stream] = new Map();
    this.notes = [];
    this.window = undefined;
    this.over = undefined;
  }

  #apply(page: Item): void {
    if (page["reset"] !== undefined) {
      this.resets.push(page["reset"]);
      this.#clear();
    }
    for (const [stream, named] of Object.entries(NAMED_BY)) this.#applyStream(this.items[stream]!, named, page[stream]);
    if (page["entries"]?.window !== undefined) this.#applyWindow(page["entries"].window);
    if (page["entries"]?.over !== undefined) this.over = page["entries"].over;
    const { audit } = page;
    if (audit === undefined) return;
    if (audit["add"] !== undefined) this.notes.push(...audit["add"]);
    if (audit["missed"] !== undefined) throw new Error("notes are missing");
    this.total = audit["total"] ?? this.total;
  }

  #applyStream(items: Map<string, Item>, named: string, told: Item | undefined): void {
    if (told === undefined) return;
    if (told["all"] === true) items.clear();
    for (const item of told["put"] ?? []) items.set(item[named], item);
    for (const { patch, base, ...rest } of told["patch"] ?? []) {
      const held = items.get(rest[named]);
      if (held?.["seq"] !== base) throw new Error("a patch of a version that is not held");
      items.set(rest[named], { ...rest, value: merged(held?.["value"], patch) });
      this.patches++;
    }
    for (const name of told["del"] ?? []) items.delete(name);
  }

  #applyWindow({ from, total, rows, whole, append }: Item): void {
    if (append === true) throw new Error("no window of these is larger than a page");
    const held = whole === true ? [] : (this.window?.rows ?? []);
    const now = rows.flatMap((row: Item | [number, number]) =>
      Array.isArray(row) ? held.slice(row[0], row[1] + 1) : [row],
    );
    this.window = { from, total, rows: now };
  }
}

/** RFC 7396. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const isObject = typeof target === "object" && target !== null && !Array.isArray(target);
  const made: Item = isObject ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete made[name];
    else made[name] = merged(made[name], value);
  }
  return made;
}
