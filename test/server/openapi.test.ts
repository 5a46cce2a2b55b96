import Fastify from "fastify";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createApp } from "../../src/server/app.ts";
import type { Near } from "../../src/server/near.ts";
import { settle } from "../../src/server/options.ts";
import { pino } from "pino";
import http from "node:http";
import { ask, endAfterEach, start } from "./harness.ts";

endAfterEach();
void Fastify;
void z;

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly responses: Record<string, unknown>;
}

describe("the API's description", () => {
  it("holds every route, each with a summary, a description, a tag and its refusals", async () => {
    const routes: { readonly url: string; readonly method: string; readonly hidden: boolean }[] = [];
    const settings = settle({ memory: true });
    const app = await createApp({ settings } as Near, pino({ level: "silent" }), (handler) => {
      return http.createServer(handler);
    });
    const printed = app.printRoutes({ commonPrefix: false });
    expect(printed).toContain("blackboard");
    await app.ready();
    const { paths } = app.swagger() as { paths: Record<string, Record<string, Operation>> };
    await app.close();

    const server = await start();
    const document = (await ask(server, "GET", "/api/openapi.json")).json as { openapi: string; paths: typeof paths };
    expect(document.openapi).toBe("3.1.0");
    expect(Object.keys(document.paths)).toStrictEqual(Object.keys(paths));
    for (const [url, operations] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        routes.push({ url, method, hidden: false });
        expect([
          url,
          method,
          typeof operation.summary,
          typeof operation.description,
          operation.tags?.length,
        ]).toStrictEqual([url, method, "string", "string", 1]);
        expect(Object.keys(operation.responses)).toContain("400");
      }
    }
    expect(routes.length).toBeGreaterThan(30);
  });
});
