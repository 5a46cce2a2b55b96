import { describe, expect, it } from "vitest";
import { asyncApi } from "./asyncapi.ts";
import { PUSHES, RESULTS } from "./down.ts";
import { UP } from "./up.ts";

interface Ref {
  readonly $ref: string;
}
interface Channel {
  readonly address: string;
  readonly servers: readonly Ref[];
  readonly messages: Readonly<Record<string, Ref>>;
  readonly parameters?: object;
  readonly bindings?: { readonly ws: { readonly headers: { readonly properties: object } } };
}
interface Operation {
  readonly action: string;
  readonly channel: Ref;
  readonly messages: readonly Ref[];
  readonly reply?: { readonly channel: Ref; readonly messages: readonly Ref[] };
}

// As readers get it: without members that are undefined.
const document = JSON.parse(JSON.stringify(asyncApi())) as ReturnType<typeof asyncApi>;
const channels = document.channels as Readonly<Record<string, Channel>>;
const operations = document.operations as Readonly<Record<string, Operation>>;

/** What a reference within the document points to (RFC 6901), or undefined. */
function resolve({ $ref }: Ref): unknown {
  let at: unknown = document;
  for (const part of $ref.replace(/^#\//, "").split("/")) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    at = typeof at === "object" && at !== null ? (at as Record<string, unknown>)[name] : undefined;
  }
  return at;
}

function* refsIn(value: unknown): Generator<Ref> {
  if (typeof value !== "object" || value === null) return;
  if ("$ref" in value && typeof value.$ref === "string") yield value as Ref;
  for (const member of Object.values(value)) yield* refsIn(member);
}

describe("the wire as AsyncAPI 3", () => {
  it("has what the specification requires of a document, its servers, channels and operations", () => {
    expect(document.asyncapi).toBe("3.0.0");
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    for (const server of Object.values(document.servers)) {
      expect(server).toMatchObject({ host: expect.any(String), protocol: expect.stringMatching(/^(ws|http)$/) });
    }
    for (const [name, { address, parameters = {} }] of Object.entries(channels)) {
      const named = Array.from(address.matchAll(/\{(\w+)\}/g), (match) => match[1]);
      expect([name, Object.keys(parameters)]).toStrictEqual([name, named]);
    }
    for (const { action, channel, messages, reply } of Object.values(operations)) {
      expect(["send", "receive"]).toContain(action);
      // An operation may name only its channel's own messages, by their place in the channel.
      for (const side of [{ channel, messages }, ...(reply === undefined ? [] : [reply])]) {
        expect(resolve(side.channel)).toBeDefined();
        expect(side.messages.length).toBeGreaterThan(0);
        for (const { $ref } of side.messages) expect($ref).toContain(`${side.channel.$ref}/messages/`);
      }
    }
  });

  it("refers only to what it has", () => {
    const refs = [...refsIn(document)];
    expect(refs.length).toBeGreaterThan(100);
    expect(refs.filter((ref) => resolve(ref) === undefined)).toStrictEqual([]);
  });

  it("W-CONN-1: opens a session at the socket's address with the subprotocol", () => {
    expect(channels["session"]?.address).toBe("/ws/blackboard");
    expect(channels["session"]?.bindings?.ws.headers.properties).toMatchObject({
      "Sec-WebSocket-Protocol": { const: "swarmboard.v1" },
    });
  });

  it("W-CONN-5: carries every request with its answers, and every push, in their directions", () => {
    const sent = Object.keys(channels["session"]?.messages ?? {});
    const requests = Object.keys(RESULTS);
    const answers = requests.map((method) => `${method}Answer`);
    expect(sent.sort()).toStrictEqual(
      [...new Set([...requests, ...Object.keys(UP), ...answers, "error", ...Object.keys(PUSHES)])].sort(),
    );
    for (const method of requests) {
      expect(operations[method]).toMatchObject({ action: "receive" });
      expect(operations[method]?.reply?.messages.map(({ $ref }) => $ref.split("/").at(-1))).toStrictEqual([
        `${method}Answer`,
        "error",
      ]);
    }
    expect(operations["ack"]).toMatchObject({ action: "receive" });
    for (const push of Object.keys(PUSHES)) expect(operations[push]).toMatchObject({ action: "send" });
  });

  it("gives every message a payload, a name and a summary, and puts it on a channel", () => {
    const used = new Set(Object.values(channels).flatMap(({ messages }) => Object.keys(messages)));
    expect([...used].sort()).toStrictEqual(Object.keys(document.components.messages).sort());
    for (const message of Object.values(document.components.messages)) {
      expect(message).toMatchObject({ name: expect.any(String), summary: expect.any(String) });
      expect(message.payload.$ref).toMatch(/^#\/components\/schemas\/\w+$/);
    }
  });
});
