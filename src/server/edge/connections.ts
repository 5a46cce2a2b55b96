// Owns the count of open connections, per address and in all (law L6). HTTP keep-alive and sockets count alike.
// Does not answer anyone: who is over the limit gets one answer from the listener, and a hard bound cuts the rest off.

import type { Socket } from "node:net";

export interface ConnectionLimits {
  readonly perIp: number;
  readonly total: number;
}

export interface Connections {
  /** Count a new connection. False if it is over a limit and may only be told so. */
  admit(socket: Socket): boolean;
  admitted(socket: Socket): boolean;
  /** Admitted connections of an address. */
  countOf(ip: string): number;
  readonly total: number;
}

/** Connections over the limit that may wait for their answer, per address and in all. Beyond: cut off at once. */
const OVERFLOW_PER_IP = 16;
const OVERFLOW_TOTAL = 256;
/** An overflow connection that has not asked anything by then is cut off. */
const OVERFLOW_MS = 5000;

/** The address of a socket, with IPv4 in its own form. */
export const ipOf = (socket: Socket): string => (socket.remoteAddress ?? "unknown").replace(/^::ffff:/, "");

export function createConnections(limits: ConnectionLimits): Connections {
  const perIp = new Map<string, number>();
  const overflow = new Map<string, number>();
  const inside = new WeakSet<Socket>();
  let total = 0;
  let over = 0;
  const bump = (counts: Map<string, number>, ip: string, by: 1 | -1): void => {
    const next = (counts.get(ip) ?? 0) + by;
    if (next === 0) counts.delete(ip);
    else counts.set(ip, next);
  };

  return {
    admit(socket) {
      const ip = ipOf(socket);
      if (total < limits.total && (perIp.get(ip) ?? 0) < limits.perIp) {
        total++;
        bump(perIp, ip, 1);
        inside.add(socket);
        socket.once("close", () => {
          total--;
          bump(perIp, ip, -1);
        });
        return true;
      }
      if (over >= OVERFLOW_TOTAL || (overflow.get(ip) ?? 0) >= OVERFLOW_PER_IP) {
        socket.destroy();
        return false;
      }
      over++;
      bump(overflow, ip, 1);
      const timer = setTimeout(() => socket.destroy(), OVERFLOW_MS);
      timer.unref();
      socket.once("close", () => {
        clearTimeout(timer);
        over--;
        bump(overflow, ip, -1);
      });
      return false;
    },
    admitted: (socket) => inside.has(socket),
    countOf: (ip) => perIp.get(ip) ?? 0,
    get total() {
      return total;
    },
  };
}
