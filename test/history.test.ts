// Owns the proof that the past can be read back whole: from a real server, on a real disk, over kills and damage.

import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run, serve, type Server, stopAll } from "./cli/program.ts";

let dir: string;
let server: Server;
const index = (): string => join(dir, "boards/default/index.db");
const open = async (): Promise<void> => {
  server = await serve(["--port", "0", "--data", dir, "--log-level", "warn"]);
};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "swarmboard-history-"));
  await open();
});
afterAll(async () => {
  await stopAll();
  await rm(dir, { recursive: true, force: true });
});

interface Note {
  readonly event: string;
  readonly agent_id: string;
  readonly granted: boolean | null;
  readonly timestamp: string;
}
interface Page {
  readonly seq: number;
  readonly total: number;
  readonly kept: number;
  readonly indexedTo: number;
  readonly entries: readonly Note[];
  readonly records: readonly {
    readonly seq: number;
    readonly by: string;
    readonly at: number;
    readonly command: { readonly type: string; readonly key?: string };
  }[];
  readonly next: string | null;
}

async function read(path: string, query: Record<string, string | number> = {}): Promise<Page & { text: string }> {
  const url = new URL(`/api/v1/boards/default/${path}`, server.url);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${text}`);
  return { ...(JSON.parse(text) as Page), text };
}

async function write(method: string, path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(new URL(`/api/v1/boards/default/${path}`, server.url), {
    method,
    headers: { "Content-Type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return response.status;
}

/** Every page, the newest first; `between` runs before each page but the first. */
async function all(path: string, query: Record<string, string | number>, between = async () => {}): Promise<Page[]> {
  const pages: Page[] = [await read(path, query)];
  for (let next = pages[0]?.next; typeof next === "string"; next = pages.at(-1)?.next) {
    await between();
    pages.push(await read(path, { ...query, after: next }));
    expect(pages.length).toBeLessThan(5000);
  }
  return pages;
}
const notesOf = (pages: readonly Page[]): string[] => pages.flatMap(({ entries }) => entries.map(({ event }) => event));

const note = (n: number) => ({
  type: "audit.note",
  event: `e${n}`,
  agent: n % 3 === 0 ? "scout" : "ember",
  granted: n % 2 === 0,
  reason: n % 500 === 7 ? "needs the größte table" : "routine",
});
const NOTES = 3000;
const down = (from: number, to = 0): string[] => Array.from({ length: from - to + 1 }, (_, i) => `e${from - i}`);
let last = NOTES - 1;
const noteNext = async (): Promise<void> => {
  last++;
  expect(await write("POST", "audit", { event: `e${last}`, agent: "late" })).toBe(201);
};

describe("the audit log", () => {
  it("rule 15: is paged back to its first note, each note once and in order, while new ones come", async () => {
    for (let n = 0; n < NOTES;) {
      // Some alone, some as one record of many, so that pages end within records and between them.
      const size = n % 7 === 0 ? 1 : 333;
      const commands = Array.from({ length: Math.min(size, NOTES - n) }, (_, i) => note(n + i));
      const body = commands.length === 1 ? commands[0] : { type: "batch", commands };
      expect(await write("POST", "commands", body)).toBe(200);
      n += commands.length;
    }
    const first = await read("audit", { limit: 1 });
    expect(first).toMatchObject({ total: NOTES, kept: 1000 });
    for (const limit of [97, 1000, 333]) {
      const from = last;
      const seen = notesOf(await all("audit", { limit }, noteNext));
      expect(seen).toEqual(down(from));
    }
  });

  it("is filtered by event, agent, verdict, time and words, as far back as it goes", async () => {
    expect(notesOf(await all("audit", { event: "e3" }))).toEqual(["e3"]);
    const scouts = notesOf(await all("audit", { agent: "scout", granted: "false", limit: 100 }));
    expect(scouts).toEqual(down(NOTES - 1).filter((name) => Number(name.slice(1)) % 6 === 3));
    const { entries } = await read("audit", { event: "e40" });
    const moment = entries[0]?.timestamp ?? "";
    expect(notesOf(await all("audit", { to: moment, limit: 1000 })).at(-1)).toBe("e0");
    expect(notesOf(await all("audit", { from: moment, limit: 1000 })).slice(0, 2)).toEqual(down(last, last - 1));
    expect(notesOf(await all("audit", { to: "2020-01-01" }))).toEqual([]);
    const tables = ["e2507", "e2007", "e1507", "e1007", "e507", "e7"];
    expect(notesOf(await all("audit", { q: "GROßTE tab", limit: 2 }))).toEqual(tables);
  });

  it("has no note of a batch that was refused, and none of a repeat twice (L9)", async () => {
    const phantom = { type: "audit.note", event: "phantom", granted: true };
    const failing = { type: "entry.put", key: "never", value: 1, if: { rev: 99 } };
    expect(await write("POST", "commands", { type: "batch", commands: [phantom, failing] })).toBe(409);
    for (let i = 0; i < 3; i++) {
      expect(await write("POST", "audit", { event: "once" }, { "Idempotency-Key": "the-one" })).toBeLessThan(300);
    }
    const find = async (event: string) => {
      const { records } = await read("history", { type: "audit.note", event });
      return records.length;
    };
    expect([await find("phantom"), await find("once")]).toEqual([0, 1]);
    await server.stop();
    await rm(index());
    await open();
    expect([await find("phantom"), await find("once")]).toEqual([0, 1]);
    // It has the place of the note that it was.
    expect(notesOf([await read("audit", { limit: 1 })])).toEqual(["once"]);
    last++;
    await write("POST", "audit", { event: `e${last}` });
  });
});

describe("an entry's history", () => {
  const value = '{"big":12345678901234567890,"one":1.0,"text":"\\u00e9"}';

  it("rule 15, rule 19: has each write at once, newest first, its value byte for byte", async () => {
    const key = "revised/a key";
    const path = `entries/${encodeURIComponent(key)}`;
    for (let i = 0; i < 20; i++) {
      expect(await write("PUT", path, `{"value":${i % 2 === 0 ? value : i}}`, { "X-Swarmboard-Agent": "ada" })).toBe(
        i === 0 ? 201 : 200,
      );
      const { records, text, seq, indexedTo } = await read(`history/${encodeURIComponent(key)}`, { limit: 1 });
      expect(records[0]).toMatchObject({ seq, by: "ada", command: { type: "entry.put", key } });
      expect(indexedTo).toBeLessThanOrEqual(seq);
      if (i % 2 === 0) expect(text).toContain(`"value":${value}}`);
    }
    expect(await write("PUT", path, '{"value":0}', { "If-Match": '"1"' })).toBe(412);
    await fetch(new URL(`/api/v1/boards/default/${path}`, server.url), { method: "DELETE" });
    const pages = await all(`history/${encodeURIComponent(key)}`, { limit: 4 });
    const types = pages.flatMap(({ records }) => records.map(({ command }) => command.type));
    expect(types).toEqual(["entry.delete", ...Array.from({ length: 20 }, () => "entry.put")]);
  });

  it("tells an expiry, and keys apart that only begin alike", async () => {
    for (const key of ["ns:a", "ns:ab", "ns:\u{10ffff}", "nt"]) {
      await write("PUT", `entries/${encodeURIComponent(key)}`, { value: 1, ...(key === "ns:a" ? { ttlMs: 1 } : {}) });
    }
    await expect
      .poll(async () => (await read("history/ns%3Aa")).records.map(({ command }) => command.type))
      .toEqual(["items.expire", "entry.put"]);
    const keys = (await read("history", { prefix: "ns:", type: "entry.put" })).records.map(
      ({ command }) => command.key,
    );
    expect(keys).toEqual(["ns:\u{10ffff}", "ns:ab", "ns:a"]);
    expect((await read("history", { actor: "nobody" })).records).toEqual([]);
  });
});

describe("the command line", () => {
  it("pages through the audit log and an entry's history", async () => {
    const env = { SWARMBOARD_URL: server.url };
    const listed = await run(["audit", "list", "--of", "scout", "--denied", "--limit", "9999", "--json"], { env });
    const events = listed.stdout.trim().split("\n");
    expect(events).toHaveLength(500);
    expect(JSON.parse(events.at(-1) ?? "")).toMatchObject({ event: "e3", agent_id: "scout", granted: false });
    const found = await run(["audit", "list", "--search", "großte", "--since", "1h"], { env });
    expect(found.stdout.match(/needs the größte table/g)).toHaveLength(6);
    const table = await run(["history", "ns:ab"], { env });
    expect(table.stdout).toMatch(/^TIME .*\n\S+ +\d+ +anonymous +entry\.put +key "ns:ab" {2}value 1/);
    const lines = (await run(["history", "--type", "entry.put", "--json", "--limit", "3"], { env })).stdout.trim();
    expect(lines.split("\n")).toHaveLength(3);
    expect((await run(["history", "--since", "soon"], { env })).code).toBe(2);
  });
});

describe("the index", () => {
  it("law L1: is mended or built again after kill -9, and nothing is lost or doubled", async () => {
    await read("history");
    for (let i = 0; i < 3; i++) {
      const writing = Promise.allSettled(Array.from({ length: 40 }, () => write("POST", "audit", { event: "during" })));
      await read("history", { limit: 5 });
      const gone = server.stop("SIGKILL");
      await writing;
      await gone;
      await open();
      const pages = await all("audit", { limit: 1000 });
      const { total } = await read("audit", { limit: 1 });
      const events = notesOf(pages);
      expect(events).toHaveLength(total);
      expect(events.filter((event) => event !== "during" && event !== "once")).toEqual(down(last));
    }
  });

  it("rule 15: is built again where it is damaged, without a word lost", async () => {
    const damage: (() => Promise<void>)[] = [
      async () => writeFile(index(), (await readFile(index())).subarray(0, 70_000)),
      async () => writeFile(index(), Buffer.alloc(300_000, "no database ")),
      async () => writeFile(index(), ""),
      async () => {
        const bytes = await readFile(index());
        bytes.fill(0xa5, 4096, bytes.length / 2);
        await writeFile(index(), bytes);
      },
    ];
    for (const spoil of damage) {
      await server.stop();
      expect((await stat(index())).size).toBeGreaterThan(70_000);
      await spoil();
      await open();
      const events = notesOf(await all("audit", { limit: 1000 }));
      expect(events.filter((event) => event !== "during" && event !== "once")).toEqual(down(last));
      expect(notesOf(await all("audit", { q: "größte" }))).toHaveLength(6);
    }
  });

  it("goes with its board, and does not keep the server from stopping", async () => {
    const boards = new URL("/api/v1/boards", server.url);
    const json = { "Content-Type": "application/json" };
    await fetch(boards, { method: "POST", headers: json, body: '{"name":"brief"}' });
    const past = new URL("/api/v1/boards/brief/history", server.url);
    expect(((await (await fetch(past)).json()) as Page).records[0]?.command.type).toBe("rules.change");
    expect((await stat(join(dir, "boards/brief/index.db"))).isFile()).toBe(true);
    const asked = Array.from({ length: 5 }, () => fetch(past));
    expect((await fetch(new URL("/api/v1/boards/brief?confirm=brief", server.url), { method: "DELETE" })).status).toBe(
      204,
    );
    for (const { status } of await Promise.all(asked)) expect([200, 404, 503]).toContain(status);
    await expect(stat(join(dir, "boards/brief"))).rejects.toThrow("ENOENT");
    await read("history");
    const { code, stderr } = await server.stop();
    expect([code, stderr]).toEqual([0, ""]);
  });
});
