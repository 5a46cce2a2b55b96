// Owns reading WebSocket frames (RFC 6455, section 5.2) from bytes that come in pieces cut anywhere.
// Does not own what they hold. Written apart from the server's own writer, so that a mistake there is seen.

export type WireFrame =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "bytes"; readonly bytes: Buffer }
  | { readonly kind: "close"; readonly code: number; readonly reason: string }
  | { readonly kind: "ping" | "pong" };

const NOTHING: Buffer = Buffer.alloc(0);

export function createFrameReader(): (piece: Buffer) => WireFrame[] {
  let held = NOTHING;

  /** The frame at the beginning of what is held, if all of it is there. */
  function take(): WireFrame | undefined {
    if (held.length < 2) return undefined;
    const first = held[0] as number;
    const short = held[1] as number;
    if (short > 127) throw new Error("a masked frame");
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (held.length < head) return undefined;
    const length = head === 2 ? short : head === 4 ? held.readUInt16BE(2) : Number(held.readBigUInt64BE(2));
    if (held.length < head + length) return undefined;
    const payload = held.subarray(head, head + length);
    held = held.subarray(head + length);
    switch (first) {
      case 0x81:
        return { kind: "text", text: payload.toString("utf8") };
      case 0x82:
        return { kind: "bytes", bytes: payload };
      case 0x88: {
        const code = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
        return { kind: "close", code, reason: payload.subarray(2).toString("utf8") };
      }
      case 0x89:
        return { kind: "ping" };
      case 0x8a:
        return { kind: "pong" };
      default:
        throw new Error(`a frame that begins with ${first}`);
    }
  }

  return (piece) => {
    held = held.length === 0 ? piece : Buffer.concat([held, piece]);
    const frames: WireFrame[] = [];
    for (let frame = take(); frame !== undefined; frame = take()) frames.push(frame);
    return frames;
  };
}

function frame(first: number, payload: Buffer): Buffer {
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.from([first, length]), payload]);
  const head = Buffer.alloc(length < 65_536 ? 4 : 10);
  head[0] = first;
  head[1] = length < 65_536 ? 126 : 127;
  if (length < 65_536) head.writeUInt16BE(length, 2);
  else head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

export const textBytes = (text: string): Buffer => frame(0x81, Buffer.from(text));
export const dataBytes = (bytes: Buffer): Buffer => frame(0x82, bytes);
export const PING = frame(0x89, NOTHING);
export const PONG = frame(0x8a, NOTHING);

export function closeBytes(code: number, reason: string): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code, 0);
  return frame(0x88, Buffer.concat([payload, Buffer.from(reason).subarray(0, 123)]));
}
