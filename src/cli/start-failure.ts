// Owns what a person is told when a server does not start: what stands in the way, and what to do about it.
// Does not own the start (serve). Every message names its remedy once.

import { LockedError, LogCorruptError } from "../log/index.ts";
import type { ServerOptions } from "../server/index.ts";
import { CliError, EXIT } from "./exit-codes.ts";

export function startFailure(error: unknown, options: ServerOptions): CliError {
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
      `the data folder ${options.dataDir} is in use by another Swarmboard, process ${error.pid}.\n` +
        "Stop that one, or choose another folder with --data.",
    );
  }
  if (error instanceof LogCorruptError) return new CliError(EXIT.refused, damaged(error, options.dataDir ?? ""));
  if ((code === "ENOTDIR" || code === "EEXIST") && message.includes("mkdir")) {
    return new CliError(
      EXIT.refused,
      `--data names a file, or lies below one: ${options.dataDir}.\nName a folder; it is made if it is missing.`,
    );
  }
  if (message.startsWith("refusing to ")) return new CliError(EXIT.usage, message);
  return new CliError(EXIT.refused, `the server could not start: ${message}`);
}

/** What is whole and what to do. Nothing is cut by itself: what follows the damage may have been acknowledged (law L1). */
function damaged(error: LogCorruptError, dataDir: string): string {
  const { file, offset, afterSeq } = error.at;
  const whole =
    offset > 0
      ? `The first ${afterSeq} records are whole; the damage begins in ${file}, at byte ${offset}.`
      : afterSeq > 0
        ? `The first ${afterSeq} records lie in files before ${file}.`
        : `The damage is in ${file}.`;
  return [
    `the log in ${dataDir} is damaged, so nothing is served from it: ${error.message}`,
    whole,
    "What to do:",
    `  1. Copy the folder before anything else:  cp -a '${dataDir}' '${dataDir}.damaged'`,
    "  2. Put a backup of the whole folder in its place, and start again.",
    `  3. Without a backup: start with another folder (--data), and write again what you still need.${
      offset > 0 ? `\n     To read the whole records of that file:  head -c ${offset} '${file}'` : ""
    }`,
    "Do not edit or cut the files by hand: clients would take another history for the one they know.",
  ].join("\n");
}
