// Owns the peer nchan: Debian's nginx with the module, one worker, its configuration in a folder that goes away again.
// This process only publishes to it; what counts is nginx's CPU, in which one request a change is little beside the deliveries.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serveControl } from "./control.mjs";

const MODULE = "/usr/lib/nginx/modules/ngx_nchan_module.so";
const probe = net.createServer().listen(0, "127.0.0.1");
await new Promise((resolve) => probe.once("listening", resolve));
const { port } = probe.address();
await new Promise((resolve) => probe.close(resolve));

const dir = mkdtempSync(join(tmpdir(), "swarmboard-nchan-"));
writeFileSync(
  join(dir, "nginx.conf"),
  `load_module ${MODULE};
daemon off; master_process off; pid ${dir}/pid; error_log ${dir}/error.log crit;
events { worker_connections 19000; }
http {
  access_log off; client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy; fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi; scgi_temp_path ${dir}/scgi;
  client_body_buffer_size 64k; keepalive_requests 1000000; nchan_shared_memory_size 128M;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /subscribe { nchan_subscriber websocket; nchan_channel_id board; nchan_subscriber_first_message newest; }
    location = /publish { nchan_publisher; nchan_channel_id board; nchan_message_buffer_length 1; }
  }
}
`,
);
const nginx = spawn("nginx", ["-c", join(dir, "nginx.conf"), "-p", dir], { stdio: ["ignore", "inherit", "inherit"] });
process.once("exit", () => {
  nginx.kill("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});
nginx.once("exit", () => process.exit(1));
for (let attempt = 0; ; attempt++) {
  const socket = net.connect(port, "127.0.0.1");
  const up = await new Promise((resolve) =>
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false)),
  );
  socket.destroy();
  if (up) break;
  if (attempt > 100) throw new Error("nginx did not start");
  await new Promise((resolve) => setTimeout(resolve, 50));
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let under = 0;
let refused = 0;
serveControl({
  port,
  pids: [nginx.pid],
  publish(value) {
    const body = JSON.stringify(value);
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    under++;
    const publishing = request(
      { port, host: "127.0.0.1", path: "/publish", method: "POST", agent, headers },
      (answer) => {
        answer.resume().on("end", () => under--);
        if (answer.statusCode >= 300) refused++;
      },
    );
    publishing.on("error", () => {
      refused++;
      under--;
    });
    publishing.end(body);
  },
  async settled() {
    while (under > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    return { refused };
  },
});
