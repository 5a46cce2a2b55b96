// `swarmboard watch`, as a process beside a server that may be killed, cut off, or not be there yet.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createRelay, type Relay } from "./relay.ts";
import { run, type Running, type Server, serve, start, stopAll } from "./program.ts";

let folder: string;
const relays: Relay[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "swarmboard-watch-"));
});
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.close()));
  await stopAll();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function write(url: string, method: string, path: string, body?: object): Promise<void> {
  const response = await fetch(`${url}/api/v1/boards/default/${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(await response.text());
  await response.arrayBuffer();
}
const put = (url: string, key: string, value: unknown): Promise<void> =>
  write(url, "PUT", `entries/${encodeURIComponent(key)}`, { value });
const note = (url: string, event: string): Promise<void> => write(url, "POST", "audit", { event });

async function watch(server: { readonly url: string }, ...args: string[]): Promise<Running> {
  const watcher = start(["watch", "--url", server.url, ...args]);
  await watcher.until("watching default");
  return watcher;
}
async function relayTo(server: Server, options?: { sockets: boolean }): Promise<Relay> {
  const relay = await createRelay(server.url, options);
  relays.push(relay);
  return relay;
}
interface Line {
  readonly type: string;
  readonly key?: string;
  readonly rev?: number;
  readonly count?: number;
  readonly note?: { readonly event: string };
}
const linesOf = (stdout: string): Line[] =>
  stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);

describe("watch", () => {
  it("prints puts, deletes, charges and notes as they come, as JSON lines that keep every digit (rule 19)", async () => {
    const server = await serve();
    const env = { SWARMBOARD_URL: server.url };
    const watcher = await watch(server, "--json");
    await run(["put", "seen", '{"n": 12345678901234567890}'], { env });
    await watcher.until('"key":"seen","value":{"n":12345678901234567890},"rev":1,"by":"cli"');
    await run(["delete", "seen"], { env });
    await watcher.until('"entry.deleted","key":"seen"');
    await run(["budget", "open", "watched", "100"], { env });
    await watcher.until('"task":"watched","usedTokens":0,"limitTokens":100,"percentage":0,"status":"active"');
    await run(["budget", "close", "watched"], { env });
    await run(["audit", "note", "looked"], { env });
    await watcher.until('"event":"looked"');
    const { code, stdout } = await watcher.stop("SIGINT");
    expect(code).toBe(0);
    expect(linesOf(stdout).map(({ type }) => type)).toEqual([
      "entry.changed",
      "entry.deleted",
      "budget.changed",
      "audit.added",
    ]);
  });

  it("loses nothing and tells nothing twice while the server is killed and comes back (L5, W-SUB-5)", async () => {
    const at = ["--data", join(folder, "killed")];
    let server = await serve(["--port", "0", ...at]);
    const { port } = new URL(server.url);
    await put(server.url, "before", 1);
    const watcher = await watch(server, "--json");
    for (let life = 0; life < 3; life++) {
      for (let n = 0; n < 20; n++)
        await Promise.all([put(server.url, `k:${life}:${n}`, n), note(server.url, `e:${life}:${n}`)]);
      await write(server.url, "DELETE", `entries/k:${life}:0`);
      await server.stop("SIGKILL");
      server = await serve(["--port", port, ...at]);
      // Before the watcher is back.
      await Promise.all([put(server.url, `away:${life}`, life), note(server.url, `away:${life}`)]);
      await watcher.until(`"event":"away:${life}"`);
    }
    await put(server.url, "end", 1);
    await watcher.until('"key":"end"');
    const { code, stdout, stderr } = await watcher.stop();
    expect(code).toBe(0);
    expect(stderr.split("\n").filter((line) => line === "connected")).toHaveLength(3);
    const lines = linesOf(stdout);
    const told = lines.map(({ type, key, rev, note: it }) => `${type} ${key ?? it?.event} ${rev ?? ""}`);
    expect(told.filter((line, index) => told.indexOf(line) !== index)).toEqual([]);
    expect(lines.filter(({ type }) => type === "audit.missed")).toEqual([]);
    const lives = [0, 1, 2];
    const ofLives = (...names: ((life: number) => string)[]) =>
      lives.flatMap((life) => names.map((name) => name(life))).toSorted();
    const twenty = (prefix: string) => Array.from({ length: 20 }, (_, n) => (life: number) => `${prefix}:${life}:${n}`);
    const away = (life: number) => `away:${life}`;
    const named = (type: string) =>
      lines.flatMap((line) => (line.type === type ? (line.key ?? line.note?.event ?? []) : [])).toSorted();
    expect(named("audit.added")).toEqual(ofLives(...twenty("e"), away));
    // Key 0 of each life is deleted soon: it may be conflated away, but is never told without its end.
    const deleted = named("entry.deleted");
    expect(named("entry.changed").filter((key) => !/^k:\d:0$/.test(key) && key !== "end")).toEqual(
      ofLives(...twenty("k").slice(1), away),
    );
    expect(named("entry.changed").filter((key) => /^k:\d:0$/.test(key) && !deleted.includes(key))).toEqual([]);
  });

  it("says so when another history is there, and prints only what differs", async () => {
    const first = await serve();
    await put(first.url, "gone", 1);
    const watcher = await watch(first, "--json", "--initial");
    await first.stop();
    await watcher.until("trying again");
    const second = await serve(["--port", new URL(first.url).port, "--memory"]);
    await watcher.until("began anew (epoch)");
    await put(second.url, "new", 1);
    await watcher.until('"key":"new"');
    const { stdout } = await watcher.stop();
    expect(linesOf(stdout).map(({ type, key }) => `${type} ${key}`)).toEqual([
      "entry.changed gone",
      "entry.deleted gone",
      "entry.changed new",
    ]);
  });

  it("counts the audit notes of an absence that are too many to tell (W-SYNC-10)", async () => {
    const server = await serve(["--port", "0", "--data", join(folder, "many")]);
    const relay = await relayTo(server);
    const watcher = await watch(relay, "--json");
    await note(server.url, "first");
    await watcher.until('"event":"first"');
    relay.cut();
    await watcher.until("trying again");
    const commands = Array.from({ length: 50 }, () => ({ type: "audit.note", event: "unseen" }));
    for (let n = 0; n < 202; n++) await write(server.url, "POST", "commands", { type: "batch", commands });
    relay.mend();
    await note(server.url, "last");
    await watcher.until('"event":"last"');
    const { stdout } = await watcher.stop();
    const lines = linesOf(stdout);
    const count = lines.find(({ type }) => type === "audit.missed")?.count ?? 0;
    expect(count).toBeGreaterThan(0);
    expect(lines.filter((line) => line.note?.event === "unseen").length + count).toBe(202 * 50);
  });

  it("subscribes to a prefix or to keys only, and prints first what is there if it is asked to", async () => {
    const server = await serve();
    for (const key of ["task:1", "task:2", "other"]) await put(server.url, key, 1);
    const below = await watch(server, "--prefix", "task:", "--initial", "--rate", "0");
    const keys = await watch(server, "--key", "task:2", "--key", "other", "--json", "--interval", "250ms");
    expect(below.stderr).toContain(": 2 entries");
    expect(keys.stderr).toContain(": 2 entries");
    await note(server.url, "unheard");
    await put(server.url, "other", 2);
    await put(server.url, "task:1", 2);
    await put(server.url, "task:3", 3);
    await put(server.url, "task:2", 2);
    await Promise.all([below.until("task:2 = 2"), keys.until('"key":"task:2"')]);
    expect((await below.stop()).stdout.split("\n")).toEqual([
      "put     task:1 = 1  (rev 1 by anonymous)",
      "put     task:2 = 1  (rev 1 by anonymous)",
      "put     task:1 = 2  (rev 2 by anonymous)",
      "put     task:3 = 3  (rev 1 by anonymous)",
      "put     task:2 = 2  (rev 2 by anonymous)",
      "",
    ]);
    expect(linesOf((await keys.stop()).stdout).map(({ key, rev }) => `${key} ${rev}`)).toEqual(["other 2", "task:2 2"]);
  });

  it("follows over HTTP where no socket opens (W-BACK-2)", async () => {
    const server = await serve();
    const relay = await relayTo(server, { sockets: false });
    const watcher = start(["watch", "--url", relay.url]);
    await watcher.until("following over HTTP");
    await watcher.until("watching default");
    await put(server.url, "by-http", "here");
    await watcher.until("put     by-http = here");
    expect(await watcher.stop("SIGINT")).toMatchObject({ code: 0 });
  });

  it("ends with 3 where no server answers, waits for one with --wait, and ends with 1 where it is refused", async () => {
    const server = await serve();
    const { port } = new URL(server.url);
    await server.stop();
    expect(await run(["watch", "--url", server.url])).toMatchObject({ code: 3, stdout: "" });
    const watcher = start(["watch", "--url", server.url, "--wait"]);
    await watcher.until("cannot reach");
    const back = await serve(["--port", port, "--memory"]);
    await watcher.until("watching default");
    expect((await watcher.stop()).code).toBe(0);
    for (const args of [[], ["--wait"]]) {
      const refused = await run(["watch", "--url", back.url, "--board", "nowhere", "--json", ...args]);
      expect(refused).toMatchObject({ code: 1, stdout: "" });
      expect(JSON.parse(refused.stderr)).toMatchObject({ exitCode: 1, problem: { code: "no_such_board" } });
    }
  });
});
