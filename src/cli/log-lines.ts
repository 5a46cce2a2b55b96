// Owns where the log of a server that a person started goes: to standard error, readable on a terminal and JSON elsewhere,
// and as JSON to --log-file. Standard output stays free for what the program itself has to say.

import { type DestinationStream, type Logger, pino } from "pino";
import { withoutSecrets } from "../server/log.ts";

const NOT_SHOWN = new Set(["level", "time", "pid", "hostname", "msg"]);

export function createLogger(options: { readonly level: string; readonly file: string | undefined }): Logger {
  const screen: DestinationStream = process.stderr.isTTY
    ? { write: (line) => void process.stderr.write(readable(line)) }
    : process.stderr;
  const streams: { level: pino.Level; stream: DestinationStream }[] = [{ level: "trace", stream: screen }];
  if (options.file !== undefined) {
    // Synchronous, so that the last lines before an end are there.
    streams.push({ level: "trace", stream: pino.destination({ dest: options.file, mkdir: true, sync: true }) });
  }
  return pino({ level: options.level, hooks: { streamWrite: withoutSecrets } }, pino.multistream(streams));
}

/** `14:30:00 info  WebSocket connection established board=default` */
function readable(line: string): string {
  const event = JSON.parse(line) as { level: number; time: number; msg?: string } & Record<string, unknown>;
  const facts = Object.entries(event)
    .filter(([name]) => !NOT_SHOWN.has(name))
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const level = pino.levels.labels[event.level] ?? String(event.level);
  return `${new Date(event.time).toTimeString().slice(0, 8)} ${level.padEnd(5)} ${[event.msg ?? "", ...facts].join(" ")}\n`;
}
