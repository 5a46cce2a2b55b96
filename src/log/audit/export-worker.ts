// Owns the thread that makes an export of a board for a running server: reading and hashing a whole log would hold up its requests.
// Does not own the export (export.ts). Bounded: the next pieces are made when the ones before were taken.

import { once } from "node:events";
import { parentPort, workerData } from "node:worker_threads";
import { exportBoard, type ExportOptions } from "./export.ts";

/** What comes from the thread. Bytes of several pieces come together. */
export type ExportReply =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "end" }
  | { readonly kind: "failed"; readonly message: string };

export interface ExportOrder extends Pick<ExportOptions, "from" | "to"> {
  readonly dir: string;
  readonly board: string;
}

const CHUNK_BYTES = 262_144;
const port = parentPort;
if (port === null) throw new Error("export-worker runs as a worker only");
const { dir, board, ...options } = workerData as ExportOrder;
const send = (reply: ExportReply): void => port.postMessage(reply);

async function run(): Promise<void> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (bytes === 0) return;
    send({ kind: "bytes", bytes: Buffer.concat(pieces, bytes) });
    pieces = [];
    bytes = 0;
    // Asked for by the taker.
    if (port !== null) await once(port, "message");
  };
  for await (const piece of exportBoard(dir, board, options)) {
    // The piece's memory is used again for the next one.
    pieces.push(Buffer.from(piece));
    bytes += piece.length;
    if (bytes >= CHUNK_BYTES) await flush();
  }
  await flush();
}

run().then(
  () => {
    send({ kind: "end" });
    port.close();
  },
  (error: unknown) => {
    send({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    port.close();
  },
);
