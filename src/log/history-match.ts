// Owns what it means that a command meets a filter, without an index: for what is not indexed yet, and in memory.
// Invariant: the index (history-database) finds exactly what this finds; both split texts into words here.

import type { LogRecord, SingleCommand } from "../protocol/index.ts";
import { DONE, isWithin, meetsOutcome, type HistoryFilter, type HistoryHit } from "./history-filter.ts";
import { partsOf, rowOf, type HistoryRow } from "./history-row.ts";

const MOST_WORDS = 32;

/** Words of a text: letters and digits, without case and accents. */
export function wordsOf(text: string): string[] {
  const bare = text
    .normalize("NFD")
    .replace(/\p{M}+/gu, "")
    .normalize("NFC")
    .toLowerCase();
  return bare.match(/[\p{L}\p{N}]+/gu) ?? [];
}

export const wordsAskedFor = (text: string): string[] => wordsOf(text).slice(0, MOST_WORDS);

/** All that the words of a question may be in. */
export const textOf = (row: HistoryRow, actor: string): string =>
  [row.name, row.event, row.agent, row.reason, actor].filter((word) => word !== undefined).join(" ");

/** Whether a text holds every word of a question; the last may be a beginning. */
export function holdsWords(text: string, asked: readonly string[]): boolean {
  const words = wordsOf(text);
  return asked.every((word, i) =>
    i < asked.length - 1 ? words.includes(word) : words.some((one) => one.startsWith(word)),
  );
}

export const isEntryChange = ({ type, event }: Pick<HistoryRow, "type" | "event">): boolean =>
  type === "entry.put" ||
  type === "entry.merge" ||
  type === "entry.delete" ||
  (type === "items.expire" && event === "entry");

/** A follower's marks are its own; nobody is told of them. */
export const isPrivate = ({ type }: Pick<SingleCommand, "type">): boolean => type === "source.mark";

/** The hits of one record, in the filter's order. */
export function* hitsOf(record: LogRecord, filter: HistoryFilter, outcome: string = DONE): Generator<HistoryHit, void> {
  const { seq, actor } = record;
  if (filter.before !== undefined && filter.before.seq < seq) return;
  if (filter.after !== undefined && filter.after.seq > seq) return;
  if (filter.actor !== undefined && filter.actor !== actor) return;
  if (!meetsOutcome(filter, outcome)) return;
  const commands = partsOf(record);
  const step = filter.order === "oldest" ? 1 : -1;
  for (let part = step > 0 ? 0 : commands.length - 1; part >= 0 && part < commands.length; part += step) {
    const command = commands[part];
    if (command === undefined || isPrivate(command)) continue;
    if (!isWithin({ seq, part }, filter)) continue;
    if (meets(filter, rowOf(command, actor), record)) yield hitOf(record, part, command, outcome);
  }
}

export function hitOf(record: LogRecord, part: number, command: SingleCommand, outcome: string): HistoryHit {
  const { seq, at, actor, source, id, role, trace, task } = record;
  return {
    seq,
    part,
    at,
    actor,
    source,
    id,
    command,
    outcome,
    ...(role === undefined ? {} : { role }),
    ...(trace === undefined ? {} : { trace }),
    ...(task === undefined ? {} : { task }),
  };
}

/** Characters of a trace id, which a trace's text begins with. */
export const TRACE_ID_CHARS = 32;

function meets(filter: HistoryFilter, row: HistoryRow, { at, actor, trace, task }: LogRecord): boolean {
  const moment = row.at ?? at;
  if (filter.task !== undefined && filter.task !== (row.task ?? task)) return false;
  if (filter.trace !== undefined && filter.trace !== trace?.slice(0, TRACE_ID_CHARS)) return false;
  if (filter.type !== undefined && filter.type !== row.type) return false;
  if (filter.entriesOnly === true && !isEntryChange(row)) return false;
  if (filter.name !== undefined && filter.name !== row.name) return false;
  if (filter.namePrefix !== undefined && row.name?.startsWith(filter.namePrefix) !== true) return false;
  if (filter.event !== undefined && filter.event !== row.event) return false;
  if (filter.agent !== undefined && filter.agent !== row.agent) return false;
  if (filter.granted !== undefined && filter.granted !== row.granted) return false;
  if (filter.since !== undefined && moment < filter.since) return false;
  if (filter.until !== undefined && moment > filter.until) return false;
  return filter.text === undefined || holdsWords(textOf(row, actor), wordsAskedFor(filter.text));
}
