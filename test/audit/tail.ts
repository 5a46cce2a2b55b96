// Owns following the audit's event stream as a browser does: with the last id, again and again; and cutting it off at odd moments.

import http from "node:http";
import type { SwarmboardServer } from "../../src/server/index.ts";

export interface AuditEvent {
  readonly event: string;
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface FollowOptions {
  readonly after?: string;
  /** Break the connection after so many events, in the middle of what is sent. */
  readonly cutEvery?: number;
  readonly onEvent: (event: AuditEvent) => void;
}

export function followAudit(server: SwarmboardServer, query: string, { after, cutEvery, onEvent }: FollowOptions) {
  let lastId = "";
  let isOver = false;
  let current: http.ClientRequest | undefined;
  const tail = { answers: 0, close: async (): Promise<void> => undefined };

  const once = (): Promise<void> =>
    new Promise((done) => {
      const path = `/api/v1/boards/default/audit/tail?${query}${after === undefined ? "" : `&after=${after}`}`;
      const headers = lastId === "" ? {} : { "last-event-id": lastId };
      const request = http.get({ host: "127.0.0.1", port: server.port, path, headers, agent: false });
      current = request;
      request.on("error", () => done());
      request.on("response", (response) => {
        tail.answers++;
        let text = "";
        let events = 0;
        response.setEncoding("utf8");
        response.on("data", (part: string) => {
          text += part;
          for (let end = text.indexOf("\n\n"); end >= 0 && !isOver; end = text.indexOf("\n\n")) {
            const fields = Object.fromEntries(
              text
                .slice(0, end)
                .split("\n")
                .map((line) => [line.split(":", 1)[0], line.slice(line.indexOf(":") + 1).trimStart()]),
            );
            text = text.slice(end + 2);
            if (fields["id"] !== undefined) lastId = fields["id"];
            if (fields["data"] === undefined) continue;
            onEvent({
              event: fields["event"] ?? "",
              id: lastId,
              data: JSON.parse(fields["data"]) as AuditEvent["data"],
            });
            if (cutEvery === undefined || ++events % cutEvery !== 0) continue;
            response.destroy();
            return;
          }
        });
        response.on("error", () => undefined);
        response.on("close", done);
      });
    });

  const ended = (async () => {
    while (!isOver) {
      await once();
      await new Promise((done) => setTimeout(done, 5));
    }
  })();
  tail.close = async () => {
    isOver = true;
    current?.destroy();
    await ended;
  };
  return tail;
}
