// Guards that an alert reaches whoever asked for it: signed, at least once, over failures and kills; and reaches nobody else.

import http from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, it } from "vitest";
import { run, serve, stopAll } from "../cli/program.ts";
import { type Answer, ask, endAfterEach, start } from "./harness.ts";

endAfterEach();

const API = "/api/v1/boards/default";
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await stopAll();
  for (const end of ends.splice(0)) await end();
});

interface Received {
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A receiver that answers as told, in order; the last answer stays. */
async function receiver(...statuses: number[]) {
  const received: Received[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ headers: request.headers as Record<string, string>, body: Buffer.concat(chunks).toString() });
      response.statusCode = (statuses.length > 1 ? statuses.shift() : statuses[0]) ?? 204;
      response.end();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  ends.push(() => new Promise((done) => server.close(done)));
  const { port } = server.address() as { port: number };
  return { received, url: `http://127.0.0.1:${port}/hook` };
}

type Server = { readonly port: number };
const post = (server: Server, path: string, body: object = {}): Promise<Answer> =>
  ask(server, "POST", `${API}${path}`, {
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
const openBudget = (server: Server, task: string, limitTokens: number): Promise<Answer> =>
  post(server, "/commands", { type: "budget.open", task, limitTokens, thresholds: [100] });
const spend = (server: Server, tokens: number): Promise<Answer> => post(server, "/budgets/t/charge", { tokens });
const list = async (server: Server): Promise<Answer["json"]> =>
  (await ask(server, "GET", `${API}/webhooks`)).json.webhooks;

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await holds()) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error("it did not come to that within 10 s");
}

const open = { webhooks: { allowPrivate: true, pausesMs: [20, 20] } };

describe("a webhook", () => {
  it("hears of each threshold once, signed as Standard Webhooks says, whichever record crosses it", async () => {
    const server = await start(open);
    const { url, received } = await receiver(200);
    const added = await post(server, "/webhooks", { url });
    expect(added.status).toBe(201);
    await post(server, "/budgets/t", { limitTokens: 100 });
    for (const tokens of [79, 1, 5, 5, 20, 50]) await spend(server, tokens);
    await until(() => received.length >= 3);
    const verifier = new Webhook(added.json.secret);
    const events = received.map(({ headers, body }) => verifier.verify(body, headers)) as {
      data: { threshold: number };
    }[];
    expect(events.map(({ data }) => data.threshold)).toEqual([80, 90, 100]);
    expect(events[0]).toMatchObject({
      type: "budget.alert",
      data: { board: "default", task: "t", kind: "threshold", usedTokens: 80, limitTokens: 100 },
    });
    expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(3);
    // The signature is of this body and no other.
    expect(() => verifier.verify(`${received[0]!.body} `, received[0]!.headers)).toThrow("No matching signature");
  });

  it("is tried again under the same id until it takes the message", async () => {
    const server = await start(open);
    const { url, received } = await receiver(500, 429, 200);
    await post(server, "/webhooks", { url });
    await openBudget(server, "t", 10);
    await spend(server, 10);
    await until(() => received.length === 3);
    expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    await until(async () => (await list(server))[0].waiting.length === 0);
    expect((await list(server))[0].dead).toEqual([]);
  });

  it("that never takes it leaves the message among the dead, visible, to be sent again by hand", async () => {
    const server = await start(open);
    const { url, received } = await receiver(503, 503, 503, 200);
    const { webhook } = (await post(server, "/webhooks", { url })).json;
    await openBudget(server, "t", 10);
    await spend(server, 10);
    await until(async () => (await list(server))[0].dead.length === 1);
    const [dead] = (await list(server))[0].dead;
    expect(dead).toMatchObject({ tries: 3, reason: "the endpoint answers 503" });
    expect((await post(server, `/webhooks/${webhook}/dead/${dead.id}/retry`)).status).toBe(200);
    await until(() => received.length === 4);
    expect(received.at(-1)?.headers["webhook-id"]).toBe(dead.id);
    expect((await post(server, `/webhooks/${webhook}/dead/${dead.id}/retry`)).status).toBe(404);
  });

  it("that is gone (410) hears nothing more, and says so", async () => {
    const server = await start(open);
    const { url, received } = await receiver(410);
    await post(server, "/webhooks", { url });
    await post(server, "/budgets/t", { limitTokens: 100 });
    await spend(server, 85);
    await until(async () => (await list(server))[0].disabled !== undefined);
    await spend(server, 10);
    expect(received).toHaveLength(1);
  });

  it("speaks to Slack and Discord in their words, and no name of a task can mention anyone or form a link", async () => {
    const server = await start(open);
    const { url, received } = await receiver(200);
    for (const kind of ["slack", "discord"]) await post(server, "/webhooks", { url, kind });
    const task = "<!channel> @everyone [a](https://evil.example)\n";
    await openBudget(server, task, 1);
    await post(server, `/budgets/${encodeURIComponent(task)}/charge`, { tokens: 1 });
    await until(() => received.length === 2);
    const bodies = received.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
    const slack = bodies.find((body) => "text" in body)!;
    expect(slack["text"]).toContain("&lt;!channel&gt;");
    expect(slack["text"]).not.toContain("\n");
    const discord = bodies.find((body) => "content" in body)!;
    expect(discord).toMatchObject({ allowed_mentions: { parse: [] } });
    expect(discord["content"]).toContain("\\[a\\]\\(https");
  });

  it("is tested on demand, and tells how that went; its secret is told once", async () => {
    const server = await start(open);
    const { url, received } = await receiver(200, 404);
    const { webhook, secret } = (await post(server, "/webhooks", { url })).json;
    expect((await post(server, `/webhooks/${webhook}/test`)).json).toEqual({ ok: true });
    expect(new Webhook(secret).verify(received[0]!.body, received[0]!.headers)).toMatchObject({ type: "webhook.test" });
    expect((await post(server, `/webhooks/${webhook}/test`)).json).toEqual({
      ok: false,
      reason: "the endpoint answers 404",
    });
    expect(JSON.stringify(await list(server))).not.toContain(secret);
    expect((await ask(server, "DELETE", `${API}/webhooks/${webhook}`)).json).toEqual({ removed: true });
    expect((await post(server, `/webhooks/${webhook}/test`)).json).toMatchObject({ code: "no_such_webhook" });
    const audit = (await ask(server, "GET", `${API}/audit`)).json.entries as { event: string }[];
    expect(audit.map(({ event }) => event)).toEqual(["webhook_removed", "webhook_added"]);
  });

  it("goes with its board, and a board of the same name later has nothing to do with it", async () => {
    const server = await start(open);
    const { url, received } = await receiver(200);
    const board = "/api/v1/boards/b";
    const headers = { "Content-Type": "application/json" };
    const send = (path: string, body: object): Promise<Answer> =>
      ask(server, "POST", `${board}${path}`, { headers, body: JSON.stringify(body) });
    const make = (): Promise<Answer> =>
      ask(server, "POST", "/api/v1/boards", { headers, body: JSON.stringify({ name: "b" }) });
    await make();
    await send("/webhooks", { url });
    await ask(server, "DELETE", `${board}?confirm=b`);
    await make();
    expect((await ask(server, "GET", `${board}/webhooks`)).json.webhooks).toEqual([]);
    await send("/webhooks", { url });
    await send("/commands", { type: "budget.open", task: "t", limitTokens: 1, thresholds: [100] });
    await send("/budgets/t/charge", { tokens: 1 });
    await until(() => received.length > 0);
    await new Promise((done) => setTimeout(done, 100));
    expect(received).toHaveLength(1);
  });

  it("cannot reach into private networks unless the operator said so", async () => {
    const server = await start();
    for (const url of [
      "http://127.0.0.1:9/",
      "http://169.254.169.254/latest",
      "http://[::1]/",
      "ftp://example.com",
      "http://u:p@example.com/",
    ]) {
      expect((await post(server, "/webhooks", { url })).json).toMatchObject({
        code: "bad_request",
        errors: [{ at: "url" }],
      });
    }
    // A name that resolves to such an address is found out when it is used.
    const { webhook } = (await post(server, "/webhooks", { url: "http://localhost:9/" })).json;
    expect((await post(server, `/webhooks/${webhook}/test`)).json).toMatchObject({ ok: false });
    expect((await post(server, `/webhooks/${webhook}/test`)).json.reason).toContain("private network");
  });

  it("hears of an alert although the server was killed before it could be sent", async () => {
    const dir = await mkdtemp(join(tmpdir(), "swarmboard-webhooks-"));
    ends.push(() => rm(dir, { recursive: true, force: true }));
    const { url, received } = await receiver(500, 200);
    const args = ["--port", "0", "--data", dir, "--webhook-allow-private", "--log-level", "error"];
    const first = await serve(args);
    const at = { port: Number(new URL(first.url).port) };
    const { secret } = (await post(at, "/webhooks", { url })).json;
    await openBudget(at, "t", 10);
    await spend(at, 10);
    await until(() => received.length === 1);
    await first.stop("SIGKILL");
    const second = await serve(args);
    await until(() => received.length >= 2);
    const message = received[1]!;
    expect(new Webhook(secret).verify(message.body, message.headers)).toMatchObject({ data: { threshold: 100 } });
    expect(message.headers["webhook-id"]).toBe(received[0]!.headers["webhook-id"]);
    const listed = await run(["webhook", "list", "--url", second.url]);
    expect(listed.stdout).toContain("127.0.0.1");
  });
});
