// Owns answers that are given before or beside the framework: refused heads, refused upgrades, broken requests.
// Invariant: each carries the security headers, a coded problem, and ends the connection.

import { STATUS_CODES, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Code } from "../../protocol/index.ts";
import { problemOf, type RefusalFacts, retryAfterSeconds } from "../problem.ts";
import { SECURITY_HEADERS } from "./headers.ts";

export function refuseResponse(response: ServerResponse, code: Code, told: RefusalFacts = {}): void {
  const problem = problemOf(code, told);
  const wait = retryAfterSeconds(problem);
  if (wait !== undefined) response.setHeader("Retry-After", wait);
  response.writeHead(problem.status, { "Content-Type": "application/problem+json", Connection: "close" });
  response.end(JSON.stringify(problem));
}

/** How long a refused peer may take to read its answer. */
const LINGER_MS = 1000;

export function refuseSocket(socket: Duplex, code: Code, told: RefusalFacts = {}): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const problem = problemOf(code, told);
  const wait = retryAfterSeconds(problem);
  const body = JSON.stringify(problem);
  const head = {
    ...SECURITY_HEADERS,
    ...(wait === undefined ? {} : { "Retry-After": String(wait) }),
    "Content-Type": "application/problem+json",
    "Content-Length": String(Buffer.byteLength(body)),
    Connection: "close",
  };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ""}\r\n${lines.join("")}\r\n${body}`);
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
  socket.once("close", () => clearTimeout(timer));
}
