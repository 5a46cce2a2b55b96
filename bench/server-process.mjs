// Owns the server that a benchmark loads: the built product as a process of its own, on a copy of a fixture.

import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const TICKS_PER_SECOND = 100;

/** Start `swarmboard serve` that follows a copy of a fixture. */
export async function startServer(fixture) {
  const dir = await mkdtemp(join(tmpdir(), "swarmboard-bench-"));
  await cp(new URL(`../test/fixtures/${fixture}`, import.meta.url).pathname, join(dir, "workspace"), {
    recursive: true,
  });
  const cli = new URL("../dist/cli/main.js", import.meta.url).pathname;
  const flags = [
    "serve",
    "--port",
    "0",
    "--data",
    join(dir, "data"),
    "--follow",
    join(dir, "workspace"),
    "--max-connections-per-ip",
    "20000",
    "--max-connections",
    "20000",
    "--log-level",
    "warn",
  ];
  const child = spawn(process.execPath, [cli, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
      const found = /listening on http:\/\/[^\s:]+:(\d+)/.exec(text);
      if (found) resolve(Number(found[1]));
    });
    child.once("exit", () => reject(new Error("the server did not start")));
  });
  return {
    port,
    workspace: join(dir, "workspace"),
    /** CPU seconds of the server process so far, all threads (proc(5), fields utime and stime). */
    async cpuSeconds() {
      const stat = await readFile(`/proc/${child.pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
    async stop() {
      child.kill("SIGTERM");
      await new Promise((resolve) => child.once("exit", resolve));
      await rm(dir, { recursive: true, force: true });
    },
  };
}
