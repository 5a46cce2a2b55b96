// The SDK against the real server by every way there is: sockets, event streams, long polls, and back to sockets. Whatever carries it,
// the replica is the server's state, each note is told once, and each command is applied once.

import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type Client, connect, type FetchLike, type WebSocketClass } from "../../src/client/index.ts";
import type { SwarmboardServer } from "../../src/server/index.ts";
import { ask, endAfterEach, start, until, write } from "../server/harness.ts";

endAfterEach();
const clients: Client[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

/** What lies between client and server, and can be made to fail. */
class Way {
  sockets = true;
  streams = true;
  readonly #open = new Set<WebSocket>();
  #cut = new AbortController();

  readonly WebSocket: WebSocketClass;
  readonly fetch: FetchLike = (url, init) => {
    const isStream = init.headers["Accept"] === "text/event-stream";
    if (isStream && !this.streams) return Promise.reject(new TypeError("streams do not pass"));
    return fetch(url, isStream ? { ...init, signal: AbortSignal.any([init.signal, this.#cut.signal]) } : init);
  };

  constructor() {
    const opening = (socket: WebSocket): void => {
      if (!this.sockets) socket.terminate();
      else this.#open.add(socket);
    };
    this.WebSocket = class extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        opening(this);
      }
    };
  }

  cutSockets(): void {
    this.sockets = false;
    for (const socket of this.#open) socket.terminate();
    this.#open.clear();
  }

  cutStreams(): void {
    this.streams = false;
    this.#cut.abort();
    this.#cut = new AbortController();
  }
}

function open(server: SwarmboardServer, way: Way): Client {
  const client = connect(`http://127.0.0.1:${server.port}`, {
    agent: "sdk",
    WebSocket: way.WebSocket,
    fetch: way.fetch,
    reconnectJitterMs: 0,
    reconnectMaxMs: 500,
    beatMs: 250,
  });
  clients.push(client);
  return client;
}

const wayOf = ({ status }: Client): string | undefined => ("transport" in status ? status.transport : undefined);
const arrives = (client: Client, by: string): Promise<void> =>
  until(() => wayOf(client) === by && (client.status.phase === "live" || client.status.phase === "polling"));

describe("the SDK over all three transports", () => {
  it("W-SYNC-1, W-BACK-2, L9: falls back to streams and polls, and returns; nothing is lost, told twice or applied twice", async () => {
    const server = await start();
    const way = new Way();
    const client = open(server, way);
    const board = client.board();
    const sub = board.subscribe({ entries: {}, budgets: true, audit: { tail: 0 } }, { rateMs: 0 });
    await sub.ready;
    await arrives(client, "socket");

    const notes: number[] = [];
    sub.audit.onChange(() => {
      for (const { seq } of sub.audit.notes) if (!notes.includes(seq)) notes.push(seq);
    });
    let written = 0;
    /** Somebody else writes and this client does, a hundred commands at once; then both are read back. */
    async function use(): Promise<void> {
      await write(server, "PUT", "/api/v1/boards/default/entries/theirs", { value: ++written });
      await board.note("seen", { reason: String(written) });
      await board.openBudget(`t${written}`, 1000);
      const put = await Promise.all(Array.from({ length: 30 }, (_, i) => board.put(`mine${i}`, { written })));
      const charged = await board.charge(`t${written}`, 10);
      await sub.reached(Math.max(charged.seq, ...put.map(({ seq }) => seq)));
      expect(sub.entries.get("theirs")?.value).toBe(written);
      for (let i = 0; i < 30; i++)
        expect(sub.entries.get(`mine${i}`)).toMatchObject({ value: { written }, rev: written });
      expect(sub.audit.notes.map(({ note }) => note["reason"])).toEqual(
        Array.from({ length: written }, (_, i) => String(i + 1)),
      );
    }

    await use();
    // Commands that are under way when the socket breaks go on by HTTP, with the same ids.
    const underWay = Array.from({ length: 20 }, (_, i) => board.put(`broken${i}`, i));
    way.cutSockets();
    await Promise.all(underWay);
    await arrives(client, "stream");
    for (let i = 0; i < 20; i++) expect((await entry(server, `broken${i}`)).rev).toBe(1);
    await use();
    way.cutStreams();
    await arrives(client, "poll");
    await use();
    way.sockets = true;
    await arrives(client, "socket");
    await use();
    expect(client.status.phase).toBe("live");
    expect(sub.condition).toMatchObject({ held: "told", problem: undefined, reset: undefined });
    expect(sub.audit.missed).toEqual([]);

    const { json } = await ask(server, "GET", "/api/v1/boards/default/entries?limit=1000");
    const told = new Map(sub.entries.items().map(({ key, value, rev }) => [key, { value, rev }]));
    const there = (json.entries as { key: string; value: unknown; rev: number }[]).map(
      ({ key, value, rev }) => [key, { value, rev }] as const,
    );
    expect(told).toEqual(new Map(there));
  });

  it("W-WIN-4: tells of a move that is refused, by sockets and by HTTP, and moves again after it", async () => {
    const server = await start();
    const way = new Way();
    const client = open(server, way);
    for (let i = 0; i < 30; i++) await write(server, "PUT", `/api/v1/boards/default/entries/k${10 + i}`, { value: i });
    const sub = client.board().subscribe({ entries: { window: { sort: "key", count: 5 } } });
    await sub.ready;
    for (const by of ["socket", "stream", "poll"]) {
      if (by === "stream") way.cutSockets();
      if (by === "poll") way.cutStreams();
      await arrives(client, by);
      sub.window.move(0, 501);
      await until(() => sub.condition.problem !== undefined);
      expect(sub.condition.problem?.code).toBe("bad_request");
      sub.window.move(10, 5);
      await until(() => sub.window.from === 10 && sub.condition.problem === undefined);
      expect(sub.window.rows.map(({ key }) => key)).toEqual(["k20", "k21", "k22", "k23", "k24"]);
      sub.window.move(0, 5);
      await until(() => sub.window.from === 0);
    }
  });
});

async function entry(server: SwarmboardServer, key: string): Promise<{ readonly rev: number }> {
  return (await ask(server, "GET", `/api/v1/boards/default/entries/${key}`)).json;
}
