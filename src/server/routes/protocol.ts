// Owns the addresses of the wire's descriptions: JSON Schema and AsyncAPI. Does not own the documents (protocol/wire).
// They depend on nothing but this build, so each is made once, when it is first asked for.

import { asyncApi } from "../../protocol/wire/asyncapi.ts";
import { wireSchema } from "../../protocol/wire/schema.ts";
import type { App } from "../near.ts";

export function protocolRoutes(app: App): void {
  serve(app, "/api/protocol.json", "application/schema+json; charset=utf-8", wireSchema);
  serve(app, "/api/asyncapi.json", "application/json; charset=utf-8", asyncApi);
}

function serve(app: App, url: string, type: string, make: () => object): void {
  let text: string | undefined;
  app.route({
    method: "GET",
    url,
    // As the OpenAPI document: a description is no part of what it describes.
    schema: { hide: true },
    async handler(_request, reply) {
      text ??= JSON.stringify(make());
      return reply.type(type).send(text);
    },
  });
}
