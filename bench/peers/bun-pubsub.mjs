// Owns the peer Bun: its native publish to a topic (uWebSockets inside). Runs in Bun, not in Node.

import { serveControl } from "./control.mjs";

const server = globalThis.Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: (request, server) => (server.upgrade(request) ? undefined : new Response("WebSocket only", { status: 426 })),
  websocket: {
    open: (socket) => socket.subscribe("board"),
    message() {},
  },
});
serveControl({ port: server.port, publish: (value) => server.publish("board", JSON.stringify(value)) });
