// Owns how the framework checks requests by their schemas, and how failures become coded refusals.
// Does not own the schemas, or how a body keeps its texts (body.ts).

import type { FastifyError, FastifyReply, FastifyRequest, FastifySchemaCompiler } from "fastify";
import { z } from "zod";
import { CODES, type Code, type Limits } from "../protocol/index.ts";
import { redactAddress } from "../protocol/secrets.ts";
import { issuesOf, issueText } from "./issue-text.ts";
import { readBody } from "./body.ts";
import { problemOf, Refusal, type RefusalFacts, retryAfterSeconds } from "./problem.ts";

/** The parameter that the wildcard of an address stands for: `key`, `task_id` or `model`, or undefined where there is none. */
export function wildcardName(params: unknown): string | undefined {
  if (!(params instanceof z.ZodObject)) return undefined;
  return ["key", "task_id", "model"].find((name) => name in params.shape);
}

export function createValidator(limits: Limits): FastifySchemaCompiler<z.ZodType> {
  return ({ schema, httpPart }) => {
    if (httpPart === "body") {
      return (body: unknown) => {
        const read = readBody(schema, typeof body === "string" ? body : "", limits);
        return "refusal" in read ? { error: read.refusal } : { value: read.value };
      };
    }
    const wildcard = httpPart === "params" ? wildcardName(schema) : undefined;
    return (data: unknown) => {
      const named =
        wildcard === undefined ? data : { [wildcard]: (data as Record<string, unknown>)["*"], ...(data as object) };
      const parsed = schema.safeParse(named, { error: issueText });
      if (parsed.success) {
        // Headers that no schema names (Host, If-None-Match) stay readable.
        return { value: httpPart === "headers" ? Object.assign(data as object, parsed.data) : parsed.data };
      }
      const errors = issuesOf(parsed.error);
      return { error: new Refusal("bad_request", { errors }) };
    };
  };
}

/**
 * A parameter that an address does not know would be ignored silently: a misspelt filter then gives everything.
 * The classic routes ignore what they do not know, as the seed did.
 * @throws Refusal `bad_request`
 */
export function refuseUnknownQuery(request: FastifyRequest): void {
  const { url, schema } = request.routeOptions;
  if (request.is404 || url?.startsWith("/api/v1/") !== true) return;
  const known = schema?.querystring instanceof z.ZodObject ? Object.keys(schema.querystring.shape) : [];
  const unknown = Object.keys(request.query as object).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const takes = known.length === 0 ? "it takes none" : `it takes ${known.join(", ")}`;
  throw new Refusal("bad_request", {
    detail: `This address has no such query parameter; ${takes}.`,
    errors: unknown.map((name) => ({ at: name.slice(0, 200), message: "is not a parameter of this address" })),
  });
}

/** The framework's own refusals by their names. */
const FRAMEWORK_CODES: Readonly<Record<string, Code>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "unsupported_media_type",
  FST_ERR_CTP_BODY_TOO_LARGE: "body_too_large",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "bad_request",
  FST_ERR_CTP_EMPTY_JSON_BODY: "bad_json",
  FST_ERR_BAD_URL: "bad_request",
  FST_ERR_MAX_PARAM_LENGTH: "key_too_long",
};

interface Told {
  readonly code: Code;
  readonly told: RefusalFacts;
}

/** What a caller is told of an error. Faults are told as `internal` and nothing else: their text stays in the log. */
function toldOf(error: unknown, bodyLimit: number): Told {
  if (error instanceof Refusal) return { code: error.code, told: error.told };
  const { code, statusCode } = error as Partial<FastifyError>;
  const known = code === undefined ? undefined : FRAMEWORK_CODES[code];
  if (known === "body_too_large")
    return {
      code: known,
      told: { detail: `The body may have ${bodyLimit} bytes. Split it.`, facts: { max: bodyLimit } },
    };
  if (known !== undefined) return { code: known, told: {} };
  // How the file server tells of a path outside its folder.
  if (statusCode === 403 || statusCode === 404) return { code: "not_found", told: {} };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return { code: "bad_request", told: {} };
  return { code: "internal", told: {} };
}

/** The one place where an error becomes an answer. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { code, told } = toldOf(error, request.routeOptions.bodyLimit);
  if (code === "internal")
    request.log.error({ err: error, method: request.method, url: redactAddress(request.url) }, "request failed");
  const problem = problemOf(code, told);
  const wait = retryAfterSeconds(problem);
  if (wait !== undefined) void reply.header("Retry-After", wait);
  // What a handler may have set for its good answer does not belong to this one.
  void reply.removeHeader("ETag").code(problem.status);
  if (request.url.startsWith("/api/swarm/")) {
    // The seed's clients look at `success` and `error` and know no problem documents.
    return reply
      .type("application/json; charset=utf-8")
      .serializer(JSON.stringify)
      .send({ success: false, error: `${CODES[code].meaning} ${problem.detail}`, ...problem });
  }
  return reply.type("application/problem+json").serializer(JSON.stringify).send(problem);
}
