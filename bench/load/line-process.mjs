// Owns a child process that is spoken to by lines and answers each with one line of JSON: the load client and the peers.
// Also reads what the system says of processes: CPU and memory.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { createInterface } from "node:readline";

const TICKS_PER_SECOND = 100;

/** Start one and wait for its first line, which is returned as `hello`. */
export async function startLines(program, args) {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  const waiting = [];
  let gone = false;
  const fail = (error) => {
    gone = true;
    for (const each of waiting.splice(0)) each.reject(error);
  };
  child.once("error", fail);
  child.stdin.on("error", fail);
  const ended = new Promise((resolve) => {
    child.once("error", resolve);
    child.once("exit", (code, signal) => {
      fail(new Error(`${program} ${args[0] ?? ""} ended (${signal ?? code})`));
      resolve();
    });
  });
  createInterface({ input: child.stdout }).on("line", (line) => waiting.shift()?.resolve(JSON.parse(line)));
  const next = () =>
    new Promise((resolve, reject) => {
      if (gone) reject(new Error(`${program} ${args[0] ?? ""} has ended`));
      else waiting.push({ resolve, reject });
    });
  const hello = await next();
  return {
    hello,
    pid: child.pid,
    /** Send a command and await its answer; answers come in the order of the commands. */
    ask(command) {
      const answer = next();
      child.stdin.write(`${command}\n`);
      return answer;
    },
    async stop() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), 3000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** CPU seconds of a process so far by the clock ticks of proc(5), fields utime and stime. */
async function ticked(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The same to the nanosecond, as the scheduler counts it for each thread. Threads that have ended are not in it. */
async function scheduled(pid) {
  const threads = await readdir(`/proc/${pid}/task`);
  const each = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, "utf8")));
  return each.reduce((sum, text) => sum + Number(text.split(" ")[0]), 0) / 1e9;
}

const precise = existsSync("/proc/self/schedstat");

/** CPU seconds of processes so far, all their threads, user and system. For differences only. */
export async function cpuSeconds(pids) {
  const each = await Promise.all(pids.map(precise ? scheduled : ticked));
  return each.reduce((sum, one) => sum + one, 0);
}

/** Bytes of memory that processes hold at present. */
export async function residentBytes(pids) {
  const each = await Promise.all(
    pids.map(async (pid) => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024),
  );
  return each.reduce((sum, one) => sum + one, 0);
}
