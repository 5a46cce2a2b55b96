// Owns the two names that a reader may use in the browser's console: `ws` and `connectWebSocket()`.
// Does not own the socket (page-socket.ts). `ws` is a getter, so it is always the present one.

/** Puts `ws` and `connectWebSocket` on the window, as the page's documentation promises. */
export function offerConsoleWords(socket: () => WebSocket | undefined, reconnect: () => void): void {
  Object.defineProperty(window, "ws", { configurable: true, enumerable: true, get: socket });
  Object.defineProperty(window, "connectWebSocket", { configurable: true, enumerable: true, value: () => reconnect() });
}
