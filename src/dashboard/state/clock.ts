// Owns the one timer that lets times on the screen move on, and the hook that reads it.
// Does not own the server's clock offset (screen-store.ts). A component is drawn again only when its own text changes.

import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** A page that was hidden or frozen has timers that are late: what it shows of time is put right before anything else. */
function tick(): void {
  for (const each of listeners) each();
}
document.addEventListener("visibilitychange", tick);
document.addEventListener("resume", tick);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, 500);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** What `read` makes of the present time, kept up to date. It must return a primitive. */
export function useClock<T extends string | number | boolean>(read: (nowMs: number) => T): T {
  return useSyncExternalStore(subscribe, () => read(Date.now()));
}
