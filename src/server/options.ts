// Owns what a server can be told at its start, the defaults, and the refusal of settings that are not safe.
// Does not own the limits of the board itself (protocol/limits). Every bound here is law L6's.

import type { WebhookOptions } from "./webhooks/webhooks.ts";
import type { Logger } from "pino";
import { DEFAULT_LIMITS, type Limits } from "../protocol/index.ts";
import type { AnchorOptions } from "./anchors/anchors.ts";
import { isLoopback, originOf } from "./edge/hosts.ts";
import type { Redaction } from "./redaction.ts";
import { checkFields, type ClassicField } from "./socket/classic-fields.ts";

/** Times in ms. Only tests have a reason to change them. */
export interface Timings {
  /** Between two classic frames, unless a client asks for another interval. */
  readonly tickMs: number;
  /** Between two pings of one socket. */
  readonly pingMs: number;
  /** A ping without pong for so long ends the socket. pingMs + pongMs + sweepMs stays below 35 s. */
  readonly pongMs: number;
  /** Between two looks at all sockets. */
  readonly sweepMs: number;
  /** A client that takes nothing of what waits for it for so long is ended. */
  readonly slowMs: number;
  /** Least time between two frames that are built for joiners of one group. */
  readonly joinGapMs: number;
  /** A classic field that takes longer is left out of the frame. */
  readonly fieldMs: number;
  /** Whole duration of `close()`. What is not done by then is cut off. */
  readonly stopMs: number;
  /** Receiving a request's head, and the whole of it. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** An event stream ends after this, and its client asks again. */
  readonly streamMs: number;
  /** An event stream that said nothing for so long says a comment. */
  readonly quietMs: number;
}

export const DEFAULT_TIMINGS: Timings = {
  tickMs: 2000,
  pingMs: 15_000,
  pongMs: 10_000,
  sweepMs: 1000,
  slowMs: 30_000,
  joinGapMs: 50,
  fieldMs: 250,
  stopMs: 5000,
  headersMs: 10_000,
  requestMs: 30_000,
  streamMs: 30_000,
  quietMs: 15_000,
};

/** The board that exists from the start, and always. The seed's routes are of it. */
export const DEFAULT_BOARD = "default";

export interface ServerOptions {
  /** Address to listen at. Default 127.0.0.1. Another than loopback needs `insecure`. */
  readonly host?: string;
  /** Port; 0 picks a free one. Default 8000. */
  readonly port?: number;
  /** Folder of the durable log. Left out only with `memory`. */
  readonly dataDir?: string;
  /** File of prices that hold before those of the package (docs/budgets-gateway.md). Read at the start. */
  readonly prices?: string;
  /** Keep everything in memory and lose it at the end. */
  readonly memory?: boolean;
  /** Workspaces of existing swarms to follow, each onto a board. Several may share one. */
  readonly follow?: readonly { readonly board: string; readonly dir: string }[];
  /** Members to add to every classic frame: at most 16, each at most 64 KiB as JSON. */
  readonly classicFields?: Readonly<Record<string, ClassicField>>;
  readonly limits?: Partial<Limits>;
  /** Listen beyond loopback although there are no tokens yet. Everyone who reaches the port can then write. */
  readonly insecure?: boolean;
  /** A pino logger of the caller's; `false` for silence. By default one is made from the next two. */
  readonly logger?: Logger | false;
  /** Write the log to this file too. */
  readonly logFile?: string;
  /** Least level that is logged: trace, debug, info (default), warn, error, fatal, silent. */
  readonly logLevel?: string;
  /** Open connections of one address, HTTP and sockets together. Default 64. Beyond: `too_many_connections`, or 1008. */
  readonly maxConnectionsPerIp?: number;
  /** Open connections in all. Default 10 000. */
  readonly maxConnections?: number;
  /** Bytes of a request body. Default 2 MiB; four times that for commands. Beyond: `body_too_large`. */
  readonly maxBodyBytes?: number;
  /** Folder of the built dashboard. By default the one of this package. */
  readonly dashboardDir?: string;
  /** Further names under which the server may be addressed, besides loopback's and `host`. */
  readonly allowedHosts?: readonly string[];
  /**
   * Origins of this server's own pages where a proxy in front makes them others than `http://<Host>`, such as
   * `https://board.example`. Their names may address the server, too. They are no other sites' permission to ask.
   */
  readonly allowedOrigins?: readonly string[];
  /** Compress frames of sessions: `auto` (the default) does so except on loopback. */
  readonly compress?: Compress;
  /** When a checkpoint of a board's log is signed, if it moved: whichever comes first. Default 100 000 records, 10 s. */
  readonly checkpoints?: { readonly everyRecords?: number; readonly everyMs?: number };
  /** Where each signed checkpoint goes besides: a file it is appended to, an address it is sent to. */
  readonly anchors?: AnchorOptions;
  /** How the server sends alerts to webhooks. */
  readonly webhooks?: WebhookOptions;
  /** Look for secrets also in entries' values and tasks' details, and put `[redacted:<kind>]` in their place. Default false. */
  readonly redactValues?: boolean;
  readonly timings?: Partial<Timings>;
}

export type Compress = "auto" | "always" | "never";

/** Options with every default filled in. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly limits: Limits;
  readonly maxConnectionsPerIp: number;
  readonly maxConnections: number;
  readonly maxBodyBytes: number;
  readonly timings: Timings;
  readonly classicFields: Readonly<Record<string, ClassicField>>;
  readonly dashboardDir: string | undefined;
  readonly compress: Compress;
  readonly redaction: Redaction;
  /** Undefined in memory. */
  readonly dataDir: string | undefined;
}

/**
 * Fill in the defaults.
 * @throws Error where the options contradict each other or are not safe. The message says what to do.
 */
export function settle(options: ServerOptions): Settings {
  const host = options.host ?? "127.0.0.1";
  if (!isLoopback(host) && options.insecure !== true) {
    throw new Error(
      `refusing to listen at ${host}: there are no tokens yet, so everyone who reaches the port could read and write. ` +
        "Listen at 127.0.0.1, or pass --insecure if the network itself keeps others out.",
    );
  }
  if (options.dataDir === undefined && options.memory !== true) {
    throw new Error("a server needs a data folder (dataDir), or memory: true to keep nothing");
  }
  if (options.dataDir !== undefined && options.memory === true) {
    throw new Error("dataDir and memory: true exclude each other");
  }
  checkFields(options.classicFields ?? {});
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  return {
    host,
    port: options.port ?? 8000,
    allowedHosts: options.allowedHosts ?? [],
    allowedOrigins: (options.allowedOrigins ?? []).map(checkedOrigin),
    limits,
    maxConnectionsPerIp: options.maxConnectionsPerIp ?? 64,
    maxConnections: options.maxConnections ?? 10_000,
    // A value of the largest size fits although its writer indented or escaped it somewhat.
    maxBodyBytes: options.maxBodyBytes ?? Math.max(2 * 1_048_576, 2 * limits.maxValueBytes),
    timings: { ...DEFAULT_TIMINGS, ...options.timings },
    classicFields: options.classicFields ?? {},
    dashboardDir: options.dashboardDir,
    compress: options.compress ?? "auto",
    dataDir: options.dataDir,
    redaction: { values: options.redactValues === true },
  };
}

function checkedOrigin(text: string): string {
  const origin = originOf(text);
  if (origin !== undefined) return origin;
  throw new Error(
    `refusing to allow the origin ${JSON.stringify(text)}: give a scheme and a host alone, such as https://board.example.`,
  );
}
