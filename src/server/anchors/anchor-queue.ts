// Owns what waits for one place outside the server: signed checkpoints in order, delivered one by one, tried again with back-off.
// Does not own the place (anchor-file, anchor-url). Signing never waits for it.
// Bounded: MOST_WAITING wait. Beyond, the oldest goes: every newer checkpoint of its board covers what it covers.
//
//   idle ──offer──▶ delivering ──ok──▶ the next, or idle
//                       └──fails──▶ waiting (1 s, doubling to 5 min, with jitter) ──▶ delivering

/** Why one delivery failed. */
export class AnchorError extends Error {
  override readonly name = "AnchorError";
  /** The same will fail again: it is left out, and the next one is tried. */
  readonly isFinal: boolean;
  readonly retryAfterMs: number | undefined;
  constructor(message: string, isFinal: boolean, retryAfterMs?: number) {
    super(message);
    this.isFinal = isFinal;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface AnchorQueueOptions {
  /** @throws AnchorError */
  readonly deliver: (note: string, signal: AbortSignal) => Promise<void>;
  readonly notice: (message: string) => void;
  /** Between 0 and 1. */
  readonly chance?: () => number;
  readonly firstPauseMs?: number;
}

export interface AnchorQueue {
  offer(note: string): void;
  /** What is wrong at present; undefined while all was delivered. */
  readonly problem: string | undefined;
  readonly waiting: number;
  /** Try what waits once more, for at most so long, and stop. */
  close(ms: number): Promise<void>;
}

const MOST_WAITING = 256;
const FIRST_PAUSE_MS = 1000;
const MOST_PAUSE_MS = 300_000;

export function createAnchorQueue(options: AnchorQueueOptions): AnchorQueue {
  const { deliver, notice, chance = Math.random, firstPauseMs = FIRST_PAUSE_MS } = options;
  const stop = new AbortController();
  let waiting: string[] = [];
  let problem: string | undefined;
  let failures = 0;
  let dropped = 0;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isClosing = false;

  const run = async (): Promise<void> => {
    for (let note = waiting[0]; note !== undefined && !stop.signal.aborted; note = waiting[0]) {
      try {
        await deliver(note, stop.signal);
        waiting = waiting.filter((one) => one !== note);
        if (problem !== undefined) notice("checkpoints are anchored again");
        problem = undefined;
        failures = 0;
        dropped = 0;
      } catch (error) {
        const told = error instanceof AnchorError ? error : new AnchorError(String(error), false);
        if (told.isFinal) waiting = waiting.filter((one) => one !== note);
        if (problem !== told.message) notice(`a checkpoint was not anchored: ${told.message}`);
        problem = told.message;
        failures++;
        if (told.isFinal) continue;
        if (isClosing) return;
        const most = Math.min(MOST_PAUSE_MS, firstPauseMs * 2 ** Math.min(failures - 1, 20));
        const pauseMs = Math.max(most * (0.5 + chance() / 2), told.retryAfterMs ?? 0);
        timer = setTimeout(start, pauseMs);
        timer.unref();
        return;
      }
    }
  };

  const start = (): void => {
    timer = undefined;
    running ??= run().finally(() => {
      running = undefined;
      if (timer === undefined && waiting.length > 0 && !isClosing) start();
    });
  };

  return {
    offer(note) {
      if (stop.signal.aborted) return;
      waiting.push(note);
      if (waiting.length > MOST_WAITING) {
        // The one under way may be the oldest: it is left alone.
        waiting.splice(1, 1);
        dropped++;
      }
      if (timer === undefined) start();
    },
    get problem() {
      if (problem === undefined) return undefined;
      const left = waiting.length === 0 ? "" : `; ${waiting.length} wait`;
      return `${problem}${left}${dropped === 0 ? "" : `, ${dropped} older ones were left out`}`;
    },
    get waiting() {
      return waiting.length;
    },
    async close(ms) {
      isClosing = true;
      clearTimeout(timer);
      const late = setTimeout(() => stop.abort(), ms);
      await running;
      start();
      await running;
      clearTimeout(late);
      stop.abort();
    },
  };
}
