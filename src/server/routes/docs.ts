// Owns the description of the API: the OpenAPI document and the page that shows it.
// Does not own the schemas. Nothing on the page is loaded from elsewhere.

import fastifySwagger from "@fastify/swagger";
import fastifySwaggerUi from "@fastify/swagger-ui";
import { createJsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import { z } from "zod";
import { PRODUCT_VERSION } from "../../protocol/index.ts";
import { DOCS_CSP } from "../edge/headers.ts";
import type { App } from "../near.ts";
import { wildcardName } from "../validation.ts";

const DOCS = "/api/docs";
const transformSchema = createJsonSchemaTransform({});

/** Where the key is in the path, the same name in the query is for addresses that cannot say it, and not described. */
function withOneKey<S extends { params?: unknown; querystring?: unknown }>(schema: S): S {
  const { params, querystring } = schema;
  if (!(params instanceof z.ZodObject && querystring instanceof z.ZodObject)) return schema;
  const asked = Object.entries(querystring.shape as Record<string, z.ZodType>).filter(
    ([name]) => !(name in params.shape),
  );
  return { ...schema, querystring: z.object(Object.fromEntries(asked)) };
}

/** Must come before the routes, so that it hears of them. */
export async function describeApi(app: App): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Swarmboard",
        version: PRODUCT_VERSION,
        description:
          "The live board that agent swarms run on. Writes are answered when they are durable. Refusals are problem documents (RFC 9457) with a code from docs/errors.md.",
        license: { name: "MIT" },
      },
      servers: [{ url: "/" }],
      tags: [
        { name: "entries", description: "Keys and values." },
        { name: "budgets", description: "Budgets by task, of tokens and money, in a tree." },
        { name: "holds", description: "Set aside before the spend, settled after it." },
        { name: "pauses", description: "Stop new spending of a board, a task or an agent." },
        { name: "alerts", description: "Budgets that reached a threshold, or will not last." },
        { name: "webhooks", description: "Where alerts are sent." },
        { name: "prices", description: "What models cost." },
        { name: "agents", description: "Who is known, and what they do." },
        { name: "audit", description: "What happened." },
        { name: "history", description: "Every command that took effect, as far back as the log goes." },
        { name: "tasks", description: "What is told of tasks, and how followed files fare." },
        { name: "claims", description: "Leases, so that two agents never hold one task." },
        { name: "requests", description: "What waits for a person." },
        { name: "commands", description: "Any command, and batches." },
        { name: "boards", description: "Boards and where they stand." },
        { name: "live", description: "Changes as they come, without a socket." },
        { name: "classic", description: "The first version's routes, kept for ever. The socket is /ws/blackboard." },
        { name: "health", description: "For whoever runs the server." },
      ],
    },
    transform(document) {
      const made = transformSchema({ ...document, schema: withOneKey(document.schema) });
      // A wildcard is a name in the document: `/entries/*` takes a key with its slashes.
      const name = wildcardName(document.schema?.params);
      return name === undefined ? made : { ...made, url: made.url.replace("*", `:${name}`) };
    },
    transformObject: jsonSchemaTransformObject,
  });
}

/** Must come after the routes. */
export async function docsRoutes(app: App): Promise<void> {
  app.route({
    method: "GET",
    url: "/api/openapi.json",
    schema: { hide: true },
    handler: async (_request, reply) =>
      reply.type("application/json; charset=utf-8").send(JSON.stringify(app.swagger())),
  });
  await app.register(fastifySwaggerUi, {
    routePrefix: DOCS,
    staticCSP: DOCS_CSP,
    uiConfig: { docExpansion: "list", deepLinking: true, tryItOutEnabled: false },
    theme: { title: "Swarmboard API" },
  });
}
