// Owns how a state is put together again from a snapshot's parts. Does not own files or checksums (log/).
// The restored state differs from the one written in nothing that any rule, digest or view can tell.

import { type AuditNote, type JsonText, seq, type SnapshotPart } from "../protocol/index.ts";
import { Board } from "./board.ts";
import { FIELDS, itemFrom, type ItemOf, NOTE_FIELDS } from "./kinds.ts";
import { wordAt } from "./packed-words.ts";
import type { KeptEntry } from "./running-digest.ts";
import {
  type BoardHead,
  type EntriesHead,
  type IdsHead,
  type ItemsHead,
  type PartHead,
  type RowsHead,
  SNAPSHOT_FORMAT,
} from "./snapshot.ts";
import type { BoardState, Sha256 } from "./state.ts";

/** The snapshot cannot be used: of another version, or parts are missing. The log still has everything. */
export class SnapshotError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SnapshotError";
  }
}

/** The state that `writeSnapshot` took apart. Rejects with SnapshotError for an unknown format or a missing part. */
export async function readSnapshot(
  parts: AsyncIterable<SnapshotPart> | Iterable<SnapshotPart>,
  sha256: Sha256,
): Promise<BoardState> {
  const board = new Board(sha256);
  let head: BoardHead | undefined;
  let rows = 0;
  let whole = false;
  for await (const { head: line, texts } of parts) {
    const next = JSON.parse(line) as PartHead;
    if (next.part === "board") {
      if (next.format !== SNAPSHOT_FORMAT) throw new SnapshotError(`unknown snapshot format ${next.format}`);
      head = next;
      continue;
    }
    if (head === undefined) throw new SnapshotError("the snapshot does not begin with its head");
    switch (next.part) {
      case "entries":
        rows += readEntries(board, next, texts);
        break;
      case "items":
        rows += readItems(board, next);
        break;
      case "ids":
        rows += readIds(board, next, texts);
        break;
      case "end":
        if (next.rows !== rows) throw new SnapshotError(`the snapshot holds ${rows} rows instead of ${next.rows}`);
        whole = true;
        break;
      default:
        rows += readRows(board, next);
    }
  }
  if (head === undefined || !whole) throw new SnapshotError("the snapshot is cut short");
  board.seq = seq(head.seq);
  board.clock = head.clock;
  board.rules = head.rules;
  board.revFloor = head.revFloor;
  board.audit.total = head.auditTotal;
  board.digest.restore(head.lanes);
  board.ids.forgottenIssuedAt = head.forgottenIssuedAt;
  return board;
}

function readEntries(board: Board, head: EntriesHead, texts: readonly string[]): number {
  const { keys, hashes, seqs, ats, revs, writers, by } = head;
  const count = keys.length;
  if (texts.length !== count) throw new SnapshotError(`${texts.length} values for ${count} keys`);
  const expiries = new Map(head.expiries);
  const sources = new Map(head.sources);
  for (let i = 0; i < count; i++) {
    const entry: KeptEntry = {
      key: keys[i] as string,
      value: texts[i] as JsonText,
      rev: revs[i] as number,
      seq: seq(seqs[i] as number),
      at: ats[i] as number,
      by: writers[by[i] as number] as string,
      expiresAtClock: expiries.size === 0 ? Number.POSITIVE_INFINITY : (expiries.get(i) ?? Number.POSITIVE_INFINITY),
      source: sources.size === 0 ? undefined : sources.get(i),
      hash: hashes[i] as string,
      held: undefined,
    };
    board.restoreEntry(entry);
  }
  return count;
}

/** The setters count again what these items add to sums and timers; the digest is taken from the head afterwards. */
function readItems(board: Board, { kind, rows }: ItemsHead): number {
  for (const row of rows) {
    const item = <K extends keyof ItemOf>(of: K): ItemOf[K] => itemFrom<ItemOf[K]>(FIELDS[of], row);
    const name = row[0] as string;
    switch (kind) {
      case "budgets":
        board.setBudget(name, item(kind));
        break;
      case "claims":
        board.setClaim(name, item(kind));
        break;
      case "requests":
        board.setRequest(name, item(kind));
        break;
      case "agents":
        board.setAgent(name, item(kind));
        break;
      case "tasks":
        board.setTask(name, item(kind));
        break;
      case "sources":
        board.setSource(name, item(kind));
        break;
      case "holds":
        board.setHold(name, item(kind));
        break;
      case "alerts":
        board.setAlert(name, item(kind));
        break;
      case "pauses":
        board.setPause(name, item(kind));
        break;
      case "paces":
        board.setPace(name, item(kind));
        break;
      default:
        throw new SnapshotError(`unknown kind ${String(kind satisfies never)}`);
    }
  }
  return rows.length;
}

function readRows(board: Board, { part, source, rows }: RowsHead): number {
  for (const row of rows) {
    switch (part) {
      case "notes":
        board.audit.notes.push(itemFrom<AuditNote>(NOTE_FIELDS, row));
        break;
      case "tombstones": {
        const [key, rev, at] = row as [string, number, number];
        board.tombstones.set(key, { rev, seq: at });
        break;
      }
      case "activity": {
        const [name, lastAt, writes, at] = row as [string, number, number, number];
        board.activity.set(name, { name, lastAt, writes, seq: at });
        break;
      }
      case "marks": {
        const [name, value, at] = row as [string, string, number];
        board.restoreMark(source ?? "", name, { value, seq: at });
        break;
      }
      default:
        throw new SnapshotError(`unknown part ${String(part satisfies never)}`);
    }
  }
  return rows.length;
}

function readIds(board: Board, head: IdsHead, texts: readonly string[]): number {
  const words = texts[0] ?? "";
  const count = head.seqs.length;
  for (let i = 0; i < count; i++) {
    board.ids.columns.appendRow(
      [wordAt(words, i), wordAt(words, count + i), wordAt(words, 2 * count + i), wordAt(words, 3 * count + i)],
      [
        head.seqs[i] as number,
        head.clocks[i] as number,
        head.issued[i] as number,
        head.tags[i] as number,
        head.revs[i] as number,
        head.ttls[i] as number,
      ],
    );
  }
  head.texts.forEach((at, i) => board.ids.keepText(at, texts[i + 1] ?? "{}"));
  return count;
}
