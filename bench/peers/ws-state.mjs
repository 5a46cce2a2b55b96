// Owns the peer of the resume benchmark: `ws`, a Map as its state, all of it sent to whoever connects, each change to all.
// The best of its kind: the state's text is made once per change, whoever asks, and handed to `ws` as bytes.
// It speaks as much of the wire as the load client reads positions from.

import { WebSocketServer } from "ws";
import { serveControl } from "./control.mjs";

const keys = Number(process.argv[process.argv.indexOf("--keys") + 1]) || 1000;
const state = new Map();
let seq = 0;
let whole;

const told = (members) => `{"jsonrpc":"2.0","method":"sync","params":{"to":${seq},${members}}}`;
/** The first of equals; a Buffer, because `ws` copies texts for each client anew. */
const wholeState = () => (whole ??= Buffer.from(told(`"entries":${JSON.stringify(Object.fromEntries(state))}`)));

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", backlog: 4096, perMessageDeflate: false });
server.on("connection", (socket) => {
  socket.on("error", () => socket.terminate());
  socket.on("message", () => {});
  socket.send(wholeState(), { binary: false });
});
server.on("listening", () =>
  serveControl({
    port: server.address().port,
    publish(value, n) {
      const key = `task:${n % keys}:status`;
      state.set(key, value);
      seq++;
      whole = undefined;
      const text = told(`"key":"${key}","value":${JSON.stringify(value)}`);
      for (const client of server.clients) client.send(text);
    },
  }),
);
