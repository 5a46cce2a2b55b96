// Guards the client as a whole against a scripted server on a still clock.

import { afterEach, describe, expect, it } from "vitest";
import { type Client, connect, type ConnectOptions } from "./connect.ts";
import { ScriptedServer } from "./scripted-server.fake.ts";

let client: Client | undefined;
afterEach(() => client?.close());

function start(server: ScriptedServer, options: ConnectOptions = {}): Client {
  client = connect("http://server", { environment: server.environment, agent: "tester", ...options });
  return client;
}

describe("a client", () => {
  it("connects, subscribes, tells entries by key and writes (W-CONN-1, W-CONN-4, W-SYNC-4, W-CMD-1)", async () => {
    const server = new ScriptedServer();
    server.write("a", 1);
    const board = start(server).board();
    const sub = board.subscribe({ entries: {} });
    const told: string[] = [];
    sub.entries.onKey("a", () => told.push("a"));
    sub.entries.onKey("b", () => told.push("b"));
    expect(client!.status.phase).toBe("connecting");
    await server.run(10);
    await sub.ready;
    expect(server.socket.url).toBe(
      "ws://server/ws/blackboard?agent=tester&revision=1&beatMs=2000&client=swarmboard-js",
    );
    expect(client!.status).toMatchObject({ phase: "live", transport: "socket" });
    expect(sub.entries.get("a")?.value).toBe(1);
    const answer = board.put("b", { big: 12345678901234567890n });
    await server.run(10);
    expect(await answer).toMatchObject({ seq: 2 });
    expect(sub.position).toEqual({ epoch: "e1", seq: 2 });
    expect(told).toEqual(["a", "b"]);
  });
});
