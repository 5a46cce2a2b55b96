// Owns the flags of a server and how they become its options. Does not own defaults that the server has itself (server/options).

import type { Command } from "commander";
import { DEFAULT_LIMITS } from "../protocol/index.ts";
import type { ServerOptions } from "../server/index.ts";
import { type FollowedFolder, parseAmount, parseDuration, parseFollow, parseNames, parsePort } from "./parse-values.ts";
import { configSetting, setting } from "./settings.ts";

export interface ServerFlags {
  readonly host: string;
  readonly port: number;
  readonly data: string;
  readonly memory?: boolean;
  readonly follow?: readonly FollowedFolder[];
  readonly prices?: string;
  readonly insecure?: boolean;
  readonly allowHost?: readonly string[];
  readonly allowOrigin?: readonly string[];
  readonly logFile?: string;
  readonly logLevel: string;
  readonly maxConnectionsPerIp: number;
  readonly maxConnections: number;
  readonly maxKeyBytes: number;
  readonly maxValueBytes: number;
  readonly maxBoards: number;
  readonly checkpointEvery: number;
  readonly checkpointRecords: number;
  readonly anchorFile?: string;
  readonly anchorUrl?: string;
  readonly anchorAllowPrivate?: boolean;
  readonly webhookAllowPrivate?: boolean;
  readonly redactValues?: boolean;
  readonly json?: boolean;
}

const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

export function addServerSettings(command: Command): Command {
  return command
    .addOption(
      setting("--host <address>", "address to listen at; beyond loopback needs --insecure").default("127.0.0.1"),
    )
    .addOption(setting("--port <number>", "port to listen at; 0 picks a free one").default(8000).argParser(parsePort))
    .addOption(setting("--data <dir>", "folder of the durable log").default("./swarmboard-data"))
    .addOption(setting("--memory", "keep everything in memory, and lose it at the end").conflicts("data"))
    .addOption(
      setting("--follow <[board=]dir>", "(repeatable) follow a swarm's workspace, read-only, onto a board").argParser(
        parseFollow,
      ),
    )
    .addOption(setting("--prices <file>", "JSON file of prices of models, before those that come with the program"))
    .addOption(
      setting("--insecure", "listen beyond loopback without tokens: everyone who reaches the port can read and write"),
    )
    .addOption(
      setting(
        "--allow-host <name>",
        "(repeatable) a further name under which browsers may address the server",
      ).argParser(parseNames),
    )
    .addOption(
      setting(
        "--allow-origin <origin>",
        "(repeatable) where a proxy serves the pages, such as https://board.example; allows its name as a host, too",
      ).argParser(parseNames),
    )
    .addOption(setting("--log-file <file>", "write the log, as JSON lines, to this file too"))
    .addOption(setting("--log-level <level>", "least level that is logged").default("info").choices(LEVELS))
    .addOption(
      setting("--max-connections-per-ip <n>", "open connections of one address").default(64).argParser(parseAmount),
    )
    .addOption(setting("--max-connections <n>", "open connections in all").default(10_000).argParser(parseAmount))
    .addOption(
      setting("--max-key-bytes <n>", "length of a key in UTF-8 bytes")
        .default(DEFAULT_LIMITS.maxKeyBytes)
        .argParser(parseAmount),
    )
    .addOption(
      setting("--max-value-bytes <n>", "length of a value in UTF-8 bytes")
        .default(DEFAULT_LIMITS.maxValueBytes)
        .argParser(parseAmount),
    )
    .addOption(
      setting("--max-boards <n>", "boards of this server").default(DEFAULT_LIMITS.maxBoards).argParser(parseAmount),
    )
    .addOption(
      setting("--checkpoint-every <duration>", "sign a checkpoint of a board's log after this time, if it moved")
        .default(10_000, "10s")
        .argParser(parseDuration),
    )
    .addOption(setting("--checkpoint-records <n>", "and after so many records").default(100_000).argParser(parseAmount))
    .addOption(
      setting("--anchor-file <file>", "append each signed checkpoint to this file, on another disk or machine"),
    )
    .addOption(setting("--anchor-url <url>", "and send it to this address, by POST"))
    .addOption(setting("--anchor-allow-private", "the address may be in a private network"))
    .addOption(setting("--webhook-allow-private", "webhooks may be in private networks"))
    .addOption(setting("--redact-values", "look for secrets also in entries' values and tasks' details"))
    .addOption(configSetting())
    .option("--json", "print JSON lines instead of text");
}

export function serverOptionsOf(flags: ServerFlags): ServerOptions {
  return {
    host: flags.host,
    port: flags.port,
    ...(flags.memory === true ? { memory: true } : { dataDir: flags.data }),
    ...(flags.follow === undefined ? {} : { follow: flags.follow }),
    ...(flags.prices === undefined ? {} : { prices: flags.prices }),
    ...(flags.insecure === true ? { insecure: true } : {}),
    ...(flags.allowHost === undefined ? {} : { allowedHosts: flags.allowHost }),
    ...(flags.allowOrigin === undefined ? {} : { allowedOrigins: flags.allowOrigin }),
    maxConnectionsPerIp: flags.maxConnectionsPerIp,
    maxConnections: flags.maxConnections,
    checkpoints: { everyRecords: flags.checkpointRecords, everyMs: flags.checkpointEvery },
    ...(flags.webhookAllowPrivate === true ? { webhooks: { allowPrivate: true } } : {}),
    ...(flags.redactValues === true ? { redactValues: true } : {}),
    ...(flags.anchorFile === undefined && flags.anchorUrl === undefined
      ? {}
      : { anchors: { file: flags.anchorFile, url: flags.anchorUrl, allowPrivate: flags.anchorAllowPrivate === true } }),
    limits: { maxKeyBytes: flags.maxKeyBytes, maxValueBytes: flags.maxValueBytes, maxBoards: flags.maxBoards },
  };
}
