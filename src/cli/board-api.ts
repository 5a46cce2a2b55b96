// Owns talking to a running server over its HTTP API, and turning its answers into results or CliErrors.
// Does not own the routes (server/routes). Every request ends within a timeout.

import type { Command } from "commander";
import { CliError, EXIT } from "./exit-codes.ts";
import { parseBoard, parseDuration, parseUrl } from "./parse-values.ts";
import { configSetting, setting } from "./settings.ts";

export interface TargetFlags {
  readonly url: string;
  readonly board: string;
  readonly agent: string;
  readonly timeout: number;
  readonly json?: boolean;
}

export function addTargetSettings(command: Command): Command {
  return command
    .addOption(setting("--url <url>", "address of the server").default("http://127.0.0.1:8000").argParser(parseUrl))
    .addOption(setting("--board <name>", "name of the board").default("default").argParser(parseBoard))
    .addOption(setting("--agent <name>", "who you are; shown as the writer").default("cli"))
    .addOption(
      setting("--timeout <duration>", "give up on an answer after this time")
        .default(10_000, "10s")
        .argParser(parseDuration),
    )
    .addOption(configSetting())
    .option("--json", "print JSON instead of text");
}

export interface Answer {
  readonly status: number;
  /** The body as it came, so that values keep their bytes. */
  readonly text: string;
}

export interface Call {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  /** Path below the board, such as `entries`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body?: string;
}

export interface BoardApi {
  /** @throws CliError `refused` with the problem, or `unreachable` */
  call(call: Call): Promise<Answer>;
  /**
   * The body as it comes: only its beginning has to come in time.
   * @throws CliError `refused` with the problem, or `unreachable`
   */
  stream(call: Pick<Call, "path" | "query"> & { readonly signal?: AbortSignal }): Promise<AsyncIterable<Uint8Array>>;
}

export function createBoardApi(flags: Pick<TargetFlags, "url" | "board" | "agent" | "timeout">): BoardApi {
  const addressOf = ({ path, query = {} }: Pick<Call, "path" | "query">): URL => {
    const url = new URL(`/api/v1/boards/${flags.board}/${path}`, flags.url);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    return url;
  };
  // Header values are bytes; names are UTF-8.
  const who = { "X-Swarmboard-Agent": Buffer.from(flags.agent, "utf8").toString("latin1") };
  const unreachable = (error: unknown): CliError =>
    new CliError(
      EXIT.unreachable,
      `cannot reach a server at ${flags.url}: ${reasonOf(error)}\nStart one with swarmboard serve, or name another with --url.`,
    );

  return {
    async stream({ signal, ...call }) {
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(new DOMException("no answer in time", "TimeoutError")), flags.timeout);
      const stop = AbortSignal.any([late.signal, ...(signal === undefined ? [] : [signal])]);
      let response: Response;
      try {
        response = await fetch(addressOf(call), { headers: who, redirect: "error", signal: stop });
      } catch (error) {
        throw unreachable(error);
      } finally {
        clearTimeout(timer);
      }
      if (!response.ok) throw refusal(response.status, await response.text());
      return response.body ?? new ReadableStream();
    },
    async call({ method = "GET", path, query, headers = {}, body }) {
      const url = addressOf({ path, ...(query === undefined ? {} : { query }) });
      let response: Response;
      let text: string;
      try {
        response = await fetch(url, {
          method,
          headers: {
            ...headers,
            ...who,
            ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          },
          ...(body === undefined ? {} : { body }),
          redirect: "error",
          signal: AbortSignal.timeout(flags.timeout),
        });
        text = await response.text();
      } catch (error) {
        throw unreachable(error);
      }
      if (!response.ok) throw refusal(response.status, text);
      return { status: response.status, text };
    },
  };
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && cause.name === "TimeoutError") return "no answer in time";
  const code = (cause as NodeJS.ErrnoException).code;
  return code === "ECONNREFUSED"
    ? "the connection was refused"
    : cause instanceof Error
      ? cause.message || String(code)
      : String(cause);
}

function refusal(status: number, text: string): CliError {
  let problem: {
    code?: string;
    title?: string;
    detail?: string;
    facts?: Record<string, unknown>;
    errors?: { at: string; message: string }[];
  };
  try {
    problem = JSON.parse(text) as typeof problem;
  } catch {
    return new CliError(EXIT.refused, `the server answered ${status}, and not as Swarmboard does; is it one?`);
  }
  const facts = Object.entries(problem.facts ?? {}).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  const errors = (problem.errors ?? []).map(({ at, message }) => `${at} ${message}`.trim());
  const about = [...facts, ...errors].join("; ");
  return new CliError(
    EXIT.refused,
    `refused (${problem.code ?? status}): ${problem.title ?? ""}${about === "" ? "" : ` [${about}]`}\n${problem.detail ?? ""}`.trimEnd(),
    problem,
  );
}

/** Path and query of one entry. Some names change in a path (`.`, `..`), so those go into the query. */
export function entryAddress(key: string): Pick<Call, "path" | "query"> {
  if (/^\.{1,2}$/.test(key)) return { path: "entries", query: { key } };
  return { path: `entries/${encodeURIComponent(key)}` };
}
