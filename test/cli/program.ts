// Owns running the built program as a person would: child processes, their output and their exit codes.
// Does not own what is expected of them. Everything started is ended by `stopAll`.

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves when standard output or standard error holds the text. */
  until(text: string | RegExp): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<Ended>;
  readonly ended: Promise<Ended>;
}

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
}

const running = new Set<ChildProcess>();

export const start = (args: readonly string[], surroundings?: Surroundings): Running =>
  startProgram(process.execPath, [MAIN, ...args], surroundings);

/** Any other program, in the same surroundings. */
export function startProgram(
  program: string,
  args: readonly string[],
  { env = {}, cwd, input }: Surroundings = {},
): Running {
  // Settings of whoever runs the tests must not leak in.
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SWARMBOARD_")));
  const child = spawn(program, args, {
    env: { ...own, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  running.add(child);
  let stdout = "";
  let stderr = "";
  const waiting = new Set<() => void>();
  const heard = (): void => waiting.forEach((check) => check());
  child.stdout.setEncoding("utf8").on("data", (text: string) => ((stdout += text), heard()));
  child.stderr.setEncoding("utf8").on("data", (text: string) => ((stderr += text), heard()));
  child.stdin.on("error", () => undefined);
  child.stdin.end(input ?? "");
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code) => {
      running.delete(child);
      resolve({ code, stdout, stderr });
      heard();
    });
  });
  return {
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    until: (text) =>
      new Promise((resolve, reject) => {
        const has = (output: string): boolean => (typeof text === "string" ? output.includes(text) : text.test(output));
        const check = (): void => {
          if (has(stdout) || has(stderr)) resolve();
          else if (!running.has(child)) reject(new Error(`ended without ${String(text)}:\n${stdout}\n${stderr}`));
          else return;
          waiting.delete(check);
        };
        waiting.add(check);
        check();
      }),
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return ended;
    },
    ended,
  };
}

/** Run to the end. */
export const run = (args: readonly string[], surroundings?: Surroundings): Promise<Ended> =>
  start(args, surroundings).ended;

export interface Server extends Running {
  readonly url: string;
}

/** A server that is ready. Port 0 and memory unless the arguments say otherwise. */
export async function serve(
  args: readonly string[] = ["--port", "0", "--memory"],
  surroundings?: Surroundings,
): Promise<Server> {
  const server = start(args, surroundings);
  await server.until(/^listening on http:\/\/\S+$/m);
  const url = /^listening on (http:\S+)$/m.exec(server.stdout)?.[1] ?? "";
  return Object.assign(server, { url });
}

export async function stopAll(): Promise<void> {
  await Promise.all(
    Array.from(running, (child) => {
      const gone = new Promise((resolve) => child.once("close", resolve));
      child.kill("SIGKILL");
      return gone;
    }),
  );
}
