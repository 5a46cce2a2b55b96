// Owns a stretch of network between a client and a server of the same machine, which can be cut, mended, or deaf to sockets.
// Does not own what goes over it. Everything is ended by `close`.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Relay {
  readonly url: string;
  /** Ends what is open, and refuses what comes until `mend`. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

/** `sockets: false`: requests pass, but no WebSocket opens, as behind some proxies. */
export async function createRelay(target: string, { sockets = true } = {}): Promise<Relay> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) return near.destroy();
    const far = connect(Number(port), hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.on("error", () => undefined);
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
    }
    near.on("data", (chunk: Buffer) => {
      if (!sockets && /^upgrade: *websocket/im.test(chunk.toString("latin1"))) near.destroy();
      else far.write(chunk);
    });
    return far.pipe(near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => {
    isCut = true;
    for (const one of open) one.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    mend() {
      isCut = false;
    },
    async close() {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}
