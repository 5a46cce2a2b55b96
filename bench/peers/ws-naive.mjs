// Owns the peer that most code is: `ws`, one JSON text a change, `send` to each client in a loop.
// `--deflate` turns on `ws`'s own compression with its defaults, a zlib context per client.

import { WebSocketServer } from "ws";
import { serveControl } from "./control.mjs";

const deflate = process.argv.includes("--deflate");
const server = new WebSocketServer({ port: 0, host: "127.0.0.1", backlog: 4096, perMessageDeflate: deflate });
server.on("connection", (socket) => socket.on("error", () => socket.terminate()));
server.on("listening", () =>
  serveControl({
    port: server.address().port,
    publish(value) {
      const text = JSON.stringify(value);
      for (const client of server.clients) client.send(text);
    },
  }),
);
