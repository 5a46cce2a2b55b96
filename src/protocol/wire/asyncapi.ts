// Owns the wire as an AsyncAPI 3.0 document: what goes over which channel, in which direction, with which payload.
// Does not own the payloads (schema.ts) or what they mean (docs/protocol.md). Directions are the server's: it receives
// requests and sends pushes.

import { PRODUCT_VERSION } from "../version.ts";
import type { PUSHES, RESULTS } from "./down.ts";
import { type JsonSchema, wireShapes } from "./schema.ts";
import {
  DEFAULT_BEAT_MS,
  DEFAULT_RATE_MS,
  MAX_BEAT_MS,
  MAX_RATE_MS,
  MAX_WAIT_MS,
  MIN_BEAT_MS,
  SUBPROTOCOL,
  WIRE_REVISION,
} from "./session-limits.ts";

type RequestMethod = keyof typeof RESULTS;
type PushMethod = keyof typeof PUSHES;

const REQUESTS: Readonly<Record<RequestMethod, string>> = {
  subscribe: "Begin to hear of a board, or resume with a cursor.",
  window: "Move a window.",
  unsubscribe: "End a subscription.",
  command: "Change a board. Answered when the record is durable and applied.",
  authenticate: "Show a token.",
  ping: "Ask for a sign of life.",
};

const SAID: Readonly<Record<PushMethod, string>> = {
  welcome: "Who is speaking, and within which bounds. The first push.",
  sync: "What changed since a position: a snapshot, a change, a resume or a page of one of them.",
  beat: "A sign of life, with the newest position of each board.",
  drain: "The server goes down: when to come back.",
};

/** Without sockets: the events of a stream by name, and the one answer of a long poll. */
const STREAMED = {
  streamOpen: { event: "open", shape: "StreamOpen", summary: "Where the replica stands; the event `open`." },
  streamSync: { event: "sync", shape: "SyncParams", summary: "What changed; the event `sync`, its id the cursor." },
  streamBeat: { event: "beat", shape: "BeatParams", summary: "A sign of life; the event `beat`." },
  poll: { event: undefined, shape: "PollAnswer", summary: "All of it in one answer, for Accept: application/json." },
} as const;

const SCHEMAS = "#/components/schemas/";
const ref = (...path: readonly string[]) => ({ $ref: `#/${path.join("/")}` });
const upper = (method: string): string => method.charAt(0).toUpperCase() + method.slice(1);

const methods = Object.keys(REQUESTS) as RequestMethod[];
const pushes = Object.keys(SAID) as PushMethod[];
const streamed = Object.entries(STREAMED);

interface Message {
  readonly name: string;
  readonly summary: string;
  readonly payload: { readonly $ref: string };
  readonly correlationId?: { readonly location: string };
}

const message = (name: string, summary: string, shape: string, isCall = false): Message => ({
  name,
  summary,
  payload: ref("components", "schemas", shape),
  ...(isCall ? { correlationId: { location: "$message.payload#/id" } } : {}),
});

function messages(): Record<string, Message> {
  const all: Record<string, Message> = {};
  for (const method of methods) {
    all[method] = message(method, REQUESTS[method], `${upper(method)}Request`, true);
    all[`${method}Answer`] = message(`${method}Answer`, `The result of ${method}.`, `${upper(method)}Answer`, true);
  }
  all["error"] = message("error", "A refusal, in place of a result.", "ErrorAnswer", true);
  all["ack"] = message("ack", "How many syncs were received (W-FLOW-1). A notification.", "AckNotification");
  for (const push of pushes) all[push] = message(push, SAID[push], `${upper(push)}Push`);
  for (const [name, { event, shape, summary }] of streamed) all[name] = message(event ?? name, summary, shape);
  return all;
}

/** A channel's messages, by reference: operations may name only these. */
const carried = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, ref("components", "messages", name)]));

function operations(): Record<string, object> {
  const on = (channel: string, ...names: readonly string[]) => ({
    channel: ref("channels", channel),
    messages: names.map((name) => ref("channels", channel, "messages", name)),
  });
  const all: Record<string, object> = {};
  for (const method of methods) {
    all[method] = {
      action: "receive",
      summary: REQUESTS[method],
      ...on("session", method),
      reply: on("session", `${method}Answer`, "error"),
    };
  }
  all["ack"] = { action: "receive", summary: "Hear how far a client has received.", ...on("session", "ack") };
  for (const push of pushes) all[push] = { action: "send", summary: SAID[push], ...on("session", push) };
  for (const [name, { summary }] of streamed) {
    all[name] = { action: "send", summary, ...on("stream", name), bindings: { http: STREAM_BINDING } };
  }
  return all;
}

const text = (description: string) => ({ type: "string", description });
const whole = (minimum: number, maximum: number, normal: number, description: string) => ({
  type: "integer",
  minimum,
  maximum,
  default: normal,
  description,
});

const AGENT = text("Who acts: 1 to 512 bytes of UTF-8; by default `anonymous`.");

/** W-CONN-1 and W-CONN-2. */
const SESSION_BINDING = {
  method: "GET",
  query: {
    type: "object",
    properties: {
      agent: AGENT,
      revision: whole(0, 1_000_000, 1, "The newest revision that the client knows."),
      beatMs: whole(MIN_BEAT_MS, MAX_BEAT_MS, DEFAULT_BEAT_MS, "Time between two beats."),
      client: text("Name and version of the software, for operators."),
    },
  },
  headers: {
    type: "object",
    properties: {
      "Sec-WebSocket-Protocol": { type: "string", const: SUBPROTOCOL },
      "X-Swarmboard-Agent": text("The same as `agent`."),
    },
    required: ["Sec-WebSocket-Protocol"],
  },
  bindingVersion: "0.1.0",
} as const;

/** Section 11. */
const STREAM_BINDING = {
  method: "GET",
  query: {
    type: "object",
    properties: {
      filter: text("The streams of a subscription as JSON: see the schema Filter."),
      cursor: text("Where the replica stands. `Last-Event-ID` means the same."),
      rateMs: whole(0, MAX_RATE_MS, DEFAULT_RATE_MS, "Least time between two syncs."),
      wait: whole(0, MAX_WAIT_MS, MAX_WAIT_MS, "How long a poll waits for a change."),
      agent: AGENT,
    },
    required: ["filter"],
  },
  bindingVersion: "0.3.0",
} as const;

const address = {
  host: "{address}",
  variables: { address: { default: "127.0.0.1:8000", description: "Where the server listens." } },
} as const;

export interface AsyncApi {
  readonly asyncapi: "3.0.0";
  readonly info: object;
  readonly defaultContentType: string;
  readonly servers: Readonly<Record<string, object>>;
  readonly channels: Readonly<Record<string, object>>;
  readonly operations: Readonly<Record<string, object>>;
  readonly components: {
    readonly messages: Readonly<Record<string, Message>>;
    readonly schemas: Readonly<Record<string, JsonSchema>>;
  };
}

export function asyncApi(): AsyncApi {
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Swarmboard, live",
      version: PRODUCT_VERSION,
      description: `The wire of ${SUBPROTOCOL}, revision ${WIRE_REVISION}: JSON-RPC 2.0 over a WebSocket, and the same syncs without one. docs/protocol.md says what each message means.`,
      license: { name: "MIT" },
    },
    defaultContentType: "application/json",
    servers: { sockets: { ...address, protocol: "ws" }, http: { ...address, protocol: "http" } },
    channels: {
      session: {
        address: "/ws/blackboard",
        title: "A session",
        description: `A WebSocket with the subprotocol ${SUBPROTOCOL}; without one the same address speaks the classic protocol.`,
        servers: [ref("servers", "sockets")],
        messages: carried([...methods.flatMap((method) => [method, `${method}Answer`]), "error", "ack", ...pushes]),
        bindings: { ws: SESSION_BINDING },
      },
      stream: {
        address: "/api/v1/boards/{board}/stream",
        title: "One subscription without a socket",
        description: "An event stream, or with `Accept: application/json` a long poll.",
        servers: [ref("servers", "http")],
        parameters: { board: { description: "Name of the board." } },
        messages: carried(Object.keys(STREAMED)),
      },
    },
    operations: operations(),
    components: { messages: messages(), schemas: wireShapes("draft-7", SCHEMAS) },
  };
}
