// Owns the near end of a board's history index: its worker, the questions that wait, and when it rests.
// Does not own the index (history-worker). Bounded: MOST_WAITING questions, beyond them `query` rejects at once.

import { Worker } from "node:worker_threads";
import type { BoardLog } from "./contract.ts";
import {
  HistoryError,
  type HistoryPace,
  type HistoryQuestion,
  type HistoryReply,
  type IndexAnswer,
  type IndexMoment,
  type IndexQuestion,
  type IndexSpending,
} from "./history-filter.ts";
import type { SpendingQuestion } from "./spending/spending.ts";

export interface HistoryIndexOptions {
  /** The board's folder, which holds `segments/`; the index is kept beside it. */
  readonly boardDir: string;
  readonly log: Pick<BoardLog, "epochs">;
  /** Without a question for so long, the worker ends; the next question starts it again. */
  readonly idleMs?: number;
  readonly workerUrl?: URL;
  /** How much is looked through at a time. Only tests have a reason to change it. */
  readonly pace?: Partial<HistoryPace>;
}

/** Questions about the past, answered from a derived index (rule 15). */
export interface HistoryIndex {
  /**
   * Hits newest first. Waits briefly for the index to catch up; `indexedTo` says how far it came.
   * @throws HistoryError
   */
  query(question: IndexQuestion): Promise<IndexAnswer>;
  /** What was spent of a budget, likewise. @throws HistoryError */
  spending(question: SpendingQuestion, moment: IndexMoment): Promise<IndexSpending>;
  close(): Promise<void>;
}

type Unnumbered<Q> = Q extends { readonly id: number } ? Omit<Q, "id"> : never;
type Asked = Unnumbered<HistoryQuestion>;
type Answered = Extract<HistoryReply, { ok: true }>;

const MOST_WAITING = 64;

/** The worker starts with the first question, so that a board without questions costs nothing. */
export function createHistoryIndex(options: HistoryIndexOptions): HistoryIndex {
  const { boardDir, log } = options;
  const idleMs = options.idleMs ?? 60_000;
  const workerUrl = options.workerUrl ?? new URL("./history-worker.js", import.meta.url);
  const waiting = new Map<number, { resolve: (reply: Answered) => void; reject: (error: Error) => void }>();
  let worker: Worker | undefined;
  let ended: Promise<void> = Promise.resolve();
  let idle: NodeJS.Timeout | undefined;
  let lastId = 0;
  let asking = 0;
  let closed = false;

  const rejectWaiting = (error: Error): void => {
    for (const [id, { reject }] of waiting) {
      waiting.delete(id);
      reject(error);
    }
  };

  const start = (): Worker => {
    const history = JSON.stringify(log.epochs);
    const started = new Worker(workerUrl, { workerData: { folder: boardDir, history, pace: options.pace ?? {} } });
    started.on("message", (reply: HistoryReply) => {
      const question = waiting.get(reply.id);
      waiting.delete(reply.id);
      if (reply.ok) question?.resolve(reply);
      else question?.reject(new HistoryError(reply.message));
      if (waiting.size === 0) rest();
    });
    started.on("error", (error: Error) => {
      rejectWaiting(new HistoryError("the history index failed", { cause: error }));
    });
    ended = new Promise((resolve) => {
      started.on("exit", () => {
        if (worker === started) worker = undefined;
        rejectWaiting(new HistoryError("the history index ended"));
        resolve();
      });
    });
    return started;
  };

  /** Nobody waits: the worker may still index, but keeps no process alive, and ends after a while. */
  const rest = (): void => {
    worker?.unref();
    clearTimeout(idle);
    idle = setTimeout(() => stop(), idleMs);
    idle.unref();
  };

  const stop = (): void => {
    clearTimeout(idle);
    const question: HistoryQuestion = { kind: "close" };
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker?.postMessage(question);
    worker = undefined;
  };

  const ask = async (asked: Asked): Promise<Answered> => {
    if (worker === undefined) {
      // Two workers never share the file: the one before has closed it by then.
      await ended;
      if (closed) throw new HistoryError("the history index is closed");
      worker ??= start();
    }
    const current = worker;
    clearTimeout(idle);
    current.ref();
    const id = ++lastId;
    const question: HistoryQuestion = { id, ...asked };
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      current.postMessage(question);
    });
  };

  const askInTurn = async (asked: Asked): Promise<Answered> => {
    if (closed) throw new HistoryError("the history index is closed");
    if (asking >= MOST_WAITING) throw new HistoryError("too many questions wait for the history index");
    asking++;
    try {
      return await ask(asked);
    } finally {
      asking--;
    }
  };

  return {
    query: async (question) => {
      const reply = await askInTurn({ kind: "query", ...question });
      if ("answer" in reply) return reply.answer;
      throw new HistoryError("the history index answered another question");
    },
    spending: async (question, moment) => {
      const reply = await askInTurn({ kind: "spending", question, ...moment });
      if ("spending" in reply) return reply.spending;
      throw new HistoryError("the history index answered another question");
    },
    close: async () => {
      closed = true;
      stop();
      await ended;
    },
  };
}
