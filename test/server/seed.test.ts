// The seed's own code, run against the server: its automated test, and its two code examples.

import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { ask, endAfterEach, listen, start, until, write } from "./harness.ts";

endAfterEach();

const PYTHON = "/usr/bin/python3";
const hasPython = ((): boolean => {
  try {
    execFileSync(PYTHON, ["-c", "import websockets"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/** As the seed has it, with the import that it forgot. */
const SEED_TEST = `
import json
import asyncio
import websockets

async def test_websocket():
    uri = "ws://localhost:8000/ws/blackboard"
    async with websockets.connect(uri) as websocket:
        # Receive 5 updates
        for _ in range(5):
            message = await websocket.recv()
            data = json.loads(message)
            print(f"Received: {data['timestamp']}")
            
test = asyncio.run(test_websocket())
`;

describe("the seed's automated test", () => {
  it("5 updates, each with a timestamp, 2 s apart", async () => {
    const server = await start();
    const stamps: number[] = [];
    const ws = new WebSocket(`ws://localhost:${server.port}/ws/blackboard`);
    ws.on("message", (message: Buffer) => {
      const data = JSON.parse(message.toString()) as { timestamp: string };
      stamps.push(Date.parse(data.timestamp));
    });
    await until(() => stamps.length >= 5, 15_000);
    ws.close();
    for (let i = 2; i < 5; i++) expect(Math.abs(stamps[i]! - stamps[i - 1]! - 2000)).toBeLessThan(1500);
  }, 20_000);

  it.skipIf(!hasPython)(
    "in Python, as written",
    async () => {
      const server = await start();
      const { stdout } = await promisify(execFile)(PYTHON, ["-c", SEED_TEST.replace("8000", String(server.port))], {
        timeout: 20_000,
      });
      expect(stdout.trim().split("\n")).toStrictEqual(
        Array.from({ length: 5 }, () => expect.stringMatching(/^Received: \d{4}-\d\d-\d\dT[\d:.]+Z$/)),
      );
    },
    30_000,
  );
});

describe("the seed's code examples", () => {
  it("sending custom data, handling custom messages", async () => {
    const server = await start({ classicFields: { custom_data: () => "Your data here" } });
    const ws = new WebSocket(`ws://localhost:${server.port}/ws/blackboard`);
    const seen: unknown[] = [];
    // The second example, with the log line replaced by a list.
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- as the seed has it
    ws.onmessage = (event) => {
      const data = JSON.parse(event.data as string) as { custom_data?: unknown };

      if (data.custom_data) {
        seen.push(data.custom_data);
      }
    };
    await until(() => seen.length > 0);
    ws.close();
    expect(seen[0]).toBe("Your data here");
  });
});

describe("the seed's troubleshooting", () => {
  it('the log file holds "WebSocket connection established" and a broken field once', async () => {
    const dir = await mkdtemp(join(tmpdir(), "swarmboard-"));
    const logFile = join(dir, "logs", "web_dashboard.log");
    const server = await start({
      // Undefined: a log of the server's own, to standard output and the file.
      logger: undefined as never,
      logFile,
      timings: { tickMs: 250 },
      classicFields: {
        broken: () => {
          throw new Error("no");
        },
      },
    });
    await listen(server).frame(3);
    await ask(server, "GET", "/nothing");
    await server.close();
    const lines = (await readFile(logFile, "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter((line) => line["msg"] === "WebSocket connection established")).toMatchObject([
      { board: "default", ip: "127.0.0.1", connections: 1, level: 30 },
    ]);
    expect(lines.filter((line) => line["msg"] === "classic field left out")).toHaveLength(1);
    await rm(dir, { recursive: true });
  });
});

describe("a followed workspace and a durable board", () => {
  it("that is not there is said in the log and by /readyz, and stops nothing", async () => {
    const dir = await mkdtemp(join(tmpdir(), "swarmboard-"));
    const logFile = join(dir, "server.log");
    const gone = join(dir, "gone");
    const server = await start({ logger: undefined as never, logFile, follow: [{ board: "default", dir: gone }] });
    await server.ready;
    const ready = await ask(server, "GET", "/readyz");
    expect(ready.status).toBe(200);
    expect(ready.json).toMatchObject({
      ready: true,
      warnings: { [`follow:${gone}`]: expect.stringContaining("missing") },
    });
    await server.close();
    const lines = (await readFile(logFile, "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { msg: string; level: number; file?: string });
    expect(lines[0]).toMatchObject({ level: 30, file: logFile });
    expect(lines.filter(({ msg }) => msg.includes("does not exist")).map(({ level }) => level)).toStrictEqual([40]);
    await rm(dir, { recursive: true });
  });

  it("is imported before the server is ready, and the log outlives the server", async () => {
    const dir = await mkdtemp(join(tmpdir(), "swarmboard-"));
    const dataDir = join(dir, "data");
    const workspace = new URL("../fixtures/zejzl", import.meta.url).pathname;
    const follow = ["default", "other"].map((board) => ({ board, dir: workspace }));
    const first = await start({ memory: false, dataDir, follow });
    await first.ready;
    expect((await ask(first, "GET", "/readyz")).json).toStrictEqual({ ready: true, reasons: {} });
    expect((await ask(first, "GET", "/api/swarm/blackboard")).json.key_count).toBe(34);
    expect((await ask(first, "GET", "/api/swarm/budget/global")).json.tasks).toHaveLength(11);
    expect((await ask(first, "GET", "/api/swarm/audit")).json.total_count).toBe(14);
    expect((await ask(first, "DELETE", "/api/v1/boards/other?confirm=other")).json.code).toBe("board_followed");
    await write(first, "PUT", "/api/v1/boards/default/entries/mine", { value: 1 });
    await first.close();
    const second = await start({ memory: false, dataDir });
    expect((await ask(second, "GET", "/api/v1/boards/default/entries/mine")).json).toMatchObject({ value: 1, rev: 1 });
    expect((await ask(second, "GET", "/api/swarm/blackboard")).json.key_count).toBe(35);
    await second.close();
    await rm(dir, { recursive: true });
  });
});

describe("pages", () => {
  it("without a built dashboard a plain page says how to build it; with one it is served, its assets for ever", async () => {
    const dir = await mkdtemp(join(tmpdir(), "swarmboard-"));
    const plain = await start({ dashboardDir: dir });
    expect((await ask(plain, "GET", "/blackboard")).text).toContain("npm run build");
    await writeFile(join(dir, "index.html"), "<title>built</title>");
    expect((await ask(plain, "GET", "/")).text).toBe("<title>built</title>");
    const { mkdir } = await import("node:fs/promises");
    await mkdir(join(dir, "assets"));
    await writeFile(join(dir, "assets", "app-12345.js"), "1");
    const built = await start({ dashboardDir: dir });
    const asset = await ask(built, "GET", "/assets/app-12345.js");
    expect([asset.status, asset.headers["cache-control"]]).toStrictEqual([200, "public, max-age=31536000, immutable"]);
    for (const path of [
      "/assets/none.js",
      "/assets/",
      "/assets/../index.html",
      "/assets/%2e%2e/index.html",
      "/assets/..%2findex.html",
    ]) {
      expect([path, (await ask(built, "GET", path)).status]).toStrictEqual([path, 404]);
    }
    await rm(dir, { recursive: true });
  });
});
