// Owns the subjects of the fan-out benchmarks: how each peer and Swarmboard is started, and how the load client greets it.
// A subject that is not installed, or does not speak the protocol yet, has a reason in `missing` and is left out.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";
import { compile } from "./compile.mjs";
import { startLines } from "./line-process.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const node = (file, ...args) => [process.execPath, ["--expose-gc", here(`../peers/${file}`), ...args]];
// Not a dependency: its binary has 100 MB, and its installer may fetch it from elsewhere.
const BUN = ["../../node_modules/@oven/bun-linux-x64/bin/bun", "../../node_modules/@oven/bun-linux-aarch64/bin/bun"]
  .map(here)
  .find((path) => existsSync(path));
const bunMissing = BUN ? undefined : "not installed: npm install --no-save @oven/bun-linux-x64@1.4.5";
const nchanMissing = existsSync("/usr/lib/nginx/modules/ngx_nchan_module.so")
  ? undefined
  : "not installed: apt-get install nginx libnginx-mod-nchan";

/** Every so-manieth socket looks at each change; the others only at the newest of a message. */
export const SAMPLE = 20;
const PROTOCOL = "swarmboard.v1";
export const SHARED_DEFLATE = "permessage-deflate; client_no_context_takeover; server_no_context_takeover";

/** The load client's arguments for Swarmboard. */
const SESSION = ["--path", "/ws/blackboard?agent=bench-{i}", "--protocol", PROTOCOL, "--ack"];

/** The text of a subscription; by default to all entries, as `b`. */
export const subscribeText = (more = {}) =>
  JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "subscribe",
    params: { sub: "b", board: "default", entries: { prefix: "" }, ...more },
  });

/** The filter of what the dashboard shows. */
export const DASHBOARD = {
  entries: { atMost: 5000 },
  budgets: true,
  agents: true,
  tasks: true,
  requests: true,
  claims: true,
  sources: true,
  audit: { tail: 20 },
};
/** Name → command to start it, arguments of the load client that fit, and why it is left out (if it is). */
export const SUBJECTS = {
  floor: { command: () => [compile("floor"), []], client: ["--raw"] },
  ws: { command: () => node("ws-naive.mjs"), client: [] },
  "ws deflate": {
    command: () => node("ws-naive.mjs", "--deflate"),
    client: ["--extensions", "permessage-deflate; client_max_window_bits"],
  },
  "socket.io": {
    command: () => node("socketio.mjs"),
    client: ["--path", "/socket.io/?EIO=4&transport=websocket", "--text", "40", "--engine-io"],
  },
  bun: { command: () => [BUN, [here("../peers/bun-pubsub.mjs")]], client: [], missing: bunMissing },
  nchan: { command: () => node("nchan.mjs"), client: ["--path", "/subscribe"], missing: nchanMissing },
  swarmboard: { command: () => node("swarmboard.mjs"), client: [...SESSION, "--text", subscribeText()] },
  // The server of these two is the benchmark's own.
  "classic socket": { client: ["--path", "/ws/blackboard"] },
  "swarmboard dashboard": { client: [...SESSION, "--text", subscribeText(DASHBOARD)] },
  // Each client brings its cursor along, so what it says is the benchmark's.
  "swarmboard resuming": { command: () => node("swarmboard.mjs"), client: SESSION },
  "ws whole state": { command: () => node("ws-state.mjs"), client: ["--ack"] },
  "swarmboard compressed": {
    command: () => node("swarmboard.mjs", "--compress"),
    client: [...SESSION, "--text", subscribeText(), "--extensions", SHARED_DEFLATE],
  },
};

/** Whether the server at a port answers the protocol with its welcome. */
function speaks(port) {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/blackboard?agent=bench-probe`, PROTOCOL);
    const timer = setTimeout(() => end(false), 3000);
    const end = (answer) => {
      clearTimeout(timer);
      socket.terminate();
      resolve(answer);
    };
    socket.on("error", () => end(false));
    socket.on("message", (data) => end(JSON.parse(Buffer.from(data).toString()).method === "welcome"));
  });
}

/** Start a subject, with more arguments than it has by itself. Returns its process, or undefined (and says why) where it is missing. */
export async function startSubject(name, note = console.error, more = []) {
  const { command, missing } = SUBJECTS[name];
  if (missing) {
    note(`${name}: ${missing}; left out`);
    return undefined;
  }
  const [program, args] = command();
  const server = await startLines(program, [...args, ...more]);
  if (name.startsWith("swarmboard") && !(await speaks(server.hello.port))) {
    await server.stop();
    note(`${name}: this build does not speak ${PROTOCOL} yet; left out`);
    return undefined;
  }
  return { ...server, name, port: server.hello.port, pids: server.hello.pids };
}

/** Open sockets to a subject and wait until all of them are open and what they were greeted with has arrived. */
export async function startClients(subject, sockets, more = []) {
  const args = [
    "--port",
    String(subject.port),
    "--sockets",
    String(sockets),
    "--sources",
    "16",
    "--sample",
    String(SAMPLE),
  ];
  const client = await startLines(compile("fan-client"), [...args, ...SUBJECTS[subject.name].client, ...more]);
  if (client.hello.open !== sockets) {
    await client.stop();
    throw new Error(`${subject.name}: only ${client.hello.open} of ${sockets} sockets opened`);
  }
  await quiet(client);
  return client;
}

/** Wait until nothing more arrives, heartbeats aside; returns the last report. */
export async function quiet(client, limitMs = 8000) {
  const until = performance.now() + limitMs;
  let report = await client.ask("report");
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const next = await client.ask("report");
    if (next.news === report.news || performance.now() > until) return next;
    report = next;
  }
}
