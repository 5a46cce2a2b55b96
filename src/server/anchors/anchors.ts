// Owns the anchoring of checkpoints outside the server: to a file, to a URL, or both, each with its own queue (ADR 0011).
// Does not own signing (log/board-proofs). What fails is a warning of /readyz and a line of the log, never a refused write.

import type { Logger } from "pino";
import { redactAddress } from "../../protocol/secrets.ts";
import { OutboundError, type OutboundPolicy, parseOutboundUrl, postOutbound } from "../edge/outbound.ts";
import { appendNote } from "./anchor-file.ts";
import { AnchorError, type AnchorQueue, createAnchorQueue } from "./anchor-queue.ts";

export interface AnchorOptions {
  /** Append each signed checkpoint to this file. */
  readonly file?: string | undefined;
  /** POST each signed checkpoint to this address, as text/plain. */
  readonly url?: string | undefined;
  /** The address may be in a private network. */
  readonly allowPrivate?: boolean | undefined;
}

export interface Anchors {
  /** A checkpoint was signed. */
  readonly offer: (note: string) => void;
  /** What is wrong, by part. */
  warnings(): Readonly<Record<string, string>>;
  close(ms: number): Promise<void>;
}

/** @throws Error for an address that may not be used */
export function createAnchors(options: AnchorOptions, log: Pick<Logger, "warn">, firstPauseMs?: number): Anchors {
  const { file, url } = options;
  const queues = new Map<string, AnchorQueue>();
  const add = (part: string, deliver: (note: string, signal: AbortSignal) => Promise<void>): void => {
    const notice = (message: string): void => log.warn({ part }, message);
    queues.set(part, createAnchorQueue({ deliver, notice, ...(firstPauseMs === undefined ? {} : { firstPauseMs }) }));
  };
  if (file !== undefined) add("anchor-file", (note) => appendNote(file, note));
  if (url !== undefined) {
    const policy: OutboundPolicy = { allowPrivate: options.allowPrivate };
    const address = checkedUrl(url, policy);
    add("anchor-url", (note, signal) => post(address, note, signal, policy));
  }
  return {
    offer: (note) => {
      for (const queue of queues.values()) queue.offer(note);
    },
    warnings: () =>
      Object.fromEntries(
        Array.from(queues).flatMap(([part, { problem }]) => (problem === undefined ? [] : [[part, problem]])),
      ),
    async close(ms) {
      await Promise.all(Array.from(queues.values(), (queue) => queue.close(ms)));
    },
  };
}

function checkedUrl(url: string, policy: OutboundPolicy): URL {
  try {
    return parseOutboundUrl(url, policy);
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    const hint = error.code === "private_address" ? " Pass --anchor-allow-private if that is meant." : "";
    throw new Error(`refusing to anchor checkpoints at ${redactAddress(url)}: it ${error.message}.${hint}`, {
      cause: error,
    });
  }
}

async function post(url: URL, note: string, signal: AbortSignal, policy: OutboundPolicy): Promise<void> {
  let status: number;
  let retryAfterMs: number | undefined;
  try {
    const headers = { "Content-Type": "text/plain; charset=utf-8" };
    ({ status, retryAfterMs } = await postOutbound(url, { body: note, headers, signal }, policy));
  } catch (error) {
    if (error instanceof OutboundError) throw new AnchorError(error.message, !error.retry);
    throw error;
  }
  if (status < 300) return;
  const isPassing = status >= 500 || status === 408 || status === 425 || status === 429;
  throw new AnchorError(`${url.host} answers ${status}`, !isPassing, retryAfterMs);
}
