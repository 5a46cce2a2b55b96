// Owns which command ids count as repeats and which are too old or too new to tell (law L9, rule 9).
// Ids that look like UUIDv7 carry their issue time and are refused once a repeat could no longer be recognised. Other
// ids are opaque: they are recognised within the window (24 h, 1 000 000 ids) only.

import { ID_WINDOW_MS, type LogRecord, type Outcome } from "../../protocol/index.ts";
import type { Board } from "../board.ts";

/** Ids that one record may push out of the window by age, so that a long pause is not paid by one record. */
const MAX_FORGOTTEN_PER_RECORD = 16;

/** The outcome of a repeat, or the refusal of its id; undefined for a command to be judged. */
export function recallOutcome(board: Board, record: LogRecord, issuedAt: number): Outcome | undefined {
  // A command without an id cannot be asked for again.
  if (record.id === "") return undefined;
  const { ids } = board;
  const recall = ids.recall(record.actor, record.id, record.hash);
  if (recall.known) {
    return recall.outcome ?? { ok: false, seq: record.seq, code: "id_conflict", detail: { firstSeq: ids.firstSeq() } };
  }
  if (issuedAt < 0) return undefined;
  if (issuedAt <= ids.forgottenIssuedAt || issuedAt < record.at - ID_WINDOW_MS) {
    return { ok: false, seq: record.seq, code: "id_too_old" };
  }
  // Not remembered: the same id is good once its time has come.
  if (issuedAt > record.at + ID_WINDOW_MS) return { ok: false, seq: record.seq, code: "id_in_future" };
  return undefined;
}

export function rememberOutcome(board: Board, record: LogRecord, issuedAt: number, outcome: Outcome): void {
  const moment = { at: record.at, clock: board.clock };
  board.ids.forgetOlderThan(board.clock - ID_WINDOW_MS, moment, MAX_FORGOTTEN_PER_RECORD);
  if (record.id !== "") board.ids.remember(outcome, record.seq, issuedAt, moment);
}

/** Issue time in ms of an id of the form xxxxxxxx-xxxx-7xxx-…; -1 for any other id. */
export function issueTimeOf(id: string): number {
  if (id.length !== 36 || id.charCodeAt(14) !== 0x37 || id.charCodeAt(8) !== 0x2d) return -1;
  if (id.charCodeAt(13) !== 0x2d || id.charCodeAt(18) !== 0x2d || id.charCodeAt(23) !== 0x2d) return -1;
  let time = 0;
  for (let i = 0; i < 13; i++) {
    if (i === 8) continue;
    const digit = hexDigit(id.charCodeAt(i));
    if (digit < 0) return -1;
    time = time * 16 + digit;
  }
  return time;
}

function hexDigit(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
