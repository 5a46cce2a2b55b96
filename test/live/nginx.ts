// Owns a real nginx with the configuration of docs/nginx.conf.example, as a process of this user in a folder of its own.
// Does not own the configuration: only ports, the name and the certificate are filled in.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const EXAMPLE = fileURLToPath(new URL("../../docs/nginx.conf.example", import.meta.url));
const NGINX = process.env["NGINX_PATH"] ?? ["/usr/sbin/nginx", "/usr/bin/nginx"].find((path) => existsSync(path));

export interface Proxy {
  readonly plainPort: number;
  readonly securePort: number;
  /** Its certificate. */
  readonly ca: Buffer;
  /** What it complained of. */
  readonly errors: () => string;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** End it, and remove its folder. */
  close(): Promise<void>;
}

/** Start it in front of a server's port. `ports` are what `freePorts` found. */
export async function startProxy(
  serverPort: number,
  [plainPort, securePort]: readonly [number, number],
): Promise<Proxy> {
  if (NGINX === undefined)
    throw new Error("nginx was not found: apt-get install nginx, or run npm test, which does so.");
  const program = NGINX;
  const folder = mkdtempSync(join(tmpdir(), "swarmboard-nginx-"));
  const at = (name: string): string => join(folder, name);
  makeCertificate(at("cert.pem"), at("key.pem"));
  writeFileSync(
    at("swarmboard.conf"),
    filledIn(readFileSync(EXAMPLE, "utf8"), [
      ["server 127.0.0.1:8000;", `server 127.0.0.1:${serverPort};`],
      ["listen 80;", `listen 127.0.0.1:${plainPort};`],
      ["listen 443 ssl;", `listen 127.0.0.1:${securePort} ssl;`],
      ["server_name board.example;", "server_name localhost;"],
      ["/etc/nginx/board.example.crt", at("cert.pem")],
      ["/etc/nginx/board.example.key", at("key.pem")],
    ]),
  );
  const bodies = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${at(name)};`);
  writeFileSync(
    at("nginx.conf"),
    [
      // Its workers would be nobody, who cannot reach this folder.
      process.getuid?.() === 0 ? "user root;" : "",
      `daemon off; worker_processes 1; pid ${at("pid")}; error_log ${at("error.log")} warn;`,
      "events {}",
      `http { access_log off; ${bodies.join(" ")} include ${at("swarmboard.conf")}; }`,
    ].join("\n"),
  );
  let child: ChildProcess | undefined;
  const errors = (): string => (existsSync(at("error.log")) ? readFileSync(at("error.log"), "utf8") : "");
  const proxy: Proxy = {
    plainPort,
    securePort,
    ca: readFileSync(at("cert.pem")),
    errors,
    async start() {
      const starting = spawn(program, ["-p", folder, "-e", at("error.log"), "-c", at("nginx.conf")], {
        stdio: "inherit",
      });
      child = starting;
      for (let tries = 0; !(await isListening(securePort)); tries++) {
        if (starting.exitCode !== null || tries > 500) throw new Error(`nginx did not start:\n${errors()}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async stop() {
      if (child === undefined || child.exitCode !== null) return;
      const ended = once(child, "exit");
      // At once, whoever is connected.
      child.kill("SIGTERM");
      await ended;
    },
    async close() {
      await proxy.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await proxy.start();
  return proxy;
}

/** Two ports that nobody listens at. */
export async function freePorts(): Promise<[number, number]> {
  const servers = [net.createServer(), net.createServer()];
  for (const server of servers) await once(server.listen(0, "127.0.0.1"), "listening");
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  for (const server of servers) await once(server.close(), "close");
  return [ports[0] ?? 0, ports[1] ?? 0];
}

function filledIn(text: string, changes: readonly (readonly [string, string])[]): string {
  let filled = text;
  for (const [from, to] of changes) {
    if (!filled.includes(from)) throw new Error(`docs/nginx.conf.example holds no ${JSON.stringify(from)}`);
    filled = filled.replace(from, to);
  }
  return filled;
}

function makeCertificate(cert: string, key: string): void {
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const made = spawnSync("openssl", ["req", "-x509", ...kind, ...subject, "-keyout", key, "-out", cert]);
  if (made.status !== 0) throw new Error(`openssl made no certificate: ${String(made.error ?? made.stderr)}`);
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => resolve(socket.destroy() !== undefined));
    socket.on("error", () => resolve(false));
  });
