// Owns the near end of an export that can be verified: its thread, taken piece by piece. Does not own what is in it (log/audit/export).
// Whoever stops taking ends the thread.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { ExportOrder, ExportReply } from "../log/audit/export-worker.ts";

const WORKER = new URL("../log/audit/export-worker.js", import.meta.url);

/** The bytes of an export file. Throws where the log cannot be read, or has no such records. */
export async function* proofExport(order: ExportOrder): AsyncGenerator<Uint8Array, void> {
  const worker = new Worker(WORKER, { workerData: order });
  try {
    for (;;) {
      const [reply] = (await once(worker, "message")) as [ExportReply];
      if (reply.kind === "end") return;
      if (reply.kind === "failed") throw new Error(reply.message);
      yield reply.bytes;
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage("more");
    }
  } finally {
    await worker.terminate();
  }
}
