import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { CODES } from "../src/protocol/index.ts";
import { run, type Server, serve, start, stopAll } from "./cli/program.ts";

const exec = promisify(execFile);
const doc = await readFile(fileURLToPath(new URL("../docs/troubleshooting.md", import.meta.url)), "utf8");
let folder: string;
let logFile: string;
let server: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "swarmboard-trouble-"));
  logFile = join(folder, "logs", "swarmboard.log");
  server = await serve(["--memory", "--port", "0", "--log-file", logFile, "--max-connections-per-ip", "6"]);
});
afterAll(async () => {
  await stopAll();
  await rm(folder, { recursive: true, force: true });
});

/** Open a socket; resolves with how it went. */
const opened = (query = ""): Promise<WebSocket> =>
  new Promise((resolve, reject) => {
    const ws = new WebSocket(`${server.url.replace("http", "ws")}/ws/blackboard${query}`);
    ws.once("message", () => resolve(ws));
    ws.once("close", (code) => reject(new Error(`closed with ${code}`)));
    ws.once("unexpected-response", (_, response) => reject(new Error(`HTTP ${response.statusCode}`)));
    ws.once("error", reject);
  });

/** A raw request, because fetch sets Host itself. */
const ask = (path: string, headers: Record<string, string>): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    request(server.url + path, { headers, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on("error", reject)
      .end();
  });

describe("WebSocket not connecting", () => {
  it("the log file holds the seed's line for every socket that opens", async () => {
    expect(doc).toContain('# Look for "WebSocket connection established"\ntail -f logs/swarmboard.log');
    const ws = await opened();
    const { stdout } = await exec("tail", ["-n", "5", logFile]);
    expect(stdout).toContain('"msg":"WebSocket connection established"');
    ws.close();
  });

  it("a server that does not run is told by curl, by the command line and by their exit codes", async () => {
    // A port that was free a moment ago.
    const probe = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => probe.once("listening", resolve));
    const { port } = probe.address() as { port: number };
    await new Promise((resolve) => probe.close(resolve));
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow("fetch failed");
    const ended = await run(["get", "--url", `http://127.0.0.1:${port}`]);
    expect(ended).toMatchObject({ code: 3 });
    expect(ended.stderr).toContain("cannot reach");
  });

  it.each([
    ["forbidden_host", { Host: "evil.example" }],
    ["forbidden_origin", { Origin: "https://evil.example" }],
    ["forwarded_refused", { "X-Forwarded-For": "10.0.0.1" }],
  ])("%s is answered as the page says (L10)", async (code, headers) => {
    expect(doc).toContain(`HTTP 403 with \`${code}\``);
    const { status, body } = await ask("/api/v1/boards", headers);
    expect([status, (JSON.parse(body) as { code: string }).code]).toEqual([403, code]);
  });

  it("one connection too many is closed with 1008, and the log says so (L6)", async () => {
    const sockets: WebSocket[] = [];
    let why = "";
    for (let i = 0; i < 10 && why === ""; i++) {
      try {
        sockets.push(await opened());
      } catch (error) {
        why = (error as Error).message;
      }
    }
    expect(why).toBe("closed with 1008");
    expect(await readFile(logFile, "utf8")).toContain("WebSocket connection refused");
    for (const ws of sockets) ws.close();
    // Places are free again once the closes have arrived.
    await expect.poll(async () => (await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  it("a board that does not exist is 404", async () => {
    await expect(opened("?board=nowhere")).rejects.toThrow("HTTP 404");
  });
});

describe("connection drops frequently", () => {
  it("/healthz and /readyz answer 200, and the log says why a socket closed", async () => {
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    const ws = await opened();
    ws.close(1000);
    await new Promise((resolve) => ws.once("close", resolve));
    await expect.poll(() => readFile(logFile, "utf8")).toContain('"code":1000');
  });
});

describe("updates not appearing", () => {
  it("`swarmboard watch` prints what the server sends", async () => {
    expect(doc).toContain("swarmboard watch");
    const watcher = start(["watch", "--url", server.url]);
    await watcher.until("watching default");
    await run(["put", "moves", "1", "--url", server.url]);
    await watcher.until("put     moves = 1");
    await watcher.stop();
  });
});

describe("the page itself", () => {
  it("names only codes that exist", () => {
    // Words in back quotes that look like codes, in the column of symptoms.
    const named = Array.from(doc.matchAll(/(?:with|^) ?`([a-z]+(?:_[a-z]+)+)`/gm), (match) => match[1] ?? "");
    expect(named.length).toBeGreaterThan(4);
    expect(named.filter((name) => !Object.hasOwn(CODES, name))).toEqual([]);
  });
});
