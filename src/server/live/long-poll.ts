// Owns carrying a session as one answer of JSON: what changed since a cursor, or waiting for that (docs/protocol.md, W-HTTP-2).
// Does not own what is told. Invariant: the answer ends with the sync's last page, and nothing is kept after it.
// Syncs are written as they come, so that a long catch-up is never in memory as a whole.
//
//   new ──begin──▶ waiting ──first page of several──▶ writing ──last page──▶ over
//    │               ├─────────── a sync in one page, or time is over ────────┤
//    └───close───────┴──────────────────── close ─────────────────────────────┘

import type { ServerResponse } from "node:http";
import { CLOSE, type Code, MAX_WAIT_MS, type Subscribed } from "../../protocol/index.ts";
import { refuseResponse } from "../edge/raw-answer.ts";
import { LIVE_HEADERS } from "./event-stream.ts";
import type { LiveTimers } from "./timers.ts";
import type { Transport } from "./transport.ts";

/** What is still being put together when the wait is over (an order of rows, notes on disk) is waited for so much longer. */
const OVERTIME_MS = MAX_WAIT_MS;

/** A sync without streams. */
const QUIET = /^\{"sub":"[\w-]+","from":\d+,"to":\d+\}$/;

export interface LongPollOptions {
  readonly response: ServerResponse;
  readonly timers: LiveTimers;
  readonly waitMs: number;
  /** The answer is complete: end the session. */
  readonly onDone: () => void;
}

/** What a poll asks of its session. */
export interface Polled {
  /** Tell what there is to tell, now. */
  readonly serve: () => void;
  /** Let the position advance over what is not seen. */
  readonly keepYoung: () => void;
  /** Whether there is nothing that is seen and was not told. */
  readonly isCurrent: () => boolean;
  /** Whether a snapshot was promised and is not told. */
  readonly owesSnapshot: () => boolean;
  /** The cursor of a replica that stands there. */
  readonly cursorAt: (seq: number) => string;
  /** JSON text of a beat as of now. */
  readonly beat: () => string;
}

export interface LongPoll extends Transport {
  /** Begin to wait. Nothing is sent before. */
  begin(opened: Subscribed, beatMs: number, polled: Polled): void;
}

/** How a poll that has nothing yet is told of the end of its session. */
const END_CODES = new Map<number, Code>([
  [CLOSE.restart.code, "shutting_down"],
  [CLOSE.goingAway.code, "no_such_board"],
]);

export function createLongPoll({ response, timers, waitMs, onDone }: LongPollOptions): LongPoll {
  let phase: "new" | "waiting" | "writing" | "over" = "new";
  let start = "";
  let polled: Polled | undefined;
  let position = 0;
  let cancel: (() => void) | undefined;

  const setHead = (): void => {
    for (const [name, value] of Object.entries(LIVE_HEADERS)) response.setHeader(name, value);
    response.setHeader("Content-Type", "application/json; charset=utf-8");
  };
  const finish = (text: string): void => {
    if (polled === undefined) return;
    if (phase === "waiting") setHead();
    phase = "over";
    cancel?.();
    response.end(`${text}],"beat":${polled.beat()},"cursor":${JSON.stringify(polled.cursorAt(position))}}`);
    onDone();
  };
  const refuse = (code: Code, detail?: string): void => {
    phase = "over";
    cancel?.();
    refuseResponse(response, code, { detail });
  };
  const late = (): void => {
    polled?.serve();
    if (phase !== "waiting") return;
    polled?.keepYoung();
    if (polled?.isCurrent() === true) finish(start);
    else cancel = timers.after(OVERTIME_MS, giveUp);
  };
  const giveUp = (): void => {
    if (phase !== "waiting") return;
    // An answer without the snapshot that `reset` promised would have the client keep what is no longer so.
    if (polled?.owesSnapshot() !== true) return finish(start);
    refuse("overloaded", "What was asked for is still being put together.");
    return onDone();
  };

  return {
    begin(opened, beatMs, asked) {
      phase = "waiting";
      polled = asked;
      position = opened.position.seq;
      start = `{"open":${JSON.stringify({ ...opened, beatMs })},"syncs":[`;
      asked.serve();
      if (phase !== "waiting") return;
      if (waitMs === 0) late();
      else cancel = timers.after(waitMs, late);
    },
    push(frame) {
      if ((phase !== "waiting" && phase !== "writing") || frame.method !== "sync") return 0;
      position = frame.to ?? position;
      // Nothing that is seen is no reason to answer: the cursor says it.
      if (QUIET.test(frame.params)) return 0;
      const text = (phase === "waiting" ? start : ",") + frame.params;
      if (frame.to === undefined) {
        if (phase === "waiting") setHead();
        phase = "writing";
        cancel?.();
        response.write(text);
      } else finish(text);
      return frame.params.length;
    },
    // Requests are not part of a poll.
    reply: () => undefined,
    get waitingBytes() {
      return response.writableLength;
    },
    hold() {
      if (phase === "waiting" || phase === "writing") response.cork();
    },
    release() {
      if (phase === "waiting" || phase === "writing") response.uncork();
    },
    close(how) {
      const before = phase;
      phase = "over";
      cancel?.();
      // Before `begin` the route answers, in its own way.
      if (before === "new" || before === "over" || response.destroyed) return;
      const code = END_CODES.get(how.code);
      // Half of an answer must not look like a whole one.
      if (before === "writing" || code === undefined) response.destroy();
      else refuse(code);
    },
  };
}
