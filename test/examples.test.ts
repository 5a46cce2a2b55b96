// The examples, as processes against a real server. The one in Python was written from docs/protocol.md alone: it proves that the page is enough.

import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { serve, startProgram, stopAll } from "./cli/program.ts";

const EXAMPLES = fileURLToPath(new URL("../examples/", import.meta.url));
const PYTHON = "/usr/bin/python3";
const hasPython = (statement: string): boolean => {
  try {
    execFileSync(PYTHON, ["-c", statement], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "swarmboard-examples-"));
});
afterEach(stopAll);
afterAll(() => rm(folder, { recursive: true, force: true }));

async function ask<T>(url: string, method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${url}/api/v1/boards/default/${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as T;
}
const put = (url: string, key: string, value: unknown) =>
  ask(url, "PUT", `entries/${encodeURIComponent(key)}`, { value });
interface Entries {
  readonly entries: readonly { readonly key: string; readonly value: unknown }[];
}

describe("agent.mjs", () => {
  it("claims each open task once, among several of its kind, and charges what it cost", async () => {
    const server = await serve();
    for (let n = 0; n < 6; n++) await put(server.url, `task:${n}`, { status: "open", text: `say ${n}` });
    const agents = ["ada", "bob"].map((agent) =>
      startProgram(process.execPath, [`${EXAMPLES}agent.mjs`, "--url", server.url, "--agent", agent, "--once"]),
    );
    const ended = await Promise.all(agents.map((agent) => agent.ended));
    expect(ended.map(({ code, stderr }) => [code, stderr.includes("Error")])).toEqual([
      [0, false],
      [0, false],
    ]);
    const done = ended.flatMap(({ stdout }) => stdout.match(/^task:\d/gm) ?? []);
    expect(done.toSorted()).toEqual(Array.from({ length: 6 }, (_, n) => `task:${n}`));
    const { entries } = await ask<Entries>(server.url, "GET", "entries");
    expect(entries.map(({ value }) => value)).toEqual(
      Array.from({ length: 6 }, (_, n) => expect.objectContaining({ status: "done", answer: `SAY ${n}` }) as unknown),
    );
    const { budgets } = await ask<{ budgets: { usedTokens: number }[] }>(server.url, "GET", "budgets");
    expect(budgets.map(({ usedTokens }) => usedTokens)).toEqual(Array.from({ length: 6 }, () => 105));
    expect((await ask<{ total: number }>(server.url, "GET", "audit")).total).toBe(6);
  });
});

interface Told {
  readonly stream: string;
  readonly name?: string;
  readonly item?: { readonly value: unknown } | null;
  readonly note?: { readonly event: string };
}

describe.skipIf(!hasPython("import asyncio"))("python_client.py", () => {
  const follows = async (name: string, ...args: string[]) => {
    const at = ["--data", join(folder, name)];
    let server = await serve(["--port", "0", ...at]);
    const { port } = new URL(server.url);
    const large = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`member${n}`, "x".repeat(40)]));
    await put(server.url, "large", large);
    await put(server.url, "gone", 1);
    const client = startProgram(PYTHON, [`${EXAMPLES}python_client.py`, "--url", server.url, ...args]);
    await client.until('"name": "large"');
    // The second change comes as a patch (W-SYNC-8).
    for (const change of ["a", "b", "c"]) {
      await put(server.url, "large", { ...large, member7: change });
      await client.until(`"member7": "${change}"`);
    }
    await ask(server.url, "POST", "commands", { type: "budget.open", task: "b", limitTokens: 100 });
    await ask(server.url, "POST", "audit", { event: "seen" });
    await client.until('"event": "seen"');
    for (let life = 0; life < 2; life++) {
      await server.stop("SIGKILL");
      server = await serve(["--port", port, ...at]);
      await put(server.url, `life:${life}`, { life });
      if (life === 0) await ask(server.url, "DELETE", "entries/gone");
      await ask(server.url, "POST", "audit", { event: `life:${life}` });
      await client.until(`"event": "life:${life}"`);
    }
    const { stdout, stderr } = await client.stop();
    const texts = stdout.trim().split("\n");
    const lines = texts.map((text) => JSON.parse(text) as Told);
    // Nothing is told twice: each return went on from its cursor (W-SUB-5).
    expect(new Set(texts).size).toBe(texts.length);
    expect(lines.flatMap(({ note }) => note?.event ?? [])).toEqual(["seen", "life:0", "life:1"]);
    const shown = new Map<string, unknown>();
    for (const { stream, name: key = "", item } of lines) {
      if (stream !== "entries") continue;
      if (item === null || item === undefined) shown.delete(key);
      else shown.set(key, item.value);
    }
    const { entries } = await ask<Entries>(server.url, "GET", "entries");
    expect(shown).toEqual(new Map(entries.map(({ key, value }) => [key, value])));
    expect(lines.some(({ stream, name: task }) => stream === "budgets" && task === "b")).toBe(true);
    return stderr;
  };

  it.skipIf(!hasPython("import websockets"))(
    "follows a board over a socket, through two kills of the server, by the page alone",
    async () => {
      expect(await follows("socket")).toContain("again in");
    },
  );

  it("follows a board by long polls alone, with nothing but Python's own library (W-HTTP-2)", async () => {
    await follows("polls", "--polls");
  });

  it("writes with an id, and is told why it is refused", async () => {
    const server = await serve();
    const at = ["--url", server.url];
    const program = `${EXAMPLES}python_client.py`;
    const wrote = await startProgram(PYTHON, [program, ...at, "--put", "k", '{"big": 12345678901234567890}']).ended;
    expect(wrote).toMatchObject({ code: 0, stderr: "" });
    expect(await (await fetch(`${server.url}/api/v1/boards/default/entries/k`)).text()).toContain(
      '"value":{"big":12345678901234567890}',
    );
    const refused = await startProgram(PYTHON, [program, ...at, "--board", "nowhere", "--polls"]).ended;
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("no_such_board") as unknown });
  });
});
