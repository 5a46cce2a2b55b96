// Owns a server's end of HTTP: the product's own routes of streams and commands, over answers whose bytes are simulated.
// Does not own what they answer. What Fastify does around a route (parsing, problems as answers) is done here in short.

import { EventEmitter } from "node:events";
import type { Engine } from "../../src/engine/contract.ts";
import { type Command, DEFAULT_LIMITS } from "../../src/protocol/index.ts";
import { readBody } from "../../src/server/body.ts";
import type { Hub } from "../../src/server/live/hub.ts";
import type { App, Near } from "../../src/server/near.ts";
import { settle } from "../../src/server/options.ts";
import { problemOf, Refusal, retryAfterSeconds } from "../../src/server/problem.ts";
import { commandRoutes } from "../../src/server/routes/commands.ts";
import { streamRoutes } from "../../src/server/routes/stream.ts";
import { closeBytes, createFrameReader, dataBytes, textBytes } from "./frame-reader.ts";
import type { Link } from "./link.ts";
import type { RequestHead } from "./machine.ts";

interface Route {
  readonly method: string;
  readonly schema: { readonly querystring?: { parse(query: object): unknown }; readonly body?: never };
  handler(request: unknown, reply: unknown): Promise<unknown>;
}

export interface HttpDoor {
  serve(link: Link): void;
  /** The server is gone: so are the answers that it was giving. */
  cutOff(): void;
}

export function createHttpDoor(engine: Engine, hub: Hub): HttpDoor {
  const settings = settle({ memory: true });
  const near = { engine, settings, hub, streams: new Set(), now: () => hub.timers.wallMs() } as unknown as Near;
  const routes: Route[] = [];
  const app = { route: (route: Route) => routes.push(route) } as unknown as App;
  streamRoutes(app, near);
  commandRoutes(app, near);
  const links = new Set<Link>();

  async function answer({ url, method, headers, body }: RequestHead, response: Answer): Promise<void> {
    if (response.destroyed) return;
    const route = routes.find((one) => one.method === method);
    const address = new URL(url);
    const [, board = ""] = /\/boards\/([^/]+)\//.exec(address.pathname) ?? [];
    if (address.pathname === "/healthz") return response.whole(200, {}, "{}");
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    try {
      if (route === undefined) throw new Refusal("not_found");
      const query = route.schema.querystring?.parse(Object.fromEntries(address.searchParams));
      const command = body === undefined ? undefined : readCommand(route, body);
      const reply = { raw: response, hijack: () => undefined };
      const result = await route.handler({ method, params: { board }, query, headers: lower, body: command }, reply);
      if (result !== reply) response.whole(200, {}, JSON.stringify(result));
    } catch (error) {
      if (response.isBegun) return response.destroy();
      const refusal = error instanceof Refusal ? error : new Refusal("internal", { detail: String(error) });
      const problem = problemOf(refusal.code, refusal.told);
      const wait = retryAfterSeconds(problem);
      response.whole(problem.status, wait === undefined ? {} : { "retry-after": wait }, JSON.stringify(problem));
    }
  }

  return {
    serve(link) {
      const read = createFrameReader();
      const response = new Answer(link);
      links.add(link);
      link.from("server").onDrain = () => response.emit("drain");
      link.attach("server", {
        received(piece) {
          for (const frame of read(piece))
            if (frame.kind === "text") void answer(JSON.parse(frame.text) as RequestHead, response);
        },
        gone() {
          links.delete(link);
          response.gone();
        },
      });
    },
    cutOff() {
      for (const link of links) link.leave("server");
      links.clear();
    },
  };
}

/** @throws Refusal */
function readCommand({ schema }: Route, body: string): Command {
  const read = readBody(schema.body as never, body, DEFAULT_LIMITS);
  if ("refusal" in read) throw read.refusal;
  return read.value;
}

/** The part of a ServerResponse that the product uses. */
class Answer extends EventEmitter {
  destroyed = false;
  readonly socket = null;
  readonly #link: Link;
  readonly #headers: Record<string, string> = {};
  #isBegun = false;
  #isEnded = false;

  constructor(link: Link) {
    super();
    this.#link = link;
  }

  get writableLength(): number {
    return this.#link.from("server").waitingBytes;
  }

  setHeader(name: string, value: string | number): void {
    this.#headers[name.toLowerCase()] = String(value);
  }

  writeHead(status: number, headers: Readonly<Record<string, string | number>>): void {
    for (const [name, value] of Object.entries(headers)) this.setHeader(name, value);
    this.#isBegun = true;
    this.#send(textBytes(JSON.stringify({ status, headers: this.#headers })));
  }

  write(bytes: Buffer | string): void {
    if (!this.#isBegun) this.writeHead(200, {});
    // The pause that browsers are told to make is drawn by the server; clients of ours read over it.
    const text = typeof bytes === "string" ? bytes : bytes.subarray(0, 16).toString("latin1");
    const sent = text.startsWith("retry: ") ? String(bytes).replace(/^retry: \d+/, "retry: 1000") : bytes;
    this.#send(dataBytes(Buffer.from(sent)));
  }

  end(text = ""): void {
    if (this.#isEnded) return;
    if (text !== "" || !this.#isBegun) this.write(text);
    this.#isEnded = true;
    this.#send(closeBytes(1000, ""));
    this.emit("finish");
    this.gone();
    this.#link.leave("server");
  }

  get isBegun(): boolean {
    return this.#isBegun;
  }

  whole(status: number, headers: Readonly<Record<string, string | number>>, text: string): void {
    this.writeHead(status, headers);
    this.end(text);
  }

  destroy(): void {
    if (this.destroyed) return;
    this.#link.break();
    this.gone();
  }

  /** The connection is over. */
  gone(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit("close");
  }

  cork(): void {}
  uncork(): void {}

  #send(bytes: Buffer): void {
    if (!this.destroyed) this.#link.from("server").write(bytes);
  }
}
