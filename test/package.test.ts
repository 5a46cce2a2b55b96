// Owns the proof that what is published works elsewhere: packed, installed in an empty folder, run.
// Does not own the package's linting (publint and attw run in scripts/test.mjs, on the same kind of tarball).

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PRODUCT_VERSION } from "../src/protocol/index.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const exec = promisify(execFile);
let folder: string;
let server: ChildProcess | undefined;

/** Variables that npm sets for its own children would change what the package sees. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_(?!config_)|INIT_CWD|SWARMBOARD_|NODE_ENV|VITEST)/.test(name)),
);
const npx = (...args: string[]) => exec("npx", ["--no-install", "swarmboard", ...args], { cwd: folder, env });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "swarmboard-installed-"));
  await exec("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], { cwd: ROOT, env });
  const [tarball] = await readdir(folder);
  await writeFile(join(folder, "package.json"), '{"private": true, "type": "module"}');
  await exec("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--omit=dev", `./${tarball}`], {
    cwd: folder,
    env,
  });
}, 180_000);

afterAll(async () => {
  if (server !== undefined && server.exitCode === null && server.signalCode === null) {
    const gone = once(server, "exit");
    server.kill("SIGKILL");
    await gone;
  }
  // What a killed server's own children still write does not come back.
  await rm(folder, { recursive: true, force: true, maxRetries: 20 });
});

describe("the published package", () => {
  it("tells its version and teaches its use", async () => {
    expect((await npx("--version")).stdout.trim()).toBe(PRODUCT_VERSION);
    expect((await npx("--help")).stdout).toContain("swarmboard demo");
  });

  it("holds no tests, no build notes and no source maps", async () => {
    const files = await readdir(join(folder, "node_modules/swarmboard"), { recursive: true });
    expect(files.filter((path) => /\.test\.|tsbuildinfo|\.map$|(^|\/)test(\/|$)/.test(path))).toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining(["LICENSE", "README.md", "dist/cli/main.js", "dist/dashboard/index.html"]),
    );
  });

  it("gives its words and its server to programs", async () => {
    const program =
      'import { CODES } from "swarmboard/protocol"; import { createServer } from "swarmboard/server";' +
      "const server = await createServer({ port: 0, memory: true, logger: false });" +
      'console.log(CODES.exists.httpStatus, (await fetch(server.url + "/healthz")).status); await server.close();';
    const { stdout } = await exec(process.execPath, ["--input-type=module", "-e", program], { cwd: folder, env });
    expect(stdout.trim()).toBe("412 200");
  });

  it("gives its client to programs, which connects and hears of a change", async () => {
    const program = `
      import { connect, toJson } from "swarmboard/client";
      import { httpFallback } from "swarmboard/client/http";
      import { fileCache } from "swarmboard/client/node";
      import { createServer } from "swarmboard/server";
      const server = await createServer({ port: 0, memory: true, logger: false });
      const client = connect(server.url, { agent: "packed", fallback: httpFallback, cache: fileCache("kept") });
      const board = client.board();
      const { entries, ready } = board.subscribe({ entries: { prefix: "task:" } });
      await ready;
      const heard = new Promise((resolve) => entries.onKey("task:1", () => resolve(entries.get("task:1"))));
      await board.put("task:1", { big: 12345678901234567890n });
      const { key, value, by } = await heard;
      console.log(client.status.phase, toJson({ key, value, by }));
      client.close();
      await server.close();`;
    const { stdout } = await exec(process.execPath, ["--input-type=module", "-e", program], { cwd: folder, env });
    expect(stdout.trim()).toBe('live {"key":"task:1","value":{"big":12345678901234567890},"by":"packed"}');
  });

  it("gives its gateway and its table of prices to programs", async () => {
    const program = `
      import { connect } from "swarmboard/client";
      import { withBudget } from "swarmboard/gateway";
      import { createServer } from "swarmboard/server";
      const server = await createServer({ port: 0, memory: true, logger: false });
      const client = connect(server.url);
      const board = client.board();
      await board.send({ type: "budget.open", task: "t", limitNanoUsd: 1_000_000 });
      const usage = { input_tokens: 1, output_tokens: 1 };
      await withBudget(board, { task: "t", model: "gpt-4o-mini", estimate: 100 }, () => ({ usage }));
      const { state } = await server.engine.board("default");
      console.log(state.budgets.get("t").account.nanoUsd);
      client.close();
      await server.close();`;
    const { stdout } = await exec(process.execPath, ["--input-type=module", "-e", program], { cwd: folder, env });
    expect(stdout.trim()).toBe("750");
  });

  it("tells of its hooks that they need React, and of nothing else", async () => {
    const program = 'import("swarmboard/react").catch(({ code, message }) => console.log(code, message));';
    const { stdout } = await exec(process.execPath, ["--input-type=module", "-e", program], { cwd: folder, env });
    expect(stdout).toMatch(/^ERR_MODULE_NOT_FOUND Cannot find package 'react'/);
  });

  it("serves the board and its dashboard, assets included, and stops cleanly", async () => {
    const child = spawn("npx", ["--no-install", "swarmboard", "--port", "0", "--data", "data"], {
      cwd: folder,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
    });
    server = child;
    const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
    let said = "";
    // Leaving the loop closes the pipe: a server must outlive whoever read its output.
    for await (const chunk of child.stdout) {
      said += String(chunk);
      if (said.includes("/api/docs")) break;
    }
    const url = /^listening on (http:\S+)$/m.exec(said)?.[1] ?? "";
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const page = await fetch(`${url}/blackboard`);
    expect(page.status).toBe(200);
    const html = await page.text();
    const assets = Array.from(html.matchAll(/(?:src|href)="(\/[^"]+)"/g), (match) => match[1] ?? "");
    expect(assets.some((path) => path.endsWith(".js")) && assets.some((path) => path.endsWith(".css"))).toBe(true);
    for (const path of assets) expect([path, (await fetch(url + path)).status]).toEqual([path, 200]);
    const written = await fetch(`${url}/api/v1/boards/default/entries/k`, {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: '{"value": 1}',
    });
    expect(written.status).toBe(201);
    // The index of the history runs in a worker, from a file of its own.
    const past = (await (await fetch(`${url}/api/v1/boards/default/history/k`)).json()) as { records?: unknown[] };
    expect(past.records).toHaveLength(1);
    // The whole group: npx itself passes signals on, but its shell need not.
    process.kill(-(child.pid ?? 0), "SIGTERM");
    await exited;
  });
});
