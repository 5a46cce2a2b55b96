// Owns writing a buffer to a TCP socket below its stream: the same call that Node's stream makes, without a request and
// a turn of bookkeeping per write, which costs as much again as the system call's own share of the processor's caches.
// Does not own order: the caller writes so only where the stream holds nothing, and one buffer at a time.
// Node has no public way to it. Where it cannot be had (another runtime, a permission model), `canWriteDirectly` is false.

import type { Socket } from "node:net";
import { getSystemErrorName } from "node:util";

/** Of Node's binding `stream_wrap`, as its own lib/internal/stream_base_commons.js uses it. */
interface WriteRequest {
  oncomplete?: (status: number) => void;
  /** Keeps the bytes while they wait. */
  buffer?: Buffer;
}
interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  readonly streamBaseState: ArrayLike<number>;
  readonly kLastWriteWasAsync: number;
}
interface StreamHandle {
  /** Returns a negative error number, or 0. */
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
}

const binding = readBinding();
/** A request that the kernel took at once was not used, and serves again, for any socket. */
let spare: WriteRequest | undefined;

function readBinding(): StreamBinding | undefined {
  try {
    const of = process as { readonly binding?: (name: string) => Partial<StreamBinding> };
    const { WriteWrap, streamBaseState, kLastWriteWasAsync } = of.binding?.("stream_wrap") ?? {};
    if (typeof WriteWrap !== "function" || typeof kLastWriteWasAsync !== "number" || streamBaseState === undefined)
      return undefined;
    return { WriteWrap, streamBaseState, kLastWriteWasAsync };
  } catch {
    return undefined;
  }
}

const handleOf = (socket: Socket): StreamHandle | null | undefined =>
  // oxlint-disable-next-line no-underscore-dangle -- Node's name for it
  (socket as { readonly _handle?: StreamHandle | null })._handle;

export const canWriteDirectly = (socket: Socket): boolean =>
  binding !== undefined && typeof handleOf(socket)?.writeBuffer === "function";

/**
 * Write to a socket that can be written to directly, and whose stream holds nothing.
 * Returns true if the kernel has taken all of it; otherwise `taken` is called once it has, or the socket is gone.
 */
export function writeDirectly(socket: Socket, bytes: Buffer, taken: () => void): boolean {
  const handle = handleOf(socket);
  if (binding === undefined || handle === null || handle === undefined) return true;
  const request = spare ?? new binding.WriteWrap();
  spare = undefined;
  const error = handle.writeBuffer(request, bytes);
  if (error !== 0) {
    failed(socket, error);
    return true;
  }
  if (binding.streamBaseState[binding.kLastWriteWasAsync] === 0) {
    spare = request;
    return true;
  }
  request.buffer = bytes;
  request.oncomplete = (status) => {
    if (status < 0) failed(socket, status);
    taken();
  };
  return false;
}

/** As the stream does it: `error` and `close` follow. */
function failed(socket: Socket, errno: number): void {
  if (!socket.destroyed) socket.destroy(new Error(`write failed: ${getSystemErrorName(errno)}`));
}
