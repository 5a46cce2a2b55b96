// Owns where the server's log goes: one JSON line per event to standard output, and to a file if one is named; and that no secret
// is in a line, wherever it came from (an address, an error's text). A logger of the caller's own is the caller's.

import { pino, type Logger } from "pino";
import type { JsonText } from "../protocol/index.ts";
import { redactJson } from "../protocol/secrets.ts";

export interface LogOptions {
  readonly logger?: Logger | false | undefined;
  readonly logFile?: string | undefined;
  readonly logLevel?: string | undefined;
}

/** A line of the log without secrets. */
export const withoutSecrets = (line: string): string => redactJson(line as JsonText);

export function createLog(options: LogOptions): Logger {
  if (options.logger === false) return pino({ level: "silent" });
  if (options.logger !== undefined) return options.logger;
  const level = options.logLevel ?? "info";
  if (options.logFile === undefined) return pino({ level, hooks: { streamWrite: withoutSecrets } });
  // Synchronous, so that the last lines before an end are there; a line is written in microseconds.
  const file = pino.destination({ dest: options.logFile, mkdir: true, sync: true });
  return pino(
    { level, hooks: { streamWrite: withoutSecrets } },
    pino.multistream([
      { level: "trace", stream: process.stdout },
      { level: "trace", stream: file },
    ]),
  );
}
