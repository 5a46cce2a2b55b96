// Random bytes, bodies and frames. Seeds are printed; set FUZZ_SEED to repeat a run. Bounded to a few seconds.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CODES } from "../../src/protocol/index.ts";
import { ask, dial, endAfterEach, listen, refusedUpgrade, start, until, write } from "./harness.ts";

endAfterEach();

const seed = process.env["FUZZ_SEED"] === undefined ? Date.now() % 2 ** 31 : Number(process.env["FUZZ_SEED"]);
const settings = { seed, interruptAfterTimeLimit: 3000 };

async function stillWell(
  server: Parameters<typeof ask>[0] & { readonly counts: { readonly sockets: number; readonly connections: number } },
): Promise<void> {
  await until(() => server.counts.sockets === 0 && server.counts.connections === 0);
  expect((await ask(server, "GET", "/healthz")).status).toBe(200);
  expect((await write(server, "PUT", "/api/v1/boards/default/entries/well", { value: 1 })).status).toBeLessThan(300);
  await listen(server).frame(1);
}

describe(`garbage neither kills nor leaks (seed ${seed})`, () => {
  it("random bytes on the port, some of them after a good beginning", async () => {
    const server = await start();
    const beginnings = [
      "",
      "GET / HTTP/1.1\r\n",
      "GET /ws/blackboard HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
      "PUT /api/v1/boards/default/entries/k HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...beginnings), fc.uint8Array({ maxLength: 2000 }), async (beginning, bytes) => {
        const socket = await dial(server);
        socket.resume();
        socket.end(Buffer.concat([Buffer.from(beginning), bytes]));
        await until(() => socket.destroyed);
      }),
      { ...settings, numRuns: 300 },
    );
    await stillWell(server);
  });

  it("random JSON to every kind of route: a known code or success, never a fault", async () => {
    const server = await start();
    const base = "/api/v1/boards/default";
    const paths = [
      "/entries/k",
      "/budgets/t",
      "/budgets/t/charge",
      "/budgets/t/reserve",
      "/budgets/t/move",
      "/budgets/t/cap",
      "/holds",
      "/holds/h3/settle",
      "/holds/h3/extend",
      "/holds/h3/release",
      "/pauses",
      "/alerts",
      "/alerts/a3.1/acknowledge",
      "/agents/a",
      "/audit",
      "/claims/c/acquire",
      "/requests",
      "/requests/r/decide",
      "/commands",
    ];
    const almost = fc.record(
      {
        type: fc.constantFrom("entry.put", "entry.merge", "budget.charge", "audit.note", "batch"),
        key: fc.string(),
        value: fc.jsonValue(),
        commands: fc.array(fc.jsonValue(), { maxLength: 3 }),
        limitTokens: fc.integer(),
        tokens: fc.double(),
        ttlMs: fc.integer(),
        event: fc.string(),
        granted: fc.boolean(),
        nanoUsd: fc.double(),
        usage: fc.jsonValue(),
        parent: fc.option(fc.string()),
        window: fc.record({ every: fc.constantFrom("day", "hour"), timeZone: fc.string(), rollover: fc.boolean() }),
        scope: fc.constantFrom("board", "task", "agent"),
        name: fc.string(),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("PUT", "POST", "PATCH", "DELETE", "GET"),
        fc.constantFrom(...paths),
        fc.oneof(
          fc.json(),
          fc.string(),
          almost.map((value) => JSON.stringify(value)),
        ),
        async (method, path, body) => {
          const headers = method === "PATCH" ? { "content-type": "application/merge-patch+json" } : {};
          const answer = await write(server, method, base + path, body, headers);
          expect(answer.status).not.toBe(500);
          if (answer.status >= 400) expect(Object.keys(CODES)).toContain(answer.json.code);
        },
      ),
      { ...settings, numRuns: 600 },
    );
    await stillWell(server);
  });

  it("random addresses and headers: an answer with a code, never a fault", async () => {
    const server = await start();
    const piece = fc.oneof(
      fc.constantFrom(
        "api",
        "v1",
        "swarm",
        "boards",
        "default",
        "entries",
        "..",
        "%2e%2e",
        "%2F",
        "%00",
        "//",
        "?key=",
        "&",
        "blackboard",
        "assets",
        "docs",
      ),
      fc.webSegment(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), fc.webQueryParameters(), async (pieces, query) => {
        const answer = await ask(server, "GET", `/${pieces.join("/")}?${query}`.replace(/[^\x21-\x7e]/g, ""));
        expect(answer.status).not.toBe(500);
        if (answer.status >= 400) expect(Object.keys(CODES)).toContain(answer.json.code);
        const upgrade = await refusedUpgrade(server, `/x${pieces.join("/")}`);
        expect(upgrade.status).toBeLessThan(500);
      }),
      { ...settings, numRuns: 300 },
    );
    await stillWell(server);
  });

  it("random frames from a classic client", async () => {
    const server = await start({ timings: { tickMs: 250 } });
    const bystander = listen(server);
    await bystander.frame(1);
    const hello =
      "GET /ws/blackboard HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 4 }), async (chunks) => {
        const socket = await dial(server);
        socket.resume();
        socket.write(hello);
        for (const chunk of chunks) socket.write(chunk);
        socket.end();
        await until(() => socket.destroyed);
      }),
      { ...settings, numRuns: 200 },
    );
    const before = bystander.frames.length;
    await bystander.frame(before + 1);
    bystander.ws.terminate();
    await stillWell(server);
  });
});
