// Owns one live tail of the audit as an event stream: catching up from the past, going over to what comes, and back where the
// client or the buffer cannot keep up. Does not own the filter or the texts (views/).
//
//   catching up ──the past is told, and what came meanwhile is at hand──▶ live
//        ▲                                                                 │
//        └──────── the client takes nothing for now; too much came ────────┘
//
// Invariants: every record that meets the filter is told once, in order (law L5); an event's id is the place to go on from; the answer
// ends after MAX_BYTES or `streamMs`, and asking again with the last id is the client's acknowledgement (rule 14).

import type { ServerResponse } from "node:http";
import type { Applied, BoardHandle } from "../engine/contract.ts";
import {
  charsOf,
  hitsOf,
  type HistoryFilter,
  type HistoryHit,
  type HistoryPlace,
  MOST_PARTS,
  outcomeOf,
} from "../log/index.ts";
import { auditPages } from "./audit-pages.ts";
import { EVENTS_TYPE, LIVE_HEADERS } from "./live/event-stream.ts";
import type { Timings } from "./options.ts";
import { auditRecordText } from "./views/audit-record-text.ts";

const MAX_BYTES = 1_048_576;
/** Records that may come while the past is read. Beyond, they are read from the past too. */
const MOST_BUFFERED = 10_000;
/** A reader comes back so long after an answer that ended as it should, in ms. */
const NEXT_MS = 20;

export interface TailOptions {
  readonly board: BoardHandle;
  readonly filter: HistoryFilter;
  /** Where it goes on from. */
  readonly from: HistoryPlace;
  /** Told first, where the client cannot go on from where it was. */
  readonly reset: "epoch" | "ahead" | undefined;
  readonly response: ServerResponse;
  readonly timings: Pick<Timings, "streamMs" | "quietMs" | "slowMs">;
  readonly onEnd: () => void;
}

export interface Tail {
  /** Tell until the end. Rejects where the past cannot be read. */
  run(): Promise<void>;
  close(): void;
}

export function createTail({ board, filter, from, reset, response, timings, onEnd }: TailOptions): Tail {
  const { epoch } = board.position;
  let place = from;
  let sentBytes = 0;
  let isOver = false;
  let isLive = false;
  /** What came since the past was last asked for; undefined once it was too much. */
  let came: HistoryHit[] | undefined = [];
  let cameChars = 0;
  let cameTo = 0;
  let wake: () => void = () => undefined;

  const end = (): void => {
    if (isOver) return;
    isOver = true;
    stopListening();
    clearInterval(quiet);
    clearTimeout(late);
    wake();
    if (!response.destroyed) response.end(`retry: ${NEXT_MS}\n\n`);
    onEnd();
  };
  const write = (text: string): void => {
    const bytes = Buffer.from(text);
    sentBytes += bytes.length;
    response.write(bytes);
    if (sentBytes >= MAX_BYTES) end();
  };
  const idOf = ({ seq, part }: HistoryPlace): string => `${epoch}.${seq}.${part}`;
  const event = (name: string, data: string): void => write(`event: ${name}\nid: ${idOf(place)}\ndata: ${data}\n\n`);
  const tell = (hit: HistoryHit): void => {
    place = { seq: hit.seq, part: hit.part };
    event("record", auditRecordText(hit));
  };
  /** Behind all of a record. */
  const passed = (seq: number): void => {
    if (seq > place.seq) place = { seq, part: MOST_PARTS - 1 };
  };

  const listen = (group: readonly Applied[]): void => {
    for (const { record, outcome } of group) {
      cameTo = record.seq;
      for (const hit of hitsOf(record, { ...filter, order: "oldest" }, outcomeOf(outcome))) {
        if (isOver) return;
        if (isLive && !response.writableNeedDrain) tell(hit);
        else if (isLive) fallBehind();
        else if (came !== undefined && came.length < MOST_BUFFERED && cameChars < MAX_BYTES) {
          came.push(hit);
          cameChars += charsOf(hit.command);
        } else came = undefined;
      }
      if (isLive) passed(record.seq);
    }
  };
  const stopListening = board.onApplied(listen);
  /** What was not told is read again from the past. */
  const fallBehind = (): void => {
    isLive = false;
    came = undefined;
    wake();
  };

  /** Also moves the place on where nothing meets the filter, so that coming back needs no look at all of it. */
  const quiet = setInterval(() => write(`id: ${idOf(place)}\n:\n\n`), timings.quietMs);
  const late = setTimeout(end, timings.streamMs);
  response.once("close", end);
  response.on("error", () => undefined);

  /** False where the client takes nothing for too long. */
  const drained = async (): Promise<boolean> => {
    if (!response.writableNeedDrain || isOver) return true;
    const slow = new Promise<false>((done) => {
      setTimeout(done, timings.slowMs, false).unref();
    });
    const ready = new Promise<true>((done) => {
      response.once("drain", () => done(true));
      wake = () => done(true);
    });
    return Promise.race([ready, slow]);
  };

  const catchUp = async (): Promise<void> => {
    came = [];
    cameChars = 0;
    cameTo = board.state.seq;
    let upTo = 0;
    for await (const page of auditPages(board, filter, place)) {
      if (isOver) return;
      if (place.seq + 1 < page.first) {
        const missed = { from: place.seq + 1, to: page.first - 1 };
        passed(page.first - 1);
        event("missed", JSON.stringify(missed));
      }
      for (const hit of page.hits) if (!isOver) tell(hit);
      if (!(await drained())) return void response.destroy();
      upTo = page.seq;
    }
    // From here to the end nothing is awaited.
    const held = came as HistoryHit[] | undefined;
    passed(upTo);
    if (held === undefined) return;
    for (const hit of held) if (hit.seq > upTo && !isOver) tell(hit);
    passed(cameTo);
    came = [];
    isLive = true;
  };

  return {
    async run() {
      response.writeHead(200, { ...LIVE_HEADERS, "Content-Type": EVENTS_TYPE });
      if (reset !== undefined) event("reset", JSON.stringify({ reason: reset }));
      event("open", JSON.stringify({ epoch, seq: board.position.seq }));
      try {
        while (!isOver) {
          await catchUp();
          if (!isLive || isOver) continue;
          await new Promise<void>((done) => {
            wake = done;
          });
          if (!isOver && !(await drained())) response.destroy();
        }
      } catch (error) {
        // Cut off, and not ended: the reader comes back after its own pause.
        response.destroy();
        throw error;
      } finally {
        end();
      }
    },
    close: end,
  };
}
