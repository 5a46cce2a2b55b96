// Owns `swarmboard serve`: print the settings, start the server, say where it is, stop it on a signal.
// Does not own the server. Invariant: `listening on http://host:port` appears once, when requests are taken.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import { PRODUCT_VERSION } from "../protocol/index.ts";
import { redactText } from "../protocol/secrets.ts";
import { createServer, type SwarmboardServer } from "../server/index.ts";
import { createLogger } from "./log-lines.ts";
import { print, printError, printJson } from "./print.ts";
import { type ServerFlags, serverOptionsOf } from "./server-settings.ts";
import { effectiveSettings } from "./settings.ts";
import { startFailure } from "./start-failure.ts";
import { endBySignal, stopSignal } from "./stop-signal.ts";

/** A start that is asked to stop gets so long to end by itself. */
const STOP_WHILE_STARTING_MS = 500;

/**
 * Start a server from its flags, and say so. A `stop` signal that comes before it is ready ends the process: nothing was
 * taken yet, and a lock that stays behind is known to be stale.
 * @throws CliError that tells what stands in the way
 */
export async function startServer(
  command: Command,
  flags: ServerFlags,
  stop: Promise<NodeJS.Signals>,
): Promise<SwarmboardServer> {
  // A server outlives whoever read its output: what it says then goes nowhere, and is in --log-file.
  for (const stream of [process.stdout, process.stderr])
    stream.removeAllListeners("error").on("error", () => undefined);
  const options = serverOptionsOf(flags);
  const logger = flags.logLevel === "silent" ? false : createLogger({ level: flags.logLevel, file: flags.logFile });
  for (const { dir } of flags.follow ?? []) {
    if (!existsSync(dir)) printError(`swarmboard: warning: --follow ${dir}: there is no such folder; waiting for it`);
  }
  let server: SwarmboardServer;
  let isStarting = true;
  void stop.then(async (signal) => {
    await pause(STOP_WHILE_STARTING_MS, undefined, { ref: false });
    if (!isStarting) return;
    printError(`swarmboard: stopped by ${signal} before the server was ready`);
    endBySignal(signal);
  });
  try {
    server = await createServer({ ...options, logger });
  } catch (error) {
    throw startFailure(error, options);
  } finally {
    isStarting = false;
  }
  // Now that the port and the folder are taken: a failure is not buried below the settings.
  announce(command, flags);
  const logFile = logger === false || flags.logFile === undefined ? undefined : resolve(flags.logFile);
  if (flags.json === true) {
    printJson({ event: "listening", url: server.url, dashboard: `${server.url}/blackboard`, logFile });
  } else {
    print(`listening on ${server.url}`);
    print(`  dashboard  ${server.url}/blackboard`);
    print(`  API        ${server.url}/api/docs`);
    if (logFile !== undefined) print(`  log        ${logFile}`);
    print(`  stop with Ctrl-C`);
  }
  return server;
}

function announce(command: Command, flags: ServerFlags): void {
  // In memory there is no folder, whatever its default says.
  const settings = effectiveSettings(command)
    .filter(({ name }) => name !== "data" || flags.memory !== true)
    // An address may hold a token.
    .map((one) => Object.assign(one, { value: typeof one.value === "string" ? redactText(one.value) : one.value }));
  if (flags.json === true) {
    printJson({ event: "settings", version: PRODUCT_VERSION, settings });
    return;
  }
  print(`Swarmboard ${PRODUCT_VERSION}`);
  const width = Math.max(...settings.map(({ name }) => name.length));
  for (const { name, value, from } of settings) {
    print(`  ${name.padEnd(width)}  ${shown(value)}${from === undefined ? "" : `  (${from})`}`);
  }
}

function shown(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  return value
    .map((one: unknown) =>
      typeof one === "object" && one !== null && "dir" in one && "board" in one
        ? `${String(one.board)}=${String(one.dir)}`
        : String(one),
    )
    .join(", ");
}

/** Serve until a signal. */
export async function serve(command: Command, flags: ServerFlags): Promise<void> {
  const stop = stopSignal();
  const server = await startServer(command, flags, stop);
  await stop;
  if (flags.json !== true) print("stopping …");
  await server.close();
}
