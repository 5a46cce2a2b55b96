// Owns the sockets that the page's client opens: what the seed's console says of them, and which one is the present one.
// Does not own reconnecting (client/). Invariant: it adds listeners only, so a reader's own `ws.onmessage` harms nothing.

import type { WebSocketClass } from "../../client/index.ts";

export interface PageSockets {
  /** For the client's option of that name. */
  readonly WebSocket: WebSocketClass;
  /** The newest socket, whatever became of it; undefined before the first. */
  readonly newest: () => WebSocket | undefined;
}

export function createPageSockets(): PageSockets {
  let newest: WebSocket | undefined;
  let tried = false;

  /** Called with `new`: a constructor that gives back an object is one that makes that object. */
  function PageSocket(url: string, protocols: string[]): WebSocket {
    if (tried) console.log("Attempting to reconnect...");
    tried = true;
    console.log(`Connecting to WebSocket: ${url.replace(/\?.*$/, "")}`);
    const socket = new WebSocket(url, protocols);
    socket.addEventListener("open", () => console.log("WebSocket connected"));
    newest = socket;
    return socket;
  }
  return { WebSocket: PageSocket as unknown as WebSocketClass, newest: () => newest };
}
