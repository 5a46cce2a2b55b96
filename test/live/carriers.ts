// Owns the three ways to follow a board as a client of docs/protocol.md: WebSocket, event stream, long polling.
// Does not own what a client makes of it (reference-replica). Each comes back by itself until it is stopped.

import http from "node:http";
import https from "node:https";
import { WebSocket } from "ws";
import type { Json, ReferenceReplica } from "./reference-replica.ts";

export interface Asked {
  readonly port: number;
  readonly board?: string;
  readonly filter: object;
  readonly cursor?: string | undefined;
  readonly replica: ReferenceReplica;
  readonly query?: Readonly<Record<string, string | number>>;
  /** Come by TLS: the certificate to trust. */
  readonly ca?: Buffer | undefined;
}

type Reach = Pick<Asked, "port" | "ca">;

/** Where it is, as a browser says it: a proxy compares it, and the server does. */
export const originAt = ({ port, ca }: Reach): string => `http${ca === undefined ? "" : "s"}://localhost:${port}`;

/** A request as a page of the server's own makes it. */
export function get(
  reach: Reach,
  path: string,
  options: { readonly headers?: http.OutgoingHttpHeaders; readonly agent?: http.Agent },
  onResponse: (response: http.IncomingMessage) => void,
): http.ClientRequest {
  const { port, ca } = reach;
  const headers = { origin: originAt(reach), ...options.headers };
  const { agent = false } = options;
  const all = { host: "localhost", family: 4, port, path, headers, agent };
  return ca === undefined ? http.get(all, onResponse) : https.get({ ...all, ca }, onResponse);
}

export interface Following {
  /** What `subscribe` was answered, and each `open` since. */
  readonly opens: Json[];
  readonly beats: Json[];
  /** What went wrong; a test expects nothing here. */
  readonly faults: unknown[];
  /** Leave, and return the cursor. */
  stop(): string;
}

export type Carrier = (asked: Asked) => Following;

export const streamPath = ({ board = "default", filter, query = {} }: Omit<Asked, "port" | "replica">): string => {
  const search = new URLSearchParams({ filter: JSON.stringify(filter) });
  for (const [name, value] of Object.entries(query)) search.set(name, String(value));
  return `/api/v1/boards/${board}/stream?${search}`;
};

const bySocket: Carrier = (asked) => {
  const { board = "default", filter, cursor, replica, query = {}, ca } = asked;
  const opens: Json[] = [];
  const beats: Json[] = [];
  const faults: unknown[] = [];
  const origin = originAt(asked);
  const ws = new WebSocket(`${origin.replace("http", "ws")}/ws/blackboard?beatMs=250`, ["swarmboard.v1"], {
    origin,
    family: 4,
    ...(ca === undefined ? {} : { ca }),
  });
  ws.on("error", (error) => faults.push(error));
  ws.on("open", () => {
    const params = { sub: "stream", board, ...filter, cursor, rateMs: query["rateMs"] };
    ws.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "subscribe", params }));
  });
  ws.on("message", (data) => {
    // oxlint-disable-next-line typescript/no-base-to-string -- ws hands out one Buffer unless told otherwise
    const { method, params, result, error }: Json = JSON.parse(data.toString());
    if (error !== undefined) faults.push(error);
    if (result !== undefined) {
      opens.push(result);
      replica.resume = result.resume;
    }
    if (method === "beat") beats.push(params);
    if (method === "sync") hear(replica, params, faults);
  });
  return {
    opens,
    beats,
    faults,
    stop() {
      ws.terminate();
      replica.disconnect();
      return `${replica.resume}.${replica.position}`;
    },
  };
};

export interface Event {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: string;
}

/** What the HTML standard makes of the lines of an event stream, without what nobody sends. */
export function createEventParser(onEvent: (event: Event) => void, onComment: () => void = () => undefined) {
  let rest = "";
  let event = "message";
  let id: string | undefined;
  let data: string[] = [];
  const fields: Record<string, (value: string) => void> = {
    event: (value) => (event = value),
    id: (value) => (id = value),
    data: (value) => data.push(value),
    retry: () => undefined,
  };
  const line = (text: string): void => {
    if (text === "") {
      if (data.length > 0) onEvent({ event, id, data: data.join("\n") });
      event = "message";
      id = undefined;
      data = [];
      return;
    }
    const colon = text.indexOf(":");
    if (colon === 0) return onComment();
    const field = fields[text.slice(0, colon)];
    if (field === undefined) throw new Error(`no field of an event stream: ${text.slice(0, 80)}`);
    field(text.slice(colon + 1).replace(/^ /, ""));
  };
  return (text: string): void => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const one of lines) line(one);
  };
}

const byEvents: Carrier = (asked) => {
  const { replica } = asked;
  const opens: Json[] = [];
  const beats: Json[] = [];
  const faults: unknown[] = [];
  let { cursor } = asked;
  let isStopped = false;
  let request: http.ClientRequest;
  const path = streamPath({ ...asked, query: { beatMs: 250, ...asked.query } });
  const again = (): void => {
    replica.disconnect();
    if (!isStopped) setTimeout(connect, 5);
  };
  const connect = (): void => {
    if (isStopped) return;
    const headers = { accept: "text/event-stream", ...(cursor === undefined ? {} : { "last-event-id": cursor }) };
    request = get(asked, path, { headers }, (response) => {
      const parse = createEventParser(({ event, id, data }) => {
        const params: Json = JSON.parse(data);
        if (event === "open") opens.push(params);
        if (event === "beat") beats.push(params);
        if (event === "sync") hear(replica, params, faults);
        cursor = id ?? cursor;
      });
      if (response.statusCode !== 200) return again();
      response.setEncoding("utf8").on("data", parse).on("end", again).on("error", again);
    });
    request.on("error", again);
  };
  connect();
  return {
    opens,
    beats,
    faults,
    stop() {
      isStopped = true;
      request.destroy();
      replica.disconnect();
      return cursor ?? "";
    },
  };
};

const byPolls: Carrier = (asked) => {
  const { replica } = asked;
  const opens: Json[] = [];
  const beats: Json[] = [];
  const faults: unknown[] = [];
  let { cursor } = asked;
  let isStopped = false;
  let request: http.ClientRequest;
  const again = (): void => {
    if (!isStopped) setTimeout(poll, 5);
  };
  const poll = (): void => {
    if (isStopped) return;
    const query = { wait: 250, ...asked.query, ...(cursor === undefined ? {} : { cursor }) };
    request = get(asked, streamPath({ ...asked, query }), {}, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("error", again).on("end", () => {
        if (isStopped) return;
        if (response.statusCode !== 200) return again();
        const { open, syncs, beat, cursor: next }: Json = JSON.parse(text);
        opens.push(open);
        beats.push(beat);
        for (const sync of syncs) hear(replica, sync, faults);
        cursor = next as string;
        // With nothing to hear, only the cursor says how far the replica is good.
        if (syncs.length === 0) replica.at = Number(cursor.slice(cursor.lastIndexOf(".") + 1));
        again();
      });
    });
    request.on("error", again);
  };
  poll();
  return {
    opens,
    beats,
    faults,
    stop() {
      isStopped = true;
      request.destroy();
      return cursor ?? "";
    },
  };
};

export const CARRIERS = { socket: bySocket, events: byEvents, polls: byPolls } as const;

function hear(replica: ReferenceReplica, sync: Json, faults: unknown[]): void {
  try {
    replica.take(sync);
  } catch (error) {
    faults.push(error);
  }
}
