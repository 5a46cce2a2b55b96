// Guards following and commanding without sockets (protocol, section 11), through a whole client.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Client, connect } from "../connect.ts";
import { jsonAnswer, ScriptedStream } from "../scripted-http.fake.ts";
import { type HttpRequest, ScriptedServer } from "../scripted-server.fake.ts";
import { httpFallback } from "./http.ts";

let server: ScriptedServer;
let client: Client;
/** Open streams, oldest first. */
let streams: ScriptedStream[];
beforeEach(() => {
  server = new ScriptedServer();
  server.refuseSockets = true;
  server.write("a", 1);
  streams = [];
  client = connect("http://server", { environment: server.environment, agent: "Zoë", fallback: httpFallback });
});
afterEach(() => client.close());

const isStream = ({ init }: HttpRequest) => init.headers["Accept"] === "text/event-stream";
const cursorOf = ({ url }: HttpRequest) => url.searchParams.get("cursor") ?? undefined;

/** Answers as the server does: `open`, then what changed since the cursor. */
function stream(request: HttpRequest) {
  const answer = server.subscribed("x", cursorOf(request));
  const one = new ScriptedStream();
  streams.push(one);
  one.push("open", { ...answer, beatMs: server.beatMs });
  if (answer.position.seq < server.seq)
    one.push("sync", server.sync("x", answer.position.seq, answer.position.seq === 0));
  return one.answer(request.init);
}
function poll(request: HttpRequest) {
  const open = { ...server.subscribed("x", cursorOf(request)), beatMs: server.beatMs };
  const { seq } = open.position;
  const beat = { at: 0, boards: { default: { seq: server.seq, clock: 5 } } };
  return jsonAnswer({
    open,
    syncs: seq < server.seq ? [server.sync("x", seq, seq === 0)] : [],
    beat,
    cursor: `e1.f.${server.seq}`,
  });
}
const reads = () => server.requests.filter(({ init }) => init.method === "GET");

describe("without sockets", () => {
  it("follows an event stream after three failures, resumes it, and returns to a socket (W-BACK-2, W-HTTP-1)", async () => {
    server.http = stream;
    const sub = client.board().subscribe({ entries: {} });
    await server.run(2000);
    expect(server.sockets.length).toBe(3);
    expect(client.status).toMatchObject({ phase: "polling", transport: "stream", behind: false });
    expect(sub.entries.get("a")?.value).toBe(1);
    const [first] = reads();
    expect(first?.url.pathname).toBe("/api/v1/boards/default/stream");
    expect(JSON.parse(first?.url.searchParams.get("filter") ?? "")).toEqual({ entries: {} });
    expect(Buffer.from(first?.init.headers["X-Swarmboard-Agent"] ?? "", "latin1").toString("utf8")).toBe("Zoë");
    server.write("b", 2);
    streams[0]!.push("sync", server.sync("x", 1, false));
    streams[0]!.push("beat", { at: 0, boards: { default: { seq: 2, clock: 9 } } });
    await server.run(10);
    expect(sub.entries.keys()).toEqual(["a", "b"]);
    streams[0]!.end();
    await server.run(2000);
    expect(cursorOf(reads().at(-1)!)).toBe("e1.f.2");
    expect(client.status).toMatchObject({ phase: "polling", transport: "stream" });
    server.refuseSockets = false;
    await server.run(4000);
    expect(client.status).toMatchObject({ phase: "live", transport: "socket" });
    expect(server.socket.of("subscribe")[0]?.params["cursor"]).toBe("e1.f.2");
    expect(streams.at(-1)!.ended).toBe(true);
  });

  it("goes from streams that are silent or cut to long polls, which ask at once and then wait (W-HTTP-2)", async () => {
    const mute = new ScriptedStream();
    server.http = (request) => (isStream(request) ? mute.answer(request.init) : poll(request));
    const sub = client.board().subscribe({ entries: {} });
    await server.run(40_000);
    expect(client.status).toMatchObject({ phase: "polling", transport: "poll", behind: false });
    expect(sub.entries.get("a")?.value).toBe(1);
    expect(reads().filter(isStream)).toHaveLength(2);
    const polls = reads().filter((one) => !isStream(one));
    expect(polls.slice(0, 2).map(({ url }) => url.searchParams.get("wait"))).toEqual(["0", "25000"]);
    server.write("b", 2);
    await server.run(2000);
    expect(sub.entries.get("b")?.value).toBe(2);
  });

  it("asks with the cursor of the last poll as it is, and stands where that says (W-HTTP-2)", async () => {
    let mark = 0;
    server.http = (request) => {
      if (isStream(request)) throw new TypeError("cut");
      // The server's cursor is ahead by what the feed does not see, and says more than a position.
      const open = { ...server.subscribed("x", cursorOf(request)), beatMs: server.beatMs };
      const { seq } = open.position;
      const syncs = seq === 0 ? [server.sync("x", 0, true)] : [];
      const beat = { at: 0, boards: { default: { seq: ++server.seq, clock: 5 } } };
      return jsonAnswer({ open, syncs, beat, cursor: `e1.f${++mark}.${server.seq}` });
    };
    const sub = client.board().subscribe({ entries: {} });
    await server.run(20_000);
    const cursors = reads()
      .filter((one) => !isStream(one))
      .map(cursorOf);
    expect(cursors.slice(0, 4)).toEqual([undefined, "e1.f1.2", "e1.f2.3", "e1.f3.4"]);
    expect(sub.position.seq).toBe(server.seq);
    expect(client.status).toMatchObject({ phase: "polling", transport: "poll", behind: false });
  });

  it("has any number of commands in flight without a warning of Node's, and ends them all when it is closed", async () => {
    const warnings: string[] = [];
    const hear = ({ name }: Error) => void warnings.push(name);
    process.on("warning", hear);
    const signals: AbortSignal[] = [];
    server.http = ({ init }) => {
      signals.push(init.signal);
      return new Promise(() => undefined);
    };
    const none = () => undefined;
    const up = { subscribed: none, notSubscribed: none, moved: none, sync: none, beat: none, done: none };
    const transport = httpFallback({
      environment: server.environment,
      baseUrl: "http://server",
      agent: undefined,
      token: undefined,
      way: "poll",
      up: { ...up, refused: none, heard: none, failed: none },
    });
    for (let i = 0; i < 20; i++) transport.command({ id: String(i), board: "default", text: "{}" });
    await server.run(10);
    // Besides the commands, the question whether the server is there.
    expect(signals.length).toBeGreaterThanOrEqual(20);
    expect(signals.filter(({ aborted }) => aborted)).toEqual([]);
    transport.close();
    await server.run(10);
    process.off("warning", hear);
    expect(signals.filter(({ aborted }) => !aborted)).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it("waits as long as a server that goes down says (W-BACK-3)", async () => {
    server.http = stream;
    client.board().subscribe({ entries: {} });
    await server.run(2000);
    const before = reads().length;
    streams.at(-1)!.push("drain", { afterMs: 20_000, spreadMs: 0 });
    streams.at(-1)!.end();
    await server.run(19_000);
    expect(reads().length).toBe(before);
    await server.run(2000);
    expect(reads().length).toBe(before + 1);
  });

  it("sends commands with their ids, again after a failure, and tells refusals (W-HTTP-3)", async () => {
    const posts: HttpRequest[] = [];
    let answers = [jsonAnswer({ code: "overloaded", retry: "later", detail: "full" }, 503, { "retry-after": "1" })];
    server.http = (request) => {
      if (request.init.method === "GET") return stream(request);
      posts.push(request);
      const answer = answers.shift();
      if (answer === undefined) throw new TypeError("network");
      return answer;
    };
    await server.run(2000);
    const put = client.board().put("k", [1], { if: { absent: true }, trace: "00-t-s-01" });
    await server.run(500);
    expect(posts[0]?.url.pathname).toBe("/api/v1/boards/default/commands");
    expect(posts[0]?.init.body).toBe('{"type":"entry.put","key":"k","value":[1],"if":{"absent":true}}');
    // Overloaded, then unreachable, then done.
    await server.run(5000);
    answers = [jsonAnswer({ ok: true, seq: 7, made: { rev: 1 } })];
    await server.run(20_000);
    expect(await put).toMatchObject({ seq: 7, made: { rev: 1 } });
    expect(posts.length).toBeGreaterThanOrEqual(3);
    expect(new Set(posts.map(({ init }) => init.headers["Idempotency-Key"])).size).toBe(1);
    expect(new Set(posts.map(({ init }) => init.headers["traceparent"]))).toStrictEqual(new Set(["00-t-s-01"]));
    answers = [jsonAnswer({ code: "rev_mismatch", retry: "no", detail: "no", facts: { rev: 4 } }, 412)];
    const refused = client.board().put("k", 1, { if: { rev: 3 } });
    const told = refused.catch((error: unknown) => error);
    await server.run(10_000);
    expect(await told).toMatchObject({ code: "rev_mismatch", facts: { rev: 4 } });
  });

  it("is offline where neither way works, with pauses that grow, and returns by itself (W-BACK-1)", async () => {
    client.board().subscribe({ entries: {} });
    await server.run(60_000);
    expect(["offline", "connecting"]).toContain(client.status.phase);
    // Half of the ceiling of 3 s on average here.
    expect(server.sockets.length).toBeGreaterThan(30);
    expect(server.sockets.length).toBeLessThan(60);
    server.refuseSockets = false;
    await server.run(5000);
    expect(client.status.phase).toBe("live");
  });

  it("heeds Retry-After (W-BACK-1)", async () => {
    server.http = () =>
      jsonAnswer({ code: "shutting_down", retry: "later", detail: "bye" }, 503, { "retry-after": "20" });
    client.board().subscribe({ entries: {} });
    await server.run(3000);
    const before = server.requests.length + server.sockets.length;
    expect(client.status).toMatchObject({ phase: "offline", reason: "bye" });
    await server.run(15_000);
    expect(server.requests.length + server.sockets.length).toBe(before);
  });

  it("tells a refusal of one subscription without giving up the others", async () => {
    server.http = (request) =>
      request.url.pathname.includes("/other/")
        ? jsonAnswer({ code: "no_such_board", retry: "no", detail: "none" }, 404)
        : stream(request);
    const sub = client.board().subscribe({ entries: {} });
    const other = client.board("other").subscribe({ entries: {} });
    await server.run(2000);
    expect(other.condition.problem?.code).toBe("no_such_board");
    expect(sub.condition).toMatchObject({ held: "told", problem: undefined });
    expect(client.status).toMatchObject({ phase: "polling", behind: false });
  });

  it("says that it polls only when a server answered, also without a subscription", async () => {
    await server.run(30_000);
    expect(["connecting", "offline"]).toContain(client.status.phase);
    server.http = () => jsonAnswer({}, 200);
    await server.run(5000);
    expect(client.status).toMatchObject({ phase: "polling", behind: false, reason: "the server cannot be reached" });
    expect(server.requests.at(-1)?.url.pathname).toBe("/healthz");
  });

  it("moves a window by asking with another filter (W-HTTP-4)", async () => {
    server.http = stream;
    const sub = client.board().subscribe({ entries: { window: { count: 5 } } });
    await server.run(2000);
    for (let from = 1; from < 20; from++) sub.window.move(from, 5);
    await server.run(100);
    const windows = reads().map(({ url }) => (JSON.parse(url.searchParams.get("filter") ?? "") as never)["entries"]);
    expect(windows).toEqual([
      { window: { count: 5 } },
      { window: { count: 5, from: 1 } },
      { window: { count: 5, from: 19 } },
    ]);
  });
});
