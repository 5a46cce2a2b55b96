// Owns a client's machine: its clocks, timers, sleep, and the sockets and requests of its platform, as the SDK's environment.
// Does not own the network, or the client that runs there.

import type { Environment, FetchLike, ResponseLike } from "../../src/client/environment.ts";
import type { Chance } from "./chance.ts";
import { closeBytes, createFrameReader, PONG, textBytes } from "./frame-reader.ts";
import type { Link } from "./link.ts";
import type { Network } from "./network.ts";
import type { VirtualTime } from "./virtual-time.ts";

type Wake = Parameters<Parameters<Environment["onWake"]>[0]>[0];

export interface MachineOptions {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly network: Network;
  /** Every text that arrives whole, by socket or as an answer to a request by HTTP. */
  readonly heard: (text: string, asked?: string) => void;
  /** Every text that is sent by socket. */
  readonly said: (text: string) => void;
}

/** The status line and head of a handshake's answer; only its length matters. */
export const HANDSHAKE = Buffer.from(`HTTP/1.1 101 Switching Protocols${"\r\n".repeat(40)}`);

export interface RequestHead {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export class Machine {
  readonly environment: Environment;
  readonly #options: MachineOptions;
  readonly #wakes = new Set<(wake: Wake) => void>();
  readonly #originMs: number;
  #wallOffsetMs = 0;
  #awakeAtMs = 0;

  constructor(options: MachineOptions) {
    this.#options = options;
    const { time, chance } = options;
    this.#originMs = chance.int(0, 1_000_000);
    this.environment = {
      now: () => this.#originMs + time.nowMs,
      wallNow: () => Math.floor(WALL_START_MS + time.nowMs + this.#wallOffsetMs),
      setTimer: (run, delayMs) => time.after(delayMs, () => this.#awake(run)),
      random: () => chance.next(),
      openSocket: (url, _protocol, events) => this.#openSocket(url, events),
      fetch: (url, init) => this.#fetch(url, init),
      onWake: (listener) => {
        this.#wakes.add(listener);
        return () => void this.#wakes.delete(listener);
      },
      resolveUrl: (url) => url,
    };
  }

  get isAsleep(): boolean {
    return this.#options.time.nowMs < this.#awakeAtMs;
  }

  /** Awake, and all that waited has run. */
  get isAwake(): boolean {
    return this.#options.time.nowMs > this.#awakeAtMs + 2;
  }

  /** Nothing runs until then; what arrives waits. */
  sleep(ms: number): void {
    // Another sleep would let what waits overtake one another.
    if (this.isAsleep) return;
    this.#awakeAtMs = this.#options.time.nowMs + ms;
    this.#options.time.after(ms, () => this.wake("shown"));
  }

  wake(wake: Wake): void {
    if (!this.isAsleep) for (const listener of this.#wakes) listener(wake);
  }

  setWallClock(offsetMs: number): void {
    this.#wallOffsetMs = offsetMs;
  }

  #awake(run: () => void): void {
    if (this.isAsleep) this.#options.time.at(this.#awakeAtMs, () => this.#awake(run));
    else run();
  }

  #openSocket(
    url: string,
    events: Parameters<Environment["openSocket"]>[2],
  ): { send(text: string): void; close(): void } {
    const read = createFrameReader();
    let link: Link | undefined;
    let handshakeLeft = HANDSHAKE.length;
    let isOver = false;
    const ended = (code: number, reason: string): void => {
      if (isOver) return;
      isOver = true;
      link?.leave("client");
      events.closed(code, reason);
    };
    const received = (piece: Buffer): void => {
      if (isOver) return;
      const head = Math.min(handshakeLeft, piece.length);
      handshakeLeft -= head;
      if (head > 0 && handshakeLeft === 0) events.opened();
      for (const frame of read(piece.subarray(head))) {
        if (isOver) return;
        if (frame.kind === "text") {
          this.#options.heard(frame.text);
          events.message(frame.text);
        } else if (frame.kind === "ping") link?.from("client").write(PONG);
        else if (frame.kind === "close") ended(frame.code, frame.reason);
        else throw new Error(`a server's ${frame.kind} frame`);
      }
    };
    this.#options.network.dial("socket", (made) => {
      if (isOver) return made?.leave("client");
      if (made === undefined) return this.#awake(() => ended(1006, ""));
      link = made;
      made.attach("client", {
        received: (piece) => this.#awake(() => received(piece)),
        gone: () => this.#awake(() => ended(1006, "")),
      });
      made.from("client").write(textBytes(url));
      return undefined;
    });
    return {
      send: (text) => {
        this.#options.said(text);
        link?.from("client").write(textBytes(text));
      },
      close: () => {
        if (isOver) return;
        isOver = true;
        link?.from("client").write(closeBytes(1000, ""));
        link?.leave("client");
      },
    };
  }

  #fetch: FetchLike = (url, { method, headers, body, signal }) =>
    new Promise<ResponseLike>((resolve, reject) => {
      const read = createFrameReader();
      const answer = createAnswer((text) => this.#options.heard(text, url));
      let link: Link | undefined;
      let isOver = false;
      const fail = (why: string): void => {
        if (isOver) return;
        isOver = true;
        link?.leave("client");
        answer.fail(new TypeError(why));
        reject(new TypeError(why));
      };
      if (signal.aborted) return fail("aborted");
      signal.addEventListener("abort", () => fail("aborted"));
      const received = (piece: Buffer): void => {
        for (const frame of read(piece)) {
          if (isOver) return;
          if (frame.kind === "text") resolve(answer.begin(frame.text));
          else if (frame.kind === "bytes") answer.add(frame.bytes);
          else {
            isOver = true;
            link?.leave("client");
            answer.end();
          }
        }
      };
      this.#options.network.dial(headers["Accept"] === "text/event-stream" ? "stream" : "request", (made) => {
        if (isOver) return made?.leave("client");
        if (made === undefined) return this.#awake(() => fail("refused"));
        link = made;
        made.attach("client", {
          received: (piece) => this.#awake(() => received(piece)),
          gone: () => this.#awake(() => fail("the connection was lost")),
        });
        const head: RequestHead = { url, method, headers, body };
        made.from("client").write(textBytes(JSON.stringify(head)));
        return undefined;
      });
      return undefined;
    });
}

/** 2026-11-25. */
export const WALL_START_MS = 1_795_600_000_000;

interface Reading {
  readonly resolve: (read: { done: boolean; value?: Uint8Array }) => void;
  readonly reject: (error: Error) => void;
}

/** A response whose body arrives bit by bit. */
function createAnswer(heard: (text: string) => void) {
  const waiting: Buffer[] = [];
  const all: Buffer[] = [];
  let end: "open" | "whole" | Error = "open";
  let reading: Reading | undefined;
  const onEnd: (() => void)[] = [];
  let isStream = false;
  let events = "";

  /** Events are heard one by one, as they come. */
  function hearEvents(bytes: Buffer): void {
    const parts = (events + bytes.toString("latin1")).split("\n\n");
    events = parts.pop() ?? "";
    for (const part of parts) heard(Buffer.from(part, "latin1").toString("utf8"));
  }

  function serve(): void {
    if (reading === undefined) return;
    const { resolve, reject } = reading;
    const value = waiting.shift();
    if (value === undefined && end === "open") return;
    reading = undefined;
    if (value !== undefined) resolve({ done: false, value });
    else if (end instanceof Error) reject(end);
    else resolve({ done: true });
  }
  function close(how: "whole" | Error): void {
    end = how;
    serve();
    for (const run of onEnd) run();
  }

  return {
    begin(head: string): ResponseLike {
      const { status, headers } = JSON.parse(head) as { status: number; headers: Record<string, string> };
      isStream = headers["content-type"] === "text/event-stream";
      return {
        ok: status >= 200 && status < 300,
        status,
        headers: { get: (name) => headers[name.toLowerCase()] ?? null },
        text: () =>
          new Promise((resolve, reject) => {
            const done = (): void => {
              if (end instanceof Error) return reject(end);
              const text = Buffer.concat(all).toString("utf8");
              heard(text);
              return resolve(text);
            };
            if (end === "open") onEnd.push(done);
            else done();
          }),
        body: {
          getReader: () => ({
            read: () =>
              new Promise((resolve, reject) => {
                reading = { resolve, reject };
                serve();
              }),
            cancel: () => Promise.resolve(),
          }),
        },
      };
    },
    add(bytes: Buffer): void {
      waiting.push(bytes);
      if (isStream) hearEvents(bytes);
      else all.push(bytes);
      serve();
    },
    end: () => close("whole"),
    fail: (error: Error) => close(error),
  };
}
