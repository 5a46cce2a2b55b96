// Owns `swarmboard serve`: print the settings, start the server, say where it is, stop it on a signal.
// Does not own the server. Invariant: `listening on http://host:port` appears once, when requests are taken.

import type { Command } from "commander";
import { LockedError, LogCorruptError } from "../log/index.ts";
import { PRODUCT_VERSION } from "../protocol/index.ts";
import { createServer, type ServerOptions, type SwarmboardServer } from "../server/index.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { createLogger } from "./log-lines.ts";
import { print, printJson } from "./print.ts";
import { type ServerFlags, serverOptionsOf } from "./server-settings.ts";
import { effectiveSettings } from "./settings.ts";
import { stopSignal } from "./stop-signal.ts";

/** Start a server from its flags, and say so. @throws CliError that tells what stands in the way */
export async function startServer(command: Command, flags: ServerFlags): Promise<SwarmboardServer> {
  // A server outlives whoever read its output: what it says then goes nowhere, and is in --log-file.
  for (const stream of [process.stdout, process.stderr])
    stream.removeAllListeners("error").on("error", () => undefined);
  announce(command, flags);
  const options = serverOptionsOf(flags);
  const logger = flags.logLevel === "silent" ? false : createLogger({ level: flags.logLevel, file: flags.logFile });
  let server: SwarmboardServer;
  try {
    server = await createServer({ ...options, logger });
  } catch (error) {
    throw startFailure(error, options);
  }
  if (flags.json === true) {
    printJson({ event: "listening", url: server.url, dashboard: `${server.url}/blackboard` });
  } else {
    print(`listening on ${server.url}`);
    print(`  dashboard  ${server.url}/blackboard`);
    print(`  API        ${server.url}/api/docs`);
    print(`  stop with Ctrl-C`);
  }
  return server;
}

function announce(command: Command, flags: ServerFlags): void {
  // In memory there is no folder, whatever its default says.
  const settings = effectiveSettings(command).filter(({ name }) => name !== "data" || flags.memory !== true);
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

function startFailure(error: unknown, options: ServerOptions): CliError {
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const address = `${options.host}:${options.port}`;
  if (code === "EADDRINUSE") {
    return new CliError(
      EXIT.refused,
      `port ${options.port} is taken at ${options.host}: another program listens at ${address}.\n` +
        "Stop it, or choose another port with --port (0 picks a free one).",
    );
  }
  if (code === "EACCES" && message.includes("listen")) {
    return new CliError(EXIT.refused, `not allowed to listen at ${address}: choose a port above 1023 with --port.`);
  }
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return new CliError(EXIT.usage, `${options.host} is no address of this machine.`);
  if (error instanceof LockedError) {
    return new CliError(
      EXIT.refused,
      `the data folder ${options.dataDir} is in use by another Swarmboard (${message}).\n` +
        "Stop that one, or choose another folder with --data.",
    );
  }
  if (error instanceof LogCorruptError) {
    return new CliError(
      EXIT.refused,
      `the log in ${options.dataDir} is damaged, so nothing is served from it: ${message}`,
    );
  }
  if (message.startsWith("refusing to listen")) return new CliError(EXIT.usage, message);
  return new CliError(EXIT.refused, `the server could not start: ${message}`);
}

/** Serve until a signal. */
export async function serve(command: Command, flags: ServerFlags): Promise<void> {
  const stop = stopSignal();
  const server = await startServer(command, flags);
  await stop;
  if (flags.json !== true) print("stopping …");
  await server.close();
}
