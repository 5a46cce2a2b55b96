// Owns what really happened on a board in one epoch: a fold of its own over the durable records, and what every item was at every
// position. Does not own the engine's state, which is held against this one (law L2).

import { apply, createBoardState, eachSignOfLife } from "../../src/board/index.ts";
import { parseJson } from "../../src/client/exact-json.ts";
import { sha256 } from "../../src/engine/recovery.ts";
import { entryText, ITEM_SOURCES } from "../../src/feed/item-texts.ts";
import type { Change, Command, ItemStream, LogRecord, Outcome } from "../../src/protocol/index.ts";

export type Stream = ItemStream | "entries";

export interface Version {
  readonly seq: number;
  /** JSON of the item; undefined where it was deleted. */
  readonly text: string | undefined;
}

export interface ToldNote {
  readonly seq: number;
  readonly event: string;
  readonly agent: string;
  readonly granted: boolean | undefined;
  readonly reason: string | undefined;
}

const STREAM_OF: Readonly<Record<Change["type"], Stream | undefined>> = {
  "entry.changed": "entries",
  "entry.deleted": "entries",
  "budget.changed": "budgets",
  "claim.changed": "claims",
  "request.changed": "requests",
  "agent.changed": "agents",
  "task.changed": "tasks",
  "source.changed": "sources",
  "hold.changed": "holds",
  "alert.changed": "alerts",
  "pause.changed": "pauses",
  "audit.added": undefined,
};

const parsed = new WeakMap<Version, unknown>();
/** The item as a client reads it. */
export function itemOf(version: Version): unknown {
  if (!parsed.has(version)) parsed.set(version, version.text === undefined ? undefined : parseJson(version.text));
  return parsed.get(version);
}

export class Chronicle {
  readonly epoch: string;
  readonly fromMs: number;
  toMs = Infinity;
  readonly state = createBoardState(sha256);
  readonly notes: ToldNote[] = [];
  /** Outcomes by actor and id, in the order of their records. */
  readonly #outcomes = new Map<string, Outcome[]>();
  readonly #versions = new Map<Stream, Map<string, Version[]>>();

  constructor(epoch: string, fromMs: number) {
    this.epoch = epoch;
    this.fromMs = fromMs;
  }

  add(record: LogRecord): void {
    const { outcome, changes } = apply(this.state, record);
    if (record.id !== "") {
      const name = `${record.actor} ${record.id}`;
      this.#outcomes.set(name, [...(this.#outcomes.get(name) ?? []), { ...outcome, seq: outcome.seq ?? record.seq }]);
    }
    for (const { type, name } of changes) {
      const stream = STREAM_OF[type];
      if (stream !== undefined) this.#note(stream, name, record.seq);
    }
    if (!outcome.ok || outcome.duplicate === true) return;
    eachSignOfLife(record, (name) => this.#note("agents", name, record.seq));
    this.#noteAudit(record, record.command);
  }

  outcomesOf(actor: string, id: string): readonly Outcome[] {
    return this.#outcomes.get(`${actor} ${id}`) ?? [];
  }

  /** What an item was at a position, or undefined where there was none. */
  at(stream: Stream, name: string, seq: number): Version | undefined {
    const version = this.#versions
      .get(stream)
      ?.get(name)
      ?.findLast((one) => one.seq <= seq);
    return version?.text === undefined ? undefined : version;
  }

  /** Everything that there was at a position. */
  allAt(stream: Stream, seq: number): Map<string, Version> {
    const all = new Map<string, Version>();
    for (const name of this.#versions.get(stream)?.keys() ?? []) {
      const version = this.at(stream, name, seq);
      if (version !== undefined) all.set(name, version);
    }
    return all;
  }

  #note(stream: Stream, name: string, seq: number): void {
    let names = this.#versions.get(stream);
    if (names === undefined) this.#versions.set(stream, (names = new Map()));
    let versions = names.get(name);
    if (versions === undefined) names.set(name, (versions = []));
    const entry = this.state.entries.get(name);
    const text =
      stream !== "entries"
        ? ITEM_SOURCES[stream].text(this.state, name)
        : entry === undefined
          ? undefined
          : entryText(entry);
    if (versions.at(-1)?.seq === seq) versions.pop();
    versions.push({ seq, text });
  }

  #noteAudit({ seq, actor }: LogRecord, command: Command): void {
    const all = command.type === "batch" ? command.commands : [command];
    for (const one of all) {
      if (one.type !== "audit.note") continue;
      const { event, agent = actor, granted, reason } = one;
      this.notes.push({ seq, event, agent, granted, reason });
    }
  }
}
