// Owns the framework's instance: body parsing, validation, error answers and all routes, in one list.
// Does not own the listener under it, or what routes do. Invariant: every error leaves through `answerError`.

import type http from "node:http";
import Fastify, { type FastifyBaseLogger, LogController } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { onClientError } from "./edge/listener.ts";
import { type App, type Near, wasReplayed } from "./near.ts";
import { redactAddress } from "../protocol/secrets.ts";
import { Refusal } from "./problem.ts";
import { agentRoutes } from "./routes/agents.ts";
import { auditRecordRoutes } from "./routes/audit-records.ts";
import { auditRoutes } from "./routes/audit.ts";
import { boardRoutes } from "./routes/boards.ts";
import { budgetHistoryRoute } from "./routes/budget-history.ts";
import { budgetRoutes } from "./routes/budgets.ts";
import { claimRoutes } from "./routes/claims.ts";
import { classicRoutes } from "./routes/classic.ts";
import { commandRoutes } from "./routes/commands.ts";
import { describeApi, docsRoutes } from "./routes/docs.ts";
import { entryRoutes } from "./routes/entries.ts";
import { healthRoutes } from "./routes/health.ts";
import { historyRoutes } from "./routes/history.ts";
import { builtDashboardDir, pageRoutes } from "./routes/pages.ts";
import { priceRoutes } from "./routes/prices.ts";
import { proofRoutes } from "./routes/proofs.ts";
import { protocolRoutes } from "./routes/protocol.ts";
import { requestRoutes } from "./routes/requests.ts";
import { webhookRoutes } from "./routes/webhooks.ts";
import { taskRoutes } from "./routes/tasks.ts";
import { streamRoutes } from "./routes/stream.ts";
import { answerError, createValidator, refuseUnknownQuery } from "./validation.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Content types that the route takes. By default application/json. */
    mediaTypes?: readonly string[];
  }
}

/** One address with its methods. */
export interface ServedRoute {
  readonly url: string;
  readonly pattern: RegExp;
  readonly methods: readonly string[];
  /** Left out of the API's description: pages and their files. */
  readonly hidden: boolean;
}

/** A key of the largest size, every byte percent-encoded, fits with room. */
const maxParamLength = (maxKeyBytes: number): number => Math.max(2048, maxKeyBytes * 4);

export async function createApp(
  near: Near,
  log: FastifyBaseLogger,
  listener: (handler: http.RequestListener) => http.Server,
): Promise<{ readonly app: App; readonly routes: readonly ServedRoute[] }> {
  const { settings } = near;
  const app: App = Fastify({
    serverFactory: (handler) => listener((request, response) => handler(request, response)),
    loggerInstance: log,
    // One line per request at debug (below) is enough; two at info would drown what matters.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: settings.maxBodyBytes,
    routerOptions: { maxParamLength: maxParamLength(settings.limits.maxKeyBytes) },
    // The listener answers for a server that stops, with our code.
    return503OnClosing: false,
    forceCloseConnections: "idle",
    clientErrorHandler: onClientError,
    frameworkErrors: (error, request, reply) => {
      answerError(error, request, reply);
    },
  }).withTypeProvider<ZodTypeProvider>();

  app.setValidatorCompiler(createValidator(settings.limits));
  app.setSerializerCompiler(() => JSON.stringify);
  app.setErrorHandler(answerError);
  keepBodiesAsText(app);
  const routes = listRoutes(app);
  refuseOtherMethods(app, routes);
  app.addHook("preValidation", async (request) => refuseUnknownQuery(request));
  app.addHook("onSend", async (request, reply) => {
    if (wasReplayed(request)) void reply.header("Idempotency-Replayed", "true");
  });
  app.addHook("onResponse", async (request, reply) => {
    request.log.debug(
      { method: request.method, url: redactAddress(request.url), status: reply.statusCode, tookMs: reply.elapsedTime },
      "request",
    );
  });

  await describeApi(app);
  healthRoutes(app, near);
  boardRoutes(app, near);
  entryRoutes(app, near);
  budgetRoutes(app, near);
  budgetHistoryRoute(app, near);
  webhookRoutes(app, near);
  priceRoutes(app, near);
  agentRoutes(app, near);
  auditRoutes(app, near);
  auditRecordRoutes(app, near);
  proofRoutes(app, near);
  historyRoutes(app, near);
  claimRoutes(app, near);
  requestRoutes(app, near);
  taskRoutes(app, near);
  commandRoutes(app, near);
  streamRoutes(app, near);
  classicRoutes(app, near);
  protocolRoutes(app);
  await docsRoutes(app);
  await pageRoutes(app, settings.dashboardDir ?? builtDashboardDir());
  return { app, routes };
}

/** Bodies reach the validator as text, because values keep their text (rule 19). */
function keepBodiesAsText(app: App): void {
  app.removeAllContentTypeParsers();
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  app.addContentTypeParser(
    ["application/json", "application/merge-patch+json"],
    { parseAs: "buffer" },
    (_request, body, done) => {
      try {
        done(null, utf8.decode(body as Buffer));
      } catch {
        // Replacing the bytes would store what nobody wrote.
        done(new Refusal("bad_json", { detail: "The body is not UTF-8." }), undefined);
      }
    },
  );
  app.addHook("preParsing", async (request, _reply, payload) => {
    if (request.is404 || !["POST", "PUT", "PATCH"].includes(request.method)) return payload;
    const accepted = request.routeOptions.config.mediaTypes ?? ["application/json"];
    const [type = "", ...parameters] = (request.headers["content-type"] ?? "").toLowerCase().split(";");
    const charset = parameters.map((one) => one.trim()).find((one) => one.startsWith("charset="));
    const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
    if (!accepted.includes(type.trim()) || !isUtf8) {
      throw new Refusal("unsupported_media_type", { detail: `Send Content-Type: ${accepted.join(" or ")} in UTF-8.` });
    }
    return payload;
  });
}

/** Collect the routes as they are made, hidden ones too. */
function listRoutes(app: App): readonly ServedRoute[] {
  const routes: ServedRoute[] = [];
  app.addHook("onRoute", ({ url, method, schema }) => {
    // Segments between slashes, `:name` for one of them, `*` for the rest.
    const source = url
      .replace(/[.+?^${}()|[\]\\]/g, "\\$&")
      .replace(/:[A-Za-z_]+/g, "[^/]+")
      .replace(/\*/g, ".*");
    routes.push({ url, pattern: new RegExp(`^${source}$`), methods: [method].flat(), hidden: schema?.hide === true });
  });
  return routes;
}

/** An address that exists for other methods is 405 with Allow, not 404. */
function refuseOtherMethods(app: App, routes: readonly ServedRoute[]): void {
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split(/[?#]/, 1)[0] ?? "";
    const allowed = new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods));
    // A file that is missing under an address that takes this method is not found.
    if (allowed.size === 0 || allowed.has(request.method)) throw new Refusal("not_found");
    void reply.header("Allow", [...allowed].join(", "));
    throw new Refusal("method_not_allowed");
  });
}
