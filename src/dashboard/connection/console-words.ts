// Owns the two names that a reader may use in the browser's console: `ws` and `connectWebSocket()`.
// Does not own the socket (link.ts). `ws` is a getter, so it is always the present one.

import type { Link } from "./link.ts";

/** Puts `ws` and `connectWebSocket` on the window, as the page's documentation promises. Returns how to take them back. */
export function offerConsoleWords(link: Link): () => void {
  Object.defineProperty(window, "ws", { configurable: true, enumerable: true, get: () => link.socket() });
  Object.defineProperty(window, "connectWebSocket", {
    configurable: true,
    enumerable: true,
    value: () => link.reconnect(),
  });
  return () => {
    Reflect.deleteProperty(window, "ws");
    Reflect.deleteProperty(window, "connectWebSocket");
  };
}
