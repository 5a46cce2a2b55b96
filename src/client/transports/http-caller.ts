// Owns one request to the server's HTTP API: who asks, the token, the time limit, and what a bad answer means.
// Does not own what is asked (http.ts). A refusal is a SwarmboardError, a failure of the connection an HttpFailure.

import { CLOSE } from "../../protocol/wire/close-codes.ts";
import type { Environment, ResponseLike } from "../environment.ts";
import { parseJson } from "../exact-json.ts";
import { type Problem, problem, readProblem, SwarmboardError } from "../problem.ts";

/** The way to the server does not work, whatever was asked. `code` is the close code that means the same. */
export class HttpFailure extends Error {
  readonly code: number;
  readonly retryAfterMs: number | undefined;
  constructor(code: number, reason: string, retryAfterMs?: number) {
    super(reason);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A refusal for reasons of the moment, with the server's wish for a pause. */
export class Postponed extends SwarmboardError {
  readonly retryAfterMs: number | undefined;
  constructor(told: Problem, retryAfterMs: number | undefined) {
    super(told);
    this.retryAfterMs = retryAfterMs;
  }
}

export interface Call {
  readonly method: "GET" | "POST";
  /** Path and query below the board. */
  readonly path: string;
  readonly board: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface HttpCaller {
  /** @throws SwarmboardError | HttpFailure */
  call(call: Call): Promise<ResponseLike>;
}

export interface HttpCallerOptions {
  readonly environment: Pick<Environment, "fetch">;
  readonly baseUrl: string;
  readonly agent: string | undefined;
  readonly token: string | undefined;
}

/** A header's value is bytes: the UTF-8 of the text, each byte as one character. */
const headerBytes = (text: string): string =>
  encodeURIComponent(text).replace(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));

export function createHttpCaller({ environment, baseUrl, agent, token }: HttpCallerOptions): HttpCaller {
  const who: Record<string, string> = {
    ...(agent === undefined ? {} : { "X-Swarmboard-Agent": headerBytes(agent) }),
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
  };

  return {
    async call({ method, path, board, headers, body, signal }) {
      let response: ResponseLike;
      try {
        response = await environment.fetch(`${baseUrl}/api/v1/boards/${board}/${path}`, {
          method,
          headers: { ...who, ...headers },
          ...(body === undefined ? {} : { body }),
          signal,
          cache: "no-store",
        });
      } catch {
        throw new HttpFailure(0, "the server cannot be reached");
      }
      if (response.ok) return response;
      throw await refusalOf(response);
    },
  };
}

async function refusalOf(response: ResponseLike): Promise<Error> {
  const { status } = response;
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : undefined;
  const nameless = problem("", status >= 500 || status === 429 ? "later" : "no", `the server answered ${status}`);
  let told = nameless;
  try {
    told = readProblem(parseJson(await response.text()), nameless);
  } catch {
    // Not JSON: the status must do.
  }
  if (status === 401) return new HttpFailure(CLOSE.unauthenticated.code, told.detail);
  // Something on the way answered, or a server without this address: not a refusal of what was asked.
  if (told.code === "" || told.code === "not_found")
    return new HttpFailure(retryAfterMs === undefined ? 0 : CLOSE.tryLater.code, told.detail, retryAfterMs);
  return told.retry === "no" ? new SwarmboardError(told) : new Postponed(told, retryAfterMs);
}
