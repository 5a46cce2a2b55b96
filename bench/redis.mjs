// Owns the peer of the log benchmark: Debian's Redis with the append-only file synced on every write.
// Commands go over one pipelined connection, so that Redis groups them as it likes.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";

export async function startRedis(dir) {
  const program = ["/usr/bin/redis-server", "/usr/local/bin/redis-server"].find((path) => existsSync(path));
  if (program === undefined) return undefined;
  const socketPath = join(dir, "redis.sock");
  const options = { port: 0, unixsocket: socketPath, dir, appendonly: "yes", appendfsync: "always", save: "" };
  const child = spawn(
    program,
    Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
    { stdio: "ignore" },
  );
  for (let attempt = 0; !existsSync(socketPath); attempt++) {
    if (attempt > 100) throw new Error("redis-server did not start");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const socket = net.connect(socketPath);
  await new Promise((resolve) => socket.once("connect", resolve));
  const waiting = [];
  let out = "";
  let partial = "";
  socket.setEncoding("latin1");
  socket.on("data", (text) => {
    // A reply to XADD is `$<length>\r\n<id>\r\n`: two lines.
    const lines = (partial + text).split("\r\n");
    partial = lines.length % 2 === 0 ? `${lines.at(-2)}\r\n${lines.at(-1)}` : lines.at(-1);
    for (let i = 0; i + 2 < lines.length + (lines.length % 2 === 0 ? 0 : 1); i += 2) waiting.shift()?.();
  });
  return {
    xadd(body, done) {
      if (out === "")
        setImmediate(() => {
          socket.write(out);
          out = "";
        });
      waiting.push(done);
      out += `*5\r\n$4\r\nXADD\r\n$1\r\ns\r\n$1\r\n*\r\n$1\r\nv\r\n$${body.length}\r\n${body}\r\n`;
    },
    close() {
      socket.destroy();
      child.kill("SIGKILL");
    },
  };
}
