// Guards windows end to end, over a real WebSocket (docs/protocol.md, section 6).

import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { applyRows, type KeptRows } from "../../src/feed/window-rows.ts";
import type { JsonText, SingleCommand } from "../../src/protocol/index.ts";
import type { SwarmboardServer } from "../../src/server/index.ts";
import { endAfterEach, start, until } from "../server/harness.ts";

endAfterEach();

interface Row {
  readonly key: string;
  readonly value: unknown;
}
interface WindowText {
  readonly from: number;
  readonly total: number;
  readonly rows: (Row | KeptRows)[];
  readonly whole?: true;
  readonly approximate?: true;
}
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly data: { readonly code: string } };
  readonly params?: {
    readonly sub: string;
    readonly entries?: { readonly window?: WindowText; readonly put?: readonly Row[] };
  };
}

const sockets: WebSocket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate();
});

/** A session that keeps what it is told of its windows. */
class Watcher {
  readonly #socket: WebSocket;
  /** Answers and syncs in the order in which they came, as `answer 3` and `sync w`. */
  readonly heard: string[] = [];
  readonly answers = new Map<number, Message>();
  readonly windows = new Map<string, WindowText & { readonly shown: readonly Row[] }>();
  /** Entries that a subscription without a window was told last. */
  readonly puts = new Map<string, readonly Row[]>();
  closed: number | undefined;
  #lastId = 0;

  constructor(server: SwarmboardServer) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${server.port}/ws/blackboard`, "swarmboard.v1");
    sockets.push(this.#socket);
    this.#socket.on("close", (code) => (this.closed = code));
    // oxlint-disable-next-line typescript/no-base-to-string -- ws hands out one Buffer unless told otherwise
    this.#socket.on("message", (data) => this.#hear(JSON.parse(data.toString()) as Message));
  }

  #hear(message: Message): void {
    if (message.id !== undefined) {
      this.heard.push(`answer ${message.id}`);
      this.answers.set(message.id, message);
    }
    const { sub = "", entries } = message.params ?? {};
    if (entries?.put !== undefined) this.puts.set(sub, entries.put);
    if (message.method !== "sync" || entries?.window === undefined) return;
    const { window } = entries;
    const shown =
      window.whole === true ? (window.rows as Row[]) : applyRows(this.windows.get(sub)?.shown ?? [], window.rows);
    this.windows.set(sub, { ...window, shown });
    this.heard.push(`sync ${sub} ${window.from}`);
  }

  async open(): Promise<this> {
    await until(() => this.#socket.readyState === WebSocket.OPEN);
    return this;
  }

  send(method: string, params: object): number {
    const id = ++this.#lastId;
    this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return id;
  }

  async ask(method: string, params: object): Promise<Message> {
    const id = this.send(method, params);
    await until(() => this.answers.has(id));
    return this.answers.get(id)!;
  }

  subscribe(sub: string, window: object, board = "default"): Promise<Message> {
    return this.ask("subscribe", { sub, board, entries: { window: { count: 5, ...window } }, rateMs: 0 });
  }

  keys(sub: string): readonly string[] | undefined {
    return this.windows.get(sub)?.shown.map(({ key }) => key);
  }
}

async function send(server: SwarmboardServer, commands: SingleCommand[], name = "default"): Promise<void> {
  const board = await server.engine.board(name);
  const outcome = await board!.submit({ actor: "ann", source: "test", command: { type: "batch", commands } });
  expect(outcome.ok).toBe(true);
}
const numbered = (i: number): string => `Task:${String(i).padStart(5, "0")}`;
const put = (key: string): SingleCommand => ({ type: "entry.put", key, value: "1" as JsonText });
const remove = (key: string): SingleCommand => ({ type: "entry.delete", key });
const range = (from: number, count: number): string[] => Array.from({ length: count }, (_, i) => numbered(from + i));

async function filled(count: number): Promise<SwarmboardServer> {
  const server = await start();
  await send(server, range(0, count).map(put));
  return server;
}

describe("a window over a socket", () => {
  it("W-WIN-1, W-WIN-3: begins whole, by key and by last change, and is empty beyond the end", async () => {
    const server = await filled(9000);
    const watcher = await new Watcher(server).open();
    await watcher.subscribe("k", { prefix: "Task:", from: 8000 });
    await send(server, [put("Task:00007")]);
    await watcher.subscribe("c", { sort: "changed", count: 1 });
    await watcher.subscribe("e", { from: 9000 });
    for (const sub of ["k", "c", "e"]) await until(() => watcher.windows.get(sub)?.approximate === undefined);
    await until(() => watcher.windows.size === 3);
    expect(watcher.keys("k")).toEqual(range(8000, 5));
    expect(watcher.keys("c")).toEqual(["Task:00007"]);
    expect(watcher.windows.get("e")).toMatchObject({ total: 9000, rows: [] });
  });

  it("W-WIN-2: slides rows in for those that are deleted, and tells no row again", async () => {
    const server = await filled(20);
    const watcher = await new Watcher(server).open();
    await watcher.subscribe("w", { from: 5 });
    await until(() => watcher.windows.has("w"));
    await send(server, [remove(numbered(2)), remove(numbered(6))]);
    await until(() => watcher.windows.get("w")!.total === 18);
    expect(watcher.windows.get("w")!.rows).toEqual([
      [2, 4],
      expect.objectContaining({ key: numbered(10) }),
      expect.objectContaining({ key: numbered(11) }),
    ]);
    expect(watcher.keys("w")).toEqual(range(7, 5));
  });

  it("W-WIN-4: answers each of many moves, before its window, and ends at the last", async () => {
    const server = await filled(9000);
    const watcher = await new Watcher(server).open();
    // None of these waits for the one before it (W-CONN-5).
    void watcher.subscribe("w", {});
    const ids = Array.from({ length: 100 }, (_, i) => watcher.send("window", { sub: "w", from: i * 50, count: 5 }));
    await until(() => watcher.answers.has(ids.at(-1)!) && watcher.keys("w")?.[0] === numbered(4950));
    for (const id of ids) expect(watcher.answers.get(id)!.result).toEqual({ sub: "w" });
    const { heard } = watcher;
    // Not each is told, and none before its answer.
    for (const [i, id] of ids.entries()) {
      const told = heard.lastIndexOf(`sync w ${i * 50}`);
      if (i > 0 && told !== -1) expect(told).toBeGreaterThan(heard.indexOf(`answer ${id}`));
    }
    expect(watcher.windows.get("w")!.whole).toBe(true);
    await send(server, [remove(numbered(4951))]);
    await until(() => watcher.keys("w")?.[1] === numbered(4952));
  });

  it("W-WIN-5: finds without regard to case, first approximately, and then completely", async () => {
    const server = await filled(9000);
    const watcher = await new Watcher(server).open();
    await watcher.subscribe("w", { search: "TASK:0899", count: 20 });
    await until(() => watcher.windows.has("w"));
    expect(watcher.windows.get("w")!.approximate).toBe(true);
    await until(() => watcher.windows.get("w")!.approximate === undefined);
    expect(watcher.keys("w")).toEqual(range(8990, 10));
    // Scrolling within the hits looks through nothing again; new hits come by themselves.
    await watcher.ask("window", { sub: "w", from: 8, count: 20 });
    await send(server, [put("Another task:0899")]);
    await until(() => watcher.windows.get("w")!.total === 11);
    expect(watcher.windows.get("w")!.approximate).toBeUndefined();
    expect(watcher.keys("w")).toEqual(range(8997, 3));
    // Empty text ends the search.
    await watcher.ask("window", { sub: "w", from: 0, count: 2, search: "" });
    await until(() => watcher.windows.get("w")!.total === 9001);
    expect(watcher.keys("w")).toEqual(["Another task:0899", numbered(0)]);
  });

  it("W-WIN-5: refuses a seventeenth search of a board, but not one that is open already", async () => {
    const server = await filled(10);
    const [one, other] = [await new Watcher(server).open(), await new Watcher(server).open()];
    for (let i = 0; i < 16; i++) {
      expect((await one.subscribe(`w${i}`, { search: `t${i}` })).error).toBeUndefined();
    }
    expect((await other.subscribe("w", { search: "else" })).error).toMatchObject({ data: { code: "overloaded" } });
    expect((await other.subscribe("w", { search: "T7", from: 3 })).error).toBeUndefined();
    await one.ask("unsubscribe", { sub: "w0" });
    expect((await other.subscribe("v", { search: "else" })).error).toBeUndefined();
  });

  it("W-SUB-2: tells the keys of a prefix of a large board, whether they are in order or looked for first", async () => {
    const server = await filled(9000);
    const watcher = await new Watcher(server).open();
    for (const sub of ["first", "second", "third"]) {
      await watcher.ask("subscribe", { sub, board: "default", entries: { prefix: "Task:0123" } });
      await until(() => watcher.puts.has(sub));
      expect(
        watcher.puts
          .get(sub)!
          .map(({ key }) => key)
          .sort(),
      ).toEqual(range(1230, 10));
    }
  });

  it("W-WIN-1: refuses windows of 501 rows, and moves of what is no window", async () => {
    const server = await filled(10);
    const watcher = await new Watcher(server).open();
    expect((await watcher.subscribe("w", { count: 501 })).error).toMatchObject({ code: -32_602 });
    expect((await watcher.subscribe("w", { count: 500 })).error).toBeUndefined();
    expect((await watcher.ask("window", { sub: "w", from: 0, count: 501 })).error).toMatchObject({ code: -32_602 });
    expect((await watcher.ask("window", { sub: "other", from: 0, count: 5 })).error).toMatchObject({
      data: { code: "no_such_subscription" },
    });
  });

  it("ends with its board, a search under way or not", async () => {
    const server = await start();
    await server.engine.create("gone");
    await send(server, range(0, 9000).map(put), "gone");
    const watcher = await new Watcher(server).open();
    await watcher.subscribe("w", {}, "gone");
    await watcher.subscribe("s", { search: "0", sort: "changed" }, "gone");
    await server.engine.delete("gone");
    await until(() => watcher.closed !== undefined);
    expect(watcher.closed).toBe(1001);
    const next = await new Watcher(server).open();
    expect((await next.subscribe("w", {}, "gone")).error).toMatchObject({ data: { code: "no_such_board" } });
  });
});
