// Guards what matters most, in any weather: sockets that die, mute or refuse, HTTP that comes and goes, histories that are cut, pages that
// sleep. Afterwards the client shows exactly what the server holds, and each command was applied once, or was said not to be.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { connect } from "./connect.ts";
import type { SwarmboardError } from "./problem.ts";
import { jsonAnswer, ScriptedStream } from "./scripted-http.fake.ts";
import { type HttpRequest, ScriptedServer } from "./scripted-server.fake.ts";
import { httpFallback } from "./transports/http.ts";

const anyAct = fc.oneof(
  { weight: 4, arbitrary: fc.record({ act: fc.constant("write" as const), key: fc.constantFrom("a", "b", "c") }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant("put" as const), echo: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({ act: fc.constant("wait" as const), ms: fc.constantFrom(1, 20, 500, 3000, 20_000) }),
  },
  {
    weight: 5,
    arbitrary: fc
      .constantFrom(
        ...(["close", "drain", "refuse", "mute", "heal", "http", "no-http", "streams-fail", "wake", "wrong"] as const),
      )
      .map((act) => ({ act })),
  },
);

/** Answers by HTTP as the real server would, out of the same board. */
function serve(server: ScriptedServer, streams: ScriptedStream[], streamsWork: () => boolean) {
  return ({ url, init }: HttpRequest) => {
    if (init.method === "POST") {
      const command = JSON.parse(init.body ?? "") as Record<string, unknown>;
      return jsonAnswer({ ok: true, ...server.apply(init.headers["Idempotency-Key"] ?? "", command) });
    }
    const open = { ...server.subscribed("x", url.searchParams.get("cursor") ?? undefined), beatMs: server.beatMs };
    const { seq } = open.position;
    const syncs = seq < server.seq || seq === 0 ? [server.sync("x", seq, seq === 0)] : [];
    const beat = { at: 0, boards: { default: { seq: server.seq, clock: 0 } } };
    if (init.headers["Accept"] === "application/json") return jsonAnswer({ open, syncs, beat, cursor: "" });
    if (!streamsWork()) throw new TypeError("cut");
    const stream = new ScriptedStream();
    streams.push(stream);
    stream.push("open", open);
    for (const sync of syncs) stream.push("sync", sync);
    stream.push("beat", beat);
    // The real one goes on for 30 s; the client asks again either way.
    stream.end();
    return stream.answer(init);
  };
}

describe("in any weather", () => {
  it("the client converges, and its commands are applied once (laws L5, L7, L9)", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyAct, { maxLength: 40 }), async (acts) => {
        const server = new ScriptedServer();
        const streams: ScriptedStream[] = [];
        let streamsWork = true;
        const http = serve(server, streams, () => streamsWork);
        const { environment } = server;
        const client = connect("http://server", { environment, fallback: httpFallback, commandTimeoutMs: 30_000 });
        const board = client.board();
        const sub = board.subscribe({ entries: {} });
        const outcomes = new Map<string, "applied" | SwarmboardError | undefined>();
        /** What was applied, by key; a key is put once, so its revision is how often. */
        let puts = 0;
        const beat = () => server.beat();
        const heal = () => {
          server.refuseSockets = false;
          server.muteSockets = false;
        };
        for (const act of acts) {
          switch (act.act) {
            case "write":
              server.write(act.key, server.seq);
              server.tell();
              break;
            case "put": {
              const key = `put${puts++}`;
              outcomes.set(key, undefined);
              board.put(key, 1, { echo: act.echo }).then(
                () => outcomes.set(key, "applied"),
                (error: unknown) => outcomes.set(key, error as SwarmboardError),
              );
              break;
            }
            case "wait":
              for (let ms = 0; ms < act.ms; ms += 2000) {
                await server.run(Math.min(2000, act.ms - ms));
                beat();
              }
              break;
            case "close":
              server.sockets.at(-1)?.close(1006);
              break;
            case "drain":
              server.sockets.at(-1)?.push("drain", { afterMs: 100, spreadMs: 100 });
              break;
            case "refuse":
              server.refuseSockets = true;
              break;
            case "mute":
              server.muteSockets = true;
              break;
            case "heal":
              heal();
              break;
            case "http":
              server.http = http;
              break;
            case "no-http":
              server.http = undefined;
              break;
            case "streams-fail":
              streamsWork = !streamsWork;
              break;
            case "wake":
              server.wake("online");
              server.wake("offline");
              break;
            case "wrong":
              server.sockets.at(-1)?.push("sync", { sub: sub.name, from: 1e6, to: 1e6 + 1 });
              break;
            default:
              act satisfies never;
          }
          expect(server.sockets.filter(({ open }) => open).length).toBeLessThanOrEqual(1);
        }
        heal();
        server.sockets.at(-1)?.close(1006);
        for (let i = 0; i < 45; i++) {
          await server.run(1000);
          beat();
        }
        expect(client.status).toMatchObject({ phase: "live", transport: "socket" });
        expect(Object.fromEntries(sub.entries.items().map((entry) => [entry.key, entry]))).toEqual(
          Object.fromEntries(server.entries),
        );
        expect(sub.position.seq).toBe(server.seq);
        for (const [key, outcome] of outcomes) {
          const applied = server.entries.get(key)?.rev ?? 0;
          if (outcome === "applied") expect(applied).toBe(1);
          else if (outcome?.command?.maybeApplied === false) expect(applied).toBe(0);
          else {
            expect(outcome?.command?.maybeApplied).toBe(true);
            expect(applied).toBeLessThanOrEqual(1);
          }
        }
        client.close();
        await server.run(1000);
        expect(server.timers).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});
