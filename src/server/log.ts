// Owns where the server's log goes: one JSON line per event to standard output, and to a file if one is named.

import { pino, type Logger } from "pino";

export interface LogOptions {
  readonly logger?: Logger | false | undefined;
  readonly logFile?: string | undefined;
  readonly logLevel?: string | undefined;
}

export function createLog(options: LogOptions): Logger {
  if (options.logger === false) return pino({ level: "silent" });
  if (options.logger !== undefined) return options.logger;
  const level = options.logLevel ?? "info";
  if (options.logFile === undefined) return pino({ level });
  // Synchronous, so that the last lines before an end are there; a line is written in microseconds.
  const file = pino.destination({ dest: options.logFile, mkdir: true, sync: true });
  return pino(
    { level },
    pino.multistream([
      { level: "trace", stream: process.stdout },
      { level: "trace", stream: file },
    ]),
  );
}
