// Guards one session over a wire held in hand, with the real engine behind it and virtual time (docs/protocol.md, 3 to 10).

import { describe, expect, it } from "vitest";
import { endStagesAfterEach, put, setStage, type StageClient, turns } from "../../../test/live/stage.ts";
import { SESSION_LIMITS } from "../../protocol/index.ts";

endStagesAfterEach();

const entries = (sub: string, more: object = {}): object => ({ sub, board: "b", entries: {}, rateMs: 0, ...more });
const says = (client: StageClient): string[] =>
  client.heard.map((one) => ("push" in one ? one.push.method : `answer ${one.reply.id}`));

describe("requests", () => {
  it("W-CONN-4: welcome comes before anything else", async () => {
    const stage = await setStage();
    const client = stage.join();
    client.send("ping");
    await turns();
    expect(says(client)).toEqual(["welcome", "answer 1"]);
    expect(client.frames("welcome")[0]?.params).toContain('"protocol":"swarmboard.v1"');
  });

  it("W-SUB-4: the answer comes before the first sync, however requests are piled up", async () => {
    const stage = await setStage();
    await stage.write(put("k", 1));
    const client = stage.join();
    client.send("subscribe", entries("a"));
    client.send("subscribe", entries("a", { budgets: true }));
    client.send("subscribe", entries("b"));
    await turns();
    const heard = says(client).slice(1);
    expect(heard).toEqual(["answer 1", "sync", "answer 2", "sync", "answer 3", "sync"]);
  });

  it("W-CONN-5: requests that need one another are carried out in the order in which they came", async () => {
    const stage = await setStage();
    const client = stage.join();
    client.send("subscribe", { sub: "w", board: "b", entries: { window: { count: 5 } } });
    client.send("window", { sub: "w", from: 3, count: 2 });
    client.send("subscribe", entries("gone"));
    client.send("unsubscribe", { sub: "gone" });
    await turns();
    expect(client.replies.map(({ error }) => error)).toEqual([undefined, undefined, undefined, undefined]);
    const before = client.frames().length;
    await stage.write(put("k", 1));
    await stage.pass(200);
    expect(
      client
        .frames()
        .slice(before)
        .map(({ params }) => JSON.parse(params).sub),
    ).toEqual(["w"]);
    expect(client.replica("w").held.window).toMatchObject({ from: 3, total: 1, rows: [] });
  });

  it("W-SUB-1: subscribing again under a name replaces the former subscription", async () => {
    const stage = await setStage();
    const client = stage.join();
    await client.ask("subscribe", entries("s"));
    await client.ask("subscribe", { sub: "s", board: "b", budgets: true, rateMs: 0 });
    await stage.write(put("k", 1), { type: "budget.open", task: "t", limitTokens: 5 });
    await stage.pass(100);
    const { streams } = client.replica("s").held;
    expect([streams.entries.size, streams.budgets.size]).toEqual([0, 1]);
    expect((await stage.hub.channelOf("b"))?.size).toBe(1);
  });

  it("W-SUB-1: a subscription that is refused leaves the former one of its name in place", async () => {
    const stage = await setStage();
    const client = stage.join();
    await client.ask("subscribe", entries("s"));
    for (const bad of [{ board: "none" }, { entries: { window: { count: 0 } } }])
      expect(await client.ask("subscribe", { ...entries("s"), ...bad })).toHaveProperty("error");
    await stage.write(put("k", 1));
    await stage.pass(100);
    expect(client.replica("s").held.streams.entries.size).toBe(1);
  });

  it("W-SUB-7: the 17th subscription is refused, a replaced one is not", async () => {
    const stage = await setStage();
    const client = stage.join();
    for (let i = 0; i < 16; i++) expect((await client.ask("subscribe", entries(`s${i}`))).error).toBeUndefined();
    expect((await client.ask("subscribe", entries("s16"))).error.data.code).toBe("too_many_subscriptions");
    expect((await client.ask("subscribe", entries("s3"))).error).toBeUndefined();
    await client.ask("unsubscribe", { sub: "s0" });
    expect((await client.ask("subscribe", entries("s16"))).error).toBeUndefined();
  });

  it("W-CMD-4: codes of JSON-RPC where it has them, ours for the rest", async () => {
    const stage = await setStage();
    const client = stage.join();
    const codes = async (method: string, params: object): Promise<unknown[]> => {
      const { error } = await client.ask(method, params);
      return [error.code, error.data.code];
    };
    expect(await codes("nothing", {})).toEqual([-32_601, "unknown_method"]);
    expect(await codes("subscribe", { sub: "a b", board: "b", entries: {} })).toEqual([-32_602, "bad_request"]);
    expect(await codes("subscribe", { sub: "s", board: "b" })).toEqual([-32_602, "bad_request"]);
    expect(await codes("subscribe", { sub: "s", board: "none", entries: {} })).toEqual([-32_000, "no_such_board"]);
    expect(await codes("window", { sub: "s", from: 0, count: 1 })).toEqual([-32_000, "no_such_subscription"]);
    expect(await codes("command", { board: "b", command: { type: "entry.delete", key: "k" } })).toEqual([
      -32_000,
      "no_such_entry",
    ]);
  });

  it("W-CMD-3: the command after 256 in flight is refused, and there is room again afterwards", async () => {
    const stage = await setStage();
    const client = stage.join();
    for (let i = 0; i < 300; i++) client.send("command", { board: "b", command: put(`k${i}`, i) });
    await turns(20);
    const codes = client.replies.map(({ error }) => error?.data.code);
    expect(client.replies).toHaveLength(300);
    expect(codes.filter((code) => code === "overloaded")).toHaveLength(44);
    expect((await client.ask("command", { board: "b", command: put("k", 1) })).result.made).toEqual({ rev: 1 });
  });

  it.each([
    ["not JSON", "{"],
    ["an array", '[{"jsonrpc":"2.0","method":"ping","id":1}]'],
    ["another version", '{"jsonrpc":"1.0","method":"ping","id":1}'],
    ["no method", '{"jsonrpc":"2.0","id":1}'],
    ["an id that is an object", '{"jsonrpc":"2.0","id":{},"method":"ping"}'],
    ["an id that is too long", `{"jsonrpc":"2.0","id":"${"x".repeat(65)}","method":"ping"}`],
    ["an acknowledgement that is none", '{"jsonrpc":"2.0","method":"ack","params":{"syncs":-1}}'],
    ["an acknowledgement without a count", '{"jsonrpc":"2.0","method":"ack"}'],
    ["an acknowledgement of text", '{"jsonrpc":"2.0","method":"ack","params":{"syncs":"1"}}'],
  ])("W-CONN-3: %s closes with 4400", async (_, text) => {
    const stage = await setStage();
    const client = stage.join();
    client.session.message(text);
    expect(client.closed?.code).toBe(4400);
    expect(stage.hub.count).toBe(0);
  });

  it("W-CONN-3: ids are numbers or texts of up to 64 characters, and come back as they were", async () => {
    const stage = await setStage();
    const client = stage.join();
    const ids = ["1", "-7", "1.50", '"a"', `"${"🐝".repeat(64)}"`, `"${"\\u0041".repeat(64)}"`, '""'];
    for (const id of ids) client.session.message(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`);
    await turns();
    expect(client.replies.map(({ id }) => id)).toEqual(ids.map((id) => JSON.parse(id)));
    expect(client.closed).toBeUndefined();
  });

  it("W-FLOW-1: an ack with an id is a request, and every request is answered", async () => {
    const stage = await setStage();
    const client = stage.join();
    expect((await client.ask("ack", { syncs: 0 })).result).toEqual({});
    client.session.message('{"jsonrpc":"2.0","id":9,"method":"ack","params":{"syncs":"x"}}');
    await turns();
    expect(client.closed?.code).toBe(4400);
  });
});

describe("flow", () => {
  const document = (i: number): object => ({ text: String.fromCharCode(97 + (i % 26)).repeat(9000), i });

  it("W-FLOW-2, L5: beyond its bound a client gets nothing more, and then one sync of all that changed since", async () => {
    const stage = await setStage();
    const client = stage.join();
    await client.ask("subscribe", entries("s"));
    client.ack();
    client.acks = false;
    for (let i = 0; i < 200; i++) {
      await stage.write(put("k", document(i)), put(`k${i % 7}`, document(i)));
      await stage.pass(10);
    }
    const { syncs } = client;
    expect(client.sentBytes).toBeLessThan(SESSION_LIMITS.unackedBytes + 100_000);
    client.ack();
    await stage.pass(100);
    // All seven and the other fit one frame; what lay between is not told.
    expect(client.syncs).toBe(syncs + 1);
    const { held, at } = client.replica("s");
    expect(at).toBe(stage.board.state.seq);
    expect(held.streams.entries.get("k").value.i).toBe(199);
    expect(held.streams.entries.size).toBe(8);
  });

  it.each([
    ["made as it is pulled", 20_000],
    ["made at once for all", 8000],
  ])("L6: a transport that never reads holds at most the bound and one frame of a snapshot %s", async (_, units) => {
    const stage = await setStage();
    for (let i = 0; i < 120; i++) await stage.write(put(`k${i}`, "x".repeat(units)));
    const client = stage.join();
    client.reads = false;
    await client.ask("subscribe", entries("s"));
    for (let i = 0; i < 50; i++) {
      await stage.write(put(`k${i}`, "y".repeat(8000)));
      await stage.pass(10);
    }
    expect(client.waitingBytes).toBeLessThanOrEqual(SESSION_LIMITS.unackedBytes + SESSION_LIMITS.frameBytes);
    expect(client.waitingBytes).toBeGreaterThan(SESSION_LIMITS.unackedBytes);
    // It comes back to life, and to the truth.
    client.reads = true;
    client.read();
    await stage.pass(2000);
    const { held, at } = client.replica("s");
    expect([at, held.streams.entries.size]).toEqual([stage.board.state.seq, 120]);
    expect(held.streams.entries.get("k0").value[0]).toBe("y");
  });

  it("W-FLOW-3: 30 s beyond the bound without progress end in 4408", async () => {
    const stage = await setStage();
    await stage.write(...Array.from({ length: 60 }, (_, i) => put(`k${i}`, "x".repeat(8000))));
    const [deaf, mute] = [stage.join(), stage.join()];
    deaf.reads = false;
    await deaf.ask("subscribe", entries("s"));
    await mute.ask("subscribe", entries("s"));
    mute.ack(1);
    mute.acks = false;
    await stage.write(...Array.from({ length: 60 }, (_, i) => put(`k${i}`, "y".repeat(8000))));
    await stage.pass(29_000, 500);
    expect([deaf.closed, mute.closed]).toEqual([undefined, undefined]);
    await stage.pass(4000, 500);
    expect([deaf.closed?.code, mute.closed?.code]).toEqual([4408, 4408]);
    expect((await stage.hub.channelOf("b"))?.size).toBe(0);
  });

  it("L6: whoever asks and does not read the answers is closed, although it acknowledges", async () => {
    const stage = await setStage();
    const client = stage.join();
    client.reads = false;
    client.ack(0);
    const rubbish = Array.from({ length: 300 }, (_, i) => `unknown-${i}`);
    const params = Object.fromEntries(rubbish.map((name) => [name, 1]));
    for (let i = 0; i < 2000 && client.closed === undefined; i++) {
      client.send("subscribe", params);
      client.ack(0);
      await stage.pass(10);
    }
    expect(client.closed?.code).toBe(4408);
    expect(client.waitingBytes).toBeLessThan(SESSION_LIMITS.unackedBytes + 1_200_000);
  });

  it("W-FLOW-4: 1000 messages at once and 200 a second are taken, more end in 4429; acknowledgements do not count", async () => {
    const stage = await setStage();
    const client = stage.join();
    for (let i = 0; i < 5000; i++) client.ack(0);
    for (let i = 0; i < 1000; i++) client.send("ping");
    expect(client.closed).toBeUndefined();
    for (let second = 0; second < 5; second++) {
      stage.timers.pass(1000);
      for (let i = 0; i < 200; i++) client.send("ping");
    }
    expect(client.closed).toBeUndefined();
    client.send("ping");
    expect(client.closed?.code).toBe(4429);
    await turns();
  });
});

describe("beats", () => {
  it("W-BEAT-1, W-BEAT-3: beats come every beatMs, and keep those young who do not see what changes", async () => {
    const stage = await setStage();
    const client = stage.join({ beatMs: 250 });
    await client.ask("subscribe", { sub: "s", board: "b", entries: { prefix: "mine/" }, rateMs: 0 });
    const began = stage.timers.now();
    for (let i = 0; i < 20; i++) {
      await stage.write(put("yours", i));
      await stage.pass(100);
    }
    const beats = client.heard.flatMap((one) => ("push" in one && one.push.method === "beat" ? [one] : []));
    expect(beats.map(({ atMs }) => (atMs - began) % 250).every((off) => off < 10 || off > 240)).toBe(true);
    expect(beats).toHaveLength(8);
    for (const { params } of beats) expect(params.boards.b.seq).toBeLessThanOrEqual(client.replica("s").at!);
    const quiet = client.frames().slice(1);
    expect(quiet).toHaveLength(8);
    for (const { params } of quiet) expect(Object.keys(JSON.parse(params))).toEqual(["sub", "from", "to"]);
    // Nobody says anything on a quiet board.
    await stage.pass(1000);
    expect(client.frames()).toHaveLength(9);
  });

  it("W-BEAT-3: nor does a flood of notes that its filter does not ask for make a subscription old", async () => {
    const stage = await setStage();
    const client = stage.join();
    await client.ask("subscribe", { sub: "s", board: "b", audit: { event: "wanted" }, rateMs: 0 });
    for (let round = 0; round < 3; round++) {
      await stage.write(...Array.from({ length: 1500 }, () => ({ type: "audit.note", event: "other" }) as const));
      await stage.pass(2500, 50);
      expect(client.replica("s").at).toBe(stage.board.state.seq);
    }
    await stage.write({ type: "audit.note", event: "wanted" });
    await stage.pass(100);
    expect(client.replica("s").held).toMatchObject({ missed: [], total: 4501, notes: [{ note: { event: "wanted" } }] });
    expect(stage.faults).toEqual([]);
  });

  it("L4: a beat is one frame for all who hear of the same boards", async () => {
    const stage = await setStage();
    const clients = [stage.join(), stage.join(), stage.join()];
    for (const client of clients) await client.ask("subscribe", entries("s"));
    await stage.pass(2100);
    const [first, ...others] = clients.map((client) => client.frames("beat")[0]);
    expect(first?.params).toContain('"boards":{"b":');
    for (const other of others) expect(other).toBe(first);
  });
});

describe("the end", () => {
  it("W-BACK-3: drain is said once, and the session goes on until it is closed", async () => {
    const stage = await setStage();
    const client = stage.join();
    await client.ask("subscribe", entries("s"));
    stage.hub.drain(10, 500);
    stage.hub.drain(10, 500);
    expect(client.frames("drain").map(({ params }) => params)).toEqual(['{"afterMs":10,"spreadMs":500}']);
    await stage.write(put("k", 1));
    await stage.pass(100);
    expect(client.replica("s").held.streams.entries.size).toBe(1);
    stage.hub.close();
    expect(client.closed?.code).toBe(1012);
    expect(stage.timers.waiting).toBe(0);
  });

  it("a deleted board ends its listeners with 1001, and nobody else", async () => {
    const stage = await setStage();
    await stage.engine.create("other");
    const [hearsIt, hearsNot] = [stage.join(), stage.join()];
    await hearsIt.ask("subscribe", entries("s"));
    await hearsNot.ask("subscribe", { sub: "s", board: "other", entries: {} });
    await stage.engine.delete("b");
    await stage.pass(1500, 100);
    expect([hearsIt.closed?.code, hearsNot.closed]).toEqual([1001, undefined]);
  });

  /** Every event of the machine in session.ts, and the phases to try it in. */
  const phases = {
    open: () => undefined,
    draining: (client: StageClient) => client.session.drain(0, 0),
    closed: (client: StageClient) => client.session.close({ code: 1000, after: "return", meaning: "" }, ""),
  } as const;
  const events: Record<string, (client: StageClient) => unknown> = {
    message: (client) => client.send("ping"),
    garbage: (client) => client.session.message("?"),
    ack: (client) => client.ack(0),
    look: (client) => client.session.look(1e9),
    drain: (client) => client.session.drain(1, 1),
    end: (client) => client.session.end(),
    close: (client) => client.session.close({ code: 1000, after: "return", meaning: "" }, ""),
    drained: (client) => client.session.drained(),
    boardGone: (client) => client.session.boardGone("b"),
  };
  const ends = new Set(["garbage", "end", "close", "boardGone"]);
  const answers: Record<string, Record<string, string[]>> = {
    open: { message: ["answer 1"], drain: ["drain"] },
    draining: { message: ["answer 1"] },
    closed: {},
  };

  it.each(Object.keys(phases).flatMap((phase) => Object.keys(events).map((event) => [phase, event] as const)))(
    "%s: %s does what the table in session.ts says",
    async (phase, event) => {
      const stage = await setStage();
      const client = stage.join();
      phases[phase as keyof typeof phases](client);
      const before = client.heard.length;
      const closedBefore = client.closed;
      events[event]!(client);
      await turns();
      expect(says(client).slice(before)).toEqual(answers[phase]?.[event] ?? []);
      expect(client.session.isClosed).toBe(phase === "closed" || ends.has(event));
      expect(stage.hub.count).toBe(client.session.isClosed ? 0 : 1);
      if (phase === "closed") expect(client.closed).toBe(closedBefore);
      // Whatever happened, a second end is none.
      client.session.end();
      client.session.end();
      expect(stage.hub.count).toBe(0);
      expect(stage.faults).toEqual([]);
    },
  );

  it("a subscription that is under way when the session ends leaves nobody behind on the channel", async () => {
    const stage = await setStage();
    const client = stage.join();
    client.send("subscribe", entries("s"));
    client.session.end();
    await turns();
    expect((await stage.hub.channelOf("b"))?.size).toBe(0);
    expect(says(client)).toEqual(["welcome"]);
  });
});
