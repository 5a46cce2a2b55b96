// Owns a stream on its way from a model to the program: it reads the usage as chunks pass, and ends the hold when the stream
// ends, however it ends. Does not own the hold (hold.ts). Invariant: no way out of the stream leaves the hold open.

import type { Hold, HoldEnd } from "./hold.ts";
import { SettleFailed } from "./refusals.ts";
import type { Usage } from "./usage.ts";
import type { UsageMeter } from "./usage-meter.ts";

export interface MeteredStreamOptions {
  readonly hold: Hold;
  readonly meter: UsageMeter;
  /** Cancelled by the program, or by the end of this stream: the model's request should end then. */
  readonly controller: AbortController;
  /** What counts as spent where the stream broke: what is known, and for what is not known as much as was held. */
  readonly spentSoFar: () => Usage | undefined;
  /** Whether an error before the first chunk leaves something spent. */
  readonly spentOnError: (error: unknown) => boolean;
}

export interface MeteredStream<Chunk> {
  readonly stream: AsyncIterableIterator<Chunk>;
  /** Somebody waits for a chunk, or took one since this was last asked. */
  readonly inUse: () => boolean;
}

export function meterStream<Chunk>(source: AsyncIterable<Chunk>, options: MeteredStreamOptions): MeteredStream<Chunk> {
  const { hold, meter, controller, spentSoFar, spentOnError } = options;
  const { signal } = controller;
  const iterator = source[Symbol.asyncIterator]();
  let chunks = 0;
  let pulls = 0;
  let used = false;
  let over = false;
  let ending: Promise<void> = Promise.resolve();

  /** `cancelled`: by the reader. The model may have begun, so then the hold is never taken for unspent. */
  function broken(error: unknown, cancelled: boolean): Promise<void> {
    if (over) return ending;
    over = true;
    signal.removeEventListener("abort", onAbort);
    const spent = cancelled || chunks > 0 || meter.known !== undefined || spentOnError(error);
    controller.abort(error);
    ending = hold.endSoon(spent, spentSoFar());
    return ending;
  }

  /** The source may not hear of it, or hang: it gets no time. */
  const leave = (): void => {
    Promise.resolve(iterator.return?.()).catch(() => undefined);
  };
  const onAbort = (): void => {
    void broken(signal.reason, true);
    leave();
  };
  let aborted: Promise<never> | undefined;
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });

  /** Rejects when the program cancels: a source that does not listen must not keep whoever waits. */
  const orAborted = <T>(work: Promise<T>): Promise<T> => {
    aborted ??= new Promise<never>((_done, failed) => {
      if (signal.aborted) failed(reasonOf(signal));
      else signal.addEventListener("abort", () => failed(reasonOf(signal)), { once: true });
    });
    aborted.catch(() => undefined);
    return Promise.race([work, aborted]);
  };

  const stream: AsyncIterableIterator<Chunk> = {
    [Symbol.asyncIterator]: () => stream,
    async next() {
      if (over) {
        if (signal.aborted && signal.reason !== ENDED) throw reasonOf(signal);
        return { done: true, value: undefined };
      }
      pulls++;
      try {
        const step = await orAborted(iterator.next());
        used = true;
        if (step.done !== true) {
          chunks++;
          meter.chunk(step.value);
          return step;
        }
      } catch (error) {
        await broken(error, false);
        throw error;
      } finally {
        pulls--;
      }
      if (!over) {
        over = true;
        signal.removeEventListener("abort", onAbort);
        const usage = meter.known?.usage;
        thrown(await hold.settle(usage), usage);
      }
      return { done: true, value: undefined };
    },
    async return() {
      await broken(ENDED, true);
      leave();
      return { done: true, value: undefined };
    },
    async throw(error: unknown) {
      await broken(error, true);
      leave();
      throw error;
    },
  };

  return {
    stream,
    inUse: () => {
      const was = used || pulls > 0;
      used = false;
      return was && !over;
    },
  };
}

/** Why a stream that its reader left early is cancelled: that is no error. */
const ENDED = new Error("the reader left the stream");

const reasonOf = (signal: AbortSignal): Error =>
  signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));

function thrown(end: HoldEnd, usage: Usage | undefined): void {
  if (end.how === "unsettled") throw new SettleFailed(end.hold, usage, end.error, undefined);
}
