// Owns looking over one subscription's shoulder: whenever it tells of something, what it shows must be the board at one position.
// Does not own the end (checks). Written against the chronicle, not against the server's feed.

import type { Subscription } from "../../src/client/subscription.ts";
import { sameJson } from "./same.ts";
import type { FilterInput } from "../../src/protocol/wire/filter.ts";
import { compareNames } from "../../src/protocol/names.ts";
import { itemOf, type Chronicle, type Stream, type Version } from "./chronicle.ts";
import type { Chance } from "./chance.ts";

const ITEMS = ["budgets", "agents", "tasks", "requests", "claims", "sources", "holds", "alerts", "pauses"] as const;

export interface WatchOptions {
  readonly board: string;
  readonly filter: FilterInput;
  readonly sub: Subscription;
  readonly chance: Chance;
  readonly chroniclesOf: (board: string) => readonly Chronicle[];
  readonly wrong: (what: string) => void;
}

export class Watch {
  readonly board: string;
  readonly filter: FilterInput;
  readonly sub: Subscription;
  /** Where the user wants its window. */
  wanted: { readonly from: number; readonly count: number; readonly search: string } | undefined;
  /** The newest beat's position on this connection, and since when the replica is behind it. */
  beatSeq = 0;
  behindSinceMs: number | undefined;
  readonly #options: WatchOptions;

  constructor(options: WatchOptions) {
    this.#options = options;
    const { filter, sub } = options;
    this.board = options.board;
    this.filter = filter;
    this.sub = sub;
    const { entries } = filter;
    if (entries !== undefined && "window" in entries) {
      const { from = 0, count, search = "" } = entries.window;
      this.wanted = { from, count, search };
    }
    sub.entries.onChange((names) => this.#told("entries", names));
    for (const stream of ITEMS) sub[stream].onChange((names) => this.#told(stream, names));
    sub.window.onChange(() => this.#windowTold());
    sub.audit.onChange(() => this.#auditTold());
  }

  get name(): string {
    return `${this.board}/${this.sub.name}`;
  }

  /** Where the board stands. */
  get headSeq(): number {
    return this.#options.chroniclesOf(this.board).at(-1)?.state.seq ?? 0;
  }

  /** The chronicle of the epoch that the replica stands in. */
  chronicle(): Chronicle | undefined {
    return this.#options.chroniclesOf(this.board).find(({ epoch }) => epoch === this.sub.position.epoch);
  }

  sees(key: string): boolean {
    const { entries } = this.filter;
    if (entries === undefined || "window" in entries) return false;
    return "keys" in entries ? entries.keys.includes(key) : key.startsWith(entries.prefix ?? "");
  }

  /** Compare all of it with the board at a position. */
  compareAll(chronicle: Chronicle, seq: number): void {
    if (this.filter.entries !== undefined) this.#compareStream("entries", chronicle, seq);
    for (const stream of ITEMS) if (this.filter[stream] === true) this.#compareStream(stream, chronicle, seq);
    if (this.wanted !== undefined) this.#compareWindow(chronicle, seq);
  }

  #wrong(what: string): void {
    this.#options.wrong(`${this.name} at ${this.sub.position.seq}: ${what}`);
  }

  #told(stream: Stream, names: ReadonlySet<string>): void {
    const chronicle = this.#standing();
    if (chronicle === undefined) return;
    const { seq } = this.sub.position;
    if (this.#options.chance.percent(10)) return this.compareAll(chronicle, seq);
    for (const name of names) this.#compare(stream, name, chronicle.at(stream, name, seq));
  }

  #windowTold(): void {
    const chronicle = this.#standing();
    if (chronicle !== undefined && this.#options.chance.percent(25))
      this.#compareWindow(chronicle, this.sub.position.seq);
  }

  #auditTold(): void {
    const chronicle = this.#standing();
    const last = this.sub.audit.notes.at(-1);
    if (chronicle !== undefined && (last?.seq ?? 0) > this.sub.position.seq) this.#wrong("notes of a later position");
  }

  /** Durable before visible (L1), and of an epoch that there was. */
  #standing(): Chronicle | undefined {
    const chronicle = this.chronicle();
    const { epoch, seq } = this.sub.position;
    // Nothing was told yet: only echoes are shown.
    if (epoch === "") return undefined;
    if (chronicle === undefined) this.#wrong(`tells of an epoch that never was: ${epoch}`);
    else if (seq > chronicle.state.seq)
      this.#wrong(`tells of what is not durable: the log ends at ${chronicle.state.seq}`);
    else return chronicle;
    return undefined;
  }

  #compareStream(stream: Stream, chronicle: Chronicle, seq: number): void {
    const all = chronicle.allAt(stream, seq);
    let isEchoing = false;
    for (const name of this.sub[stream].keys()) {
      const item = this.sub[stream].get(name);
      if (item !== undefined && "pending" in item) isEchoing = true;
      else if (stream !== "entries" || this.sees(name)) this.#compare(stream, name, all.get(name));
      else this.#wrong(`shows ${name}, which is not asked for`);
    }
    if (isEchoing) return;
    for (const name of all.keys())
      if ((stream !== "entries" || this.sees(name)) && !this.sub[stream].has(name) && !this.hides(name))
        this.#wrong(`${stream} lack ${name}`);
  }

  /** An echo may hide what is there. */
  hides: (key: string) => boolean = () => false;

  #compare(stream: Stream, name: string, version: Version | undefined): void {
    const shown: unknown = this.sub[stream].get(name);
    if (typeof shown === "object" && shown !== null && "pending" in shown) return;
    if (shown === undefined && stream === "entries" && this.hides(name)) return;
    const there = version === undefined ? undefined : itemOf(version);
    if (!sameJson(shown, there)) this.#wrong(`${stream} ${name} is shown as ${brief(shown)}, and is ${brief(there)}`);
  }

  #compareWindow(chronicle: Chronicle, seq: number): void {
    const { entries } = this.filter;
    if (entries === undefined || !("window" in entries) || this.wanted === undefined) return;
    const { rows, total, from, approximate } = this.sub.window;
    if (approximate) return;
    const { prefix = "", sort = "key" } = entries.window;
    const search = this.wanted.search.toLowerCase();
    // Once a search changes, nobody outside knows which of them is shown.
    if (this.hasSearched && !this.isQuiet) return;
    const all = [...chronicle.allAt("entries", seq)]
      .filter(([key]) => key.startsWith(prefix) && key.toLowerCase().includes(search))
      .map(([key, version]) => ({ key, version }));
    if (sort === "key") all.sort((a, b) => compareNames(a.key, b.key));
    else all.sort((a, b) => b.version.seq - a.version.seq);
    if (total !== all.length) this.#wrong(`the window says ${total} rows of ${all.length}`);
    const slice = all.slice(from, from + rows.length);
    if (this.isQuiet && rows.length !== all.slice(this.wanted.from, this.wanted.from + this.wanted.count).length)
      this.#wrong(`the window shows ${rows.length} rows from ${from}, and ${brief(this.wanted)} is wanted`);
    const seen = new Set<string>();
    for (const [i, row] of rows.entries()) {
      const expected = slice[i];
      // Those that one record changed have no order among them.
      const isRight = sort === "key" ? row.key === expected?.key : row.seq === expected?.version.seq;
      const version = chronicle.at("entries", row.key, seq);
      if (!isRight || seen.has(row.key) || version === undefined || !sameJson(row, itemOf(version)))
        return this.#wrong(`row ${from + i} is ${brief(row)}, and ${brief(expected?.key)} is expected`);
      seen.add(row.key);
    }
    return undefined;
  }

  /** Its search was changed. */
  hasSearched = false;
  /** Nothing is under way any more. */
  isQuiet = false;
}

export function brief(value: unknown): string {
  const text = JSON.stringify(value, (_name, member: unknown) =>
    typeof member === "bigint" ? `${member}n` : member,
  ) as string | undefined;
  return text === undefined ? "nothing" : text.length > 200 ? `${text.slice(0, 120)}…${text.slice(-60)}` : text;
}
