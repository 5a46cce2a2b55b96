// Owns the peer socket.io: its in-memory adapter's broadcast of one event to everybody, WebSocket transport, no compression.

import { createServer } from "node:http";
import { Server } from "socket.io";
import { serveControl } from "./control.mjs";

const http = createServer();
const io = new Server(http, { transports: ["websocket"], serveClient: false });
http.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () =>
  serveControl({ port: http.address().port, publish: (value) => io.emit("change", value) }),
);
