// Owns following and commanding without a socket (protocol, section 11): one exchange after the other for each subscription,
// as an event stream or as a long poll. Does not own when to give HTTP up (connection/machine.ts); it says that it failed.

import { CLOSE } from "../../protocol/wire/close-codes.ts";
import type { Beat, CommandResult, Drain, PollAnswer, Subscribed, Sync } from "../../protocol/wire/down.ts";
import { DEFAULT_RATE_MS, MAX_WAIT_MS } from "../../protocol/wire/session-limits.ts";
import { OPEN_TIMEOUT_MS, SILENCE_MS } from "../connection/phases.ts";
import { parseJson } from "../exact-json.ts";
import { SwarmboardError } from "../problem.ts";
import { readEventStream } from "./event-stream.ts";
import { createHttpCaller, HttpFailure, Postponed } from "./http-caller.ts";
import type { Feed, OutgoingCommand, HttpFallback, Transport } from "./transport.ts";

/** Answers that are kept open at once. Browsers allow six connections to a host, and commands need some. */
const HELD_ANSWERS = 4;
/** Pause between two exchanges of a subscription beyond these, or of one that brings nothing. */
const IDLE_PAUSE_MS = 1000;
/** A command without an answer for so long is sent again, by whatever way there is then. */
const COMMAND_TIMEOUT_MS = 30_000;

interface Expectation {
  readonly signal: AbortSignal;
  readonly within: (ms: number) => void;
  readonly end: () => void;
}

export const httpFallback: HttpFallback = ({ environment, baseUrl, agent, token, way, up }): Transport => {
  const caller = createHttpCaller({ environment, baseUrl, agent, token });
  let closed = false;
  /** Commands in flight, bounded by who sends them. Not listeners of one signal: Node warns of more than ten. */
  const underWay = new Set<AbortController>();
  /** Bounded by the subscriptions of a client. */
  const followed = new Map<string, AbortController>();
  /** What the last poll of each told to ask with. */
  const polled = new Map<
    string,
    { readonly filter: string; readonly own: string | undefined; readonly told: string }
  >();

  /** A part of an exchange, or nothing, if `ms` pass without the next call. */
  function expectation(outer?: AbortSignal): Expectation {
    const mine = new AbortController();
    const abort = () => mine.abort();
    underWay.add(mine);
    // One at a time for each subscription.
    outer?.addEventListener("abort", abort);
    if (outer?.aborted) abort();
    let cancel: () => void = () => undefined;
    return {
      signal: mine.signal,
      within(ms) {
        cancel();
        cancel = environment.setTimer(abort, ms);
      },
      end() {
        cancel();
        underWay.delete(mine);
        outer?.removeEventListener("abort", abort);
      },
    };
  }

  function fail(error: unknown): void {
    if (closed) return;
    if (error instanceof HttpFailure) up.failed(error.code, error.message, error.retryAfterMs);
    else if (error instanceof Postponed) up.failed(CLOSE.tryLater.code, error.detail, error.retryAfterMs);
    else up.failed(0, "the server did not answer in time, or not as Swarmboard does");
  }

  const isHeld = (feed: Feed): boolean => [...followed.keys()].indexOf(feed.name) < HELD_ANSWERS;

  async function follow(feed: Feed, mine: AbortController): Promise<void> {
    // The first question is answered at once, so that the client knows where it stands.
    for (let first = true; !mine.signal.aborted; first = false) {
      const startedAtMs = environment.now();
      const held = isHeld(feed);
      const before = feed.cursor();
      let drainMs = 0;
      try {
        if (way === "stream" && held) drainMs = await stream(feed, mine.signal);
        else await poll(feed, mine.signal, first || !held ? 0 : MAX_WAIT_MS);
      } catch (error) {
        if (mine.signal.aborted) return;
        // A refusal of what was asked says nothing about the way.
        if (!(error instanceof SwarmboardError) || error instanceof Postponed) return fail(error);
        up.heard();
        return up.notSubscribed(feed.name, error);
      }
      const moved = feed.cursor() !== before;
      const idleMs = moved && held ? 0 : IDLE_PAUSE_MS - (environment.now() - startedAtMs);
      await pause(first && way === "poll" ? 0 : Math.max(feed.rateMs ?? DEFAULT_RATE_MS, idleMs, drainMs), mine.signal);
    }
  }

  const pause = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      const go = () => {
        cancel();
        signal.removeEventListener("abort", go);
        resolve();
      };
      const cancel = environment.setTimer(go, ms);
      signal.addEventListener("abort", go);
    });

  function ask(feed: Feed, accept: string, waitMs: number | undefined, signal: AbortSignal) {
    const filter = JSON.stringify(feed.filter());
    // The cursor of the last poll says more than the position (W-HTTP-2), as long as it is of the same filter and position.
    const last = polled.get(feed.name);
    const own = feed.cursor();
    const cursor = last?.filter === filter && last.own === own ? last.told : own;
    const query = { filter, cursor, sub: feed.name, rateMs: feed.rateMs, wait: waitMs };
    const text = Object.entries(query)
      .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]))
      .join("&");
    return caller.call({
      method: "GET",
      path: `stream?${text}`,
      board: feed.board,
      headers: { Accept: accept },
      signal,
    });
  }

  function opened(feed: Feed, result: Subscribed): void {
    up.subscribed(feed.name, result);
    // Moving is asking with another filter, so the answer to a move is the next opening.
    up.moved(feed.name);
  }

  /** Resolves with the pause that the server asks for. */
  async function stream(feed: Feed, outer: AbortSignal): Promise<number> {
    const { signal, within, end } = expectation(outer);
    let beatMs: number | undefined;
    let drainMs = 0;
    within(OPEN_TIMEOUT_MS);
    try {
      await readEventStream(await ask(feed, "text/event-stream", undefined, signal), (name, told) => {
        if (signal.aborted) return;
        up.heard("stream");
        if (name === "open") {
          beatMs = (told as { beatMs: number }).beatMs;
          opened(feed, told as Subscribed);
        } else if (name === "sync") up.sync(feed.name, told as Sync);
        else if (name === "beat") up.beat(told as Beat);
        else if (name === "drain") drainMs = drainPauseMs(told as Drain);
        if (beatMs !== undefined) within(beatMs + SILENCE_MS);
      });
      if (beatMs === undefined) throw new TypeError("the stream ended before it began");
      return drainMs;
    } finally {
      end();
    }
  }

  /** When to ask again after a server that goes down (W-BACK-3). */
  const drainPauseMs = ({ afterMs, spreadMs }: Drain): number => afterMs + environment.random() * spreadMs;

  async function poll(feed: Feed, outer: AbortSignal, waitMs: number): Promise<void> {
    const { signal, within, end } = expectation(outer);
    within(waitMs + OPEN_TIMEOUT_MS);
    try {
      const text = await (await ask(feed, "application/json", waitMs, signal)).text();
      if (signal.aborted) return;
      const { open, syncs, beat, cursor } = parseJson(text) as PollAnswer;
      up.heard("poll");
      opened(feed, open);
      for (const sync of syncs) if (!signal.aborted) up.sync(feed.name, sync);
      if (signal.aborted) return;
      // The cursor may be ahead by what the feed does not see, which no sync tells.
      const from = syncs.at(-1)?.to ?? open.position.seq;
      // Its last part is the position. (The protocol's own reader would weigh on pages that never come here.)
      const to = Number(cursor.slice(cursor.lastIndexOf(".") + 1));
      if (to > from) up.sync(feed.name, { sub: feed.name, from, to });
      polled.set(feed.name, { filter: JSON.stringify(feed.filter()), own: feed.cursor(), told: cursor });
      up.beat(beat);
    } finally {
      end();
    }
  }

  async function command({ id, board, text: body, trace }: OutgoingCommand): Promise<void> {
    const { signal, within, end } = expectation();
    within(COMMAND_TIMEOUT_MS);
    const headers = {
      "Content-Type": "application/json",
      "Idempotency-Key": id,
      ...(trace && { traceparent: trace }),
    };
    try {
      const response = await caller.call({ method: "POST", path: "commands", board, headers, body, signal });
      const result = parseJson(await response.text()) as CommandResult;
      if (!closed) up.done(id, result);
    } catch (error) {
      if (closed) return;
      if (!(error instanceof SwarmboardError)) fail(error);
      else up.refused(id, error, error instanceof Postponed ? error.retryAfterMs : undefined);
    } finally {
      end();
    }
  }

  function unsubscribe({ name }: Feed): void {
    followed.get(name)?.abort();
    followed.delete(name);
    polled.delete(name);
  }

  function subscribe(feed: Feed): void {
    followed.get(feed.name)?.abort();
    const mine = new AbortController();
    followed.set(feed.name, mine);
    void follow(feed, mine);
  }

  /** Without a subscription there is nothing to hear: whether the server is there is asked once, and then shown by commands. */
  async function probe(): Promise<void> {
    const { signal, within, end } = expectation();
    within(OPEN_TIMEOUT_MS);
    try {
      await environment.fetch(`${baseUrl}/healthz`, { method: "GET", headers: {}, signal, cache: "no-store" });
      if (!closed) up.heard();
    } catch {
      fail(new HttpFailure(0, "the server cannot be reached"));
    } finally {
      end();
    }
  }
  // Later, because subscriptions come when this transport is known.
  queueMicrotask(() => {
    if (followed.size === 0 && !closed) void probe();
  });

  return {
    kind: way,
    subscribe,
    unsubscribe,
    moveWindow: subscribe,
    command: (one) => void command(one),
    ping: () => undefined,
    close() {
      closed = true;
      for (const one of [...followed.values(), ...underWay]) one.abort();
    },
  };
};
