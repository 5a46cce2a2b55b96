// The API's description is whole.

import http from "node:http";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { createApp } from "../../src/server/app.ts";
import type { Near } from "../../src/server/near.ts";
import { settle } from "../../src/server/options.ts";
import { ask, endAfterEach, start } from "./harness.ts";

endAfterEach();

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly responses: Record<string, { readonly content?: Record<string, unknown> }>;
}

describe("the API's description", () => {
  it("holds every route that is no page, each with a summary, a description, a tag and its refusals", async () => {
    const near = { settings: settle({ memory: true }) } as Near;
    const made = await createApp(near, pino({ level: "silent" }), (handler) => http.createServer(handler));
    await made.app.ready();
    await made.app.close();
    const server = await start();
    const document = (await ask(server, "GET", "/api/openapi.json")).json as {
      openapi: string;
      paths: Record<string, Record<string, Operation>>;
    };
    expect(document.openapi).toBe("3.1.0");
    const described = new Set<string>();
    for (const [url, operations] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        described.add(`${method.toUpperCase()} ${url.replace(/\{[a-z_]+\}/g, "{}")}`);
        expect([
          url,
          method,
          typeof operation.summary,
          typeof operation.description,
          operation.tags?.length,
        ]).toStrictEqual([url, method, "string", "string", 1]);
        expect(Object.keys(operation.responses["400"]?.content ?? {})).toStrictEqual(["application/problem+json"]);
      }
    }
    const served = new Set<string>();
    const hidden = new Set<string>();
    for (const route of made.routes) {
      for (const method of route.methods) {
        if (method === "HEAD") continue;
        (route.hidden ? hidden : served).add(`${method} ${route.url.replace(/:[a-z]+|\*/gi, "{}")}`);
      }
    }
    expect([...described].sort()).toStrictEqual([...served].sort());
    expect(served.size).toBeGreaterThan(30);
    for (const one of hidden)
      expect(one).toMatch(
        /^GET \/(blackboard|ws\/blackboard|favicon\.\w+|assets\/.*|api\/(openapi|protocol|asyncapi)\.json|api\/docs.*)?$/,
      );
  });

  it("names the fixed addresses that other tools rely on", async () => {
    const { paths } = (await ask(await start(), "GET", "/api/openapi.json")).json;
    const entry = paths["/api/v1/boards/{board}/entries/{key}"];
    expect(entry.get.parameters.filter((one: { name: string }) => one.name === "key")).toHaveLength(1);
    expect(Object.keys(entry)).toStrictEqual(["get", "put", "patch", "delete"]);
    expect(Object.keys(entry.put.requestBody.content)).toStrictEqual(["application/json"]);
    expect(Object.keys(entry.patch.requestBody.content)).toStrictEqual(["application/merge-patch+json"]);
    expect(entry.put.requestBody.content["application/json"].schema.required).toStrictEqual(["value"]);
    expect(
      paths["/api/v1/boards/{board}/budgets/{task}/charge"].post.requestBody.content["application/json"].schema
        .required,
    ).toBeUndefined();
    expect(
      paths["/api/v1/boards/{board}/budgets/{task}/reserve"].post.requestBody.content["application/json"].schema
        .required,
    ).toStrictEqual(["ttlMs"]);
    for (const end of ["settle", "extend", "release"])
      expect(Object.keys(paths[`/api/v1/boards/{board}/holds/{hold}/${end}`])).toStrictEqual(["post"]);
  });

  it("L10: the page that shows it loads nothing from elsewhere", async () => {
    const page = await ask(await start(), "GET", "/api/docs");
    expect(page.status).toBe(200);
    expect(page.text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    expect(page.text).not.toMatch(/<script>|<style>| on\w+=/);
  });
});
