import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run, serve, start, stopAll } from "./program.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "swarmboard-serve-"));
});
afterAll(async () => {
  await stopAll();
  await rm(folder, { recursive: true, force: true });
});

const config = async (value: unknown): Promise<string> => {
  const path = join(folder, `config-${Math.random()}.json`);
  await writeFile(path, typeof value === "string" ? value : JSON.stringify(value));
  return path;
};

describe("settings", () => {
  it("come from flags, before the environment, before the config file, before defaults, and say where from", async () => {
    const path = await config({ port: 1, "max-boards": 5, "log-level": "warn", "max-connections": 70, memory: true });
    const server = await serve(["--config", path, "--port", "0", "--max-key-bytes", "100"], {
      env: { SWARMBOARD_PORT: "2", SWARMBOARD_LOG_LEVEL: "error" },
    });
    expect(server.stdout).toMatch(/^ {2}port +0 {2}\(flag\)$/m);
    expect(server.stdout).toMatch(/^ {2}log-level +error {2}\(environment\)$/m);
    expect(server.stdout).toMatch(/^ {2}max-boards +5 {2}\(config file\)$/m);
    expect(server.stdout).toMatch(/^ {2}memory +true {2}\(config file\)$/m);
    expect(server.stdout).toMatch(/^ {2}host +127\.0\.0\.1$/m);
    expect((await run(["put", "k".repeat(101), "1", "--url", server.url])).stderr).toContain("(key_too_long)");
    await server.stop();
  });

  it("that are wrong are refused by name, wherever they come from", async () => {
    expect(await run([], { env: { SWARMBOARD_PORT: "nowhere" } })).toMatchObject({ code: 2, stdout: "" });
    for (const value of [
      { prot: 1 },
      { port: "x" },
      { port: [1, 2] },
      { memory: "yes" },
      { "log-level": "loud" },
      "[]",
      "{",
    ]) {
      const { code, stdout, stderr } = await run(["--config", await config(value)]);
      expect([value, code, stdout, stderr.includes("config-")]).toEqual([value, 2, "", true]);
    }
    expect((await run(["--config", join(folder, "missing.json")])).code).toBe(2);
    expect((await run(["--memory", "--data", folder])).code).toBe(2);
  });

  it("follow folders onto boards, from the config file too", async () => {
    const path = await config({ follow: [join(folder, "a"), `team=${join(folder, "b")}`] });
    const server = await serve(["--config", path, "--memory", "--port", "0"]);
    expect(server.stdout).toContain(`default=${join(folder, "a")}, team=${join(folder, "b")}`);
    expect((await run(["get", "--board", "team", "--url", server.url])).code).toBe(0);
    await server.stop();
  });
});

describe("serve", () => {
  it("prints the line that tools wait for when it is ready, and stops on SIGTERM and SIGINT with 0 (L1)", async () => {
    const data = join(folder, "kept");
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const server = await serve(["serve", "--port", "0", "--data", data]);
      await server.until(`dashboard  ${server.url}/blackboard`);
      await run(["put", signal, "1", "--url", server.url]);
      expect(await server.stop(signal)).toMatchObject({ code: 0 });
    }
    const server = await serve(["--port", "0", "--data", data]);
    expect((await run(["get", "SIGTERM", "--url", server.url])).stdout).toBe("1\n");
    expect((await run(["get", "SIGINT", "--url", server.url])).stdout).toBe("1\n");
    await server.stop();
  });

  it("tells all of it as JSON lines with --json", async () => {
    const server = start(["--port", "0", "--memory", "--json"]);
    await server.until('"event":"listening"');
    const { stdout, code } = await server.stop();
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { event: string });
    expect([code, events.map(({ event }) => event)]).toEqual([0, ["settings", "listening"]]);
  });

  it("says that the port is taken, and what to do", async () => {
    const server = await serve();
    const { port } = new URL(server.url);
    const second = await run(["--memory", "--port", port]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`port ${port} is taken`);
    expect(second.stderr).toContain("--port");
    await server.stop();
  });

  it("says that the data folder is in use by another process", async () => {
    const data = join(folder, "locked");
    const server = await serve(["--port", "0", "--data", data]);
    const second = await run(["--port", "0", "--data", data]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain("in use by another Swarmboard");
    expect(second.stderr.match(/another/g)).toHaveLength(2);
    expect(second).toMatchObject({ stdout: "", stderr: expect.stringContaining("--data") });
    await server.stop();
  });

  it("says that --data names a file", async () => {
    const { code, stdout, stderr } = await run(["--port", "0", "--data", fileURLToPath(import.meta.url)]);
    expect([code, stdout, stderr.includes("--data names a file")]).toEqual([1, "", true]);
  });

  it("says which records of a damaged log are whole, and what to do (L1)", async () => {
    const data = join(folder, "damaged");
    const server = await serve(["--port", "0", "--data", data]);
    for (const key of ["a", "b", "c"]) await run(["put", key, "1", "--url", server.url]);
    await server.stop();
    const segment = join(data, "boards", "default", "segments", "0000000000000001.jsonl");
    const text = await readFile(segment, "utf8");
    await writeFile(segment, text.replace('"b"', '"B"'));
    const { code, stderr } = await run(["--port", "0", "--data", data]);
    expect(code).toBe(1);
    const whole = Number(/The first (\d+) records are whole/.exec(stderr)?.[1]);
    expect(whole).toBeGreaterThan(0);
    expect(stderr).toContain(`cp -a '${data}' '${data}.damaged'`);
    const offset = Number(/head -c (\d+) /.exec(stderr)?.[1]);
    expect(text.slice(0, offset).trim().split("\n")).toHaveLength(1 + whole);
    expect(text.slice(0, offset)).toContain('"a"');
    expect(text.slice(0, offset)).not.toContain('"b"');
  });

  it("warns of a followed folder that is not there", async () => {
    const server = await serve(["--memory", "--port", "0", "--follow", join(folder, "nowhere")]);
    expect(server.stderr).toContain(`warning: --follow ${join(folder, "nowhere")}`);
    await server.stop();
  });

  it("ends at once on a signal while it starts, however long the disk takes", async () => {
    // A pipe that nobody writes to: opening it hangs, as a network folder may.
    const data = join(folder, "hanging");
    const fresh = await serve(["--port", "0", "--data", data]);
    await fresh.stop();
    const epochs = join(data, "boards", "default", "epochs.json");
    await rm(epochs);
    execFileSync("mkfifo", [epochs]);
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const server = start(["--port", "0", "--data", data, "--follow", join(folder, "nowhere")]);
      await server.until("warning");
      const { code, stdout } = await server.stop(signal);
      expect([code, stdout]).toEqual([null, ""]);
    }
  });

  it("refuses an address beyond loopback without --insecure (L10)", async () => {
    const refused = await run(["--memory", "--port", "0", "--host", "0.0.0.0"]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("--insecure");
    const server = await serve(["--memory", "--port", "0", "--host", "0.0.0.0", "--insecure"]);
    expect((await server.stop()).code).toBe(0);
  });

  it("allows the origin of a proxy that is named with --allow-origin, and refuses what is no origin (L10)", async () => {
    const refused = await run(["--memory", "--port", "0", "--allow-origin", "*"]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("https://board.example");
    const server = await serve(["--memory", "--port", "0", "--allow-origin", "https://board.example"]);
    await server.until("allow-origin");
    expect((await server.stop()).code).toBe(0);
  });

  it("writes its log to --log-file too, also what happens last", async () => {
    const file = join(folder, "logs", "swarmboard.log");
    const server = await serve(["--memory", "--port", "0", "--log-file", file]);
    await server.until(`log        ${file}`);
    await server.stop();
    const events = (await readFile(file, "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { msg: string });
    expect(events.map(({ msg }) => msg)).toEqual(expect.arrayContaining(["server listening", "server stopped"]));
  });
});
