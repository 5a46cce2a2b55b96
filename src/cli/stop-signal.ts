// Owns hearing that the program should end. Does not own what ends then.

import { performance } from "node:perf_hooks";

/** npm passes a Ctrl-C on although the terminal has sent it already: what follows so soon is the same request. */
const SAME_REQUEST_MS = 1000;

/** Resolves with the name of the first SIGINT, SIGTERM or SIGHUP. A later SIGINT ends the process at once. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let askedAt: number | undefined;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (askedAt === undefined) {
        askedAt = performance.now();
        resolve(signal);
      } else if (signal === "SIGINT" && performance.now() - askedAt > SAME_REQUEST_MS) process.exit(130);
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  });
}

/** End the process as the signal does by itself, even while the disk keeps a thread waiting. */
export function endBySignal(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
