// Guards how frames get onto a socket: in order whichever way they go, and that what waits is told (laws L3 and L6).

import { once } from "node:events";
import { createServer, type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import { canWriteDirectly, writeDirectly } from "./direct-write.ts";
import { Frame, textFrame } from "./frame.ts";
import { SocketTransport } from "./socket-transport.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Two ends of a TCP connection. */
async function pair(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const far = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [near] = (await once(server, "connection")) as [Socket];
  closers.push(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

/** What a transport needs of `ws` while it only sends. */
const wsOf = (): WebSocket => ({ extensions: "", once: () => undefined }) as unknown as WebSocket;

async function read(far: Socket, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of far as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= bytes) break;
  }
  return Buffer.concat(chunks);
}

const page = (n: number, size: number): Frame => new Frame("sync", JSON.stringify({ n, pad: "x".repeat(size) }), n);

describe("frames on a socket", () => {
  it("this Node can be written to below its streams", async () => {
    const { near } = await pair();
    expect(canWriteDirectly(near)).toBe(true);
  });

  it("arrive in order, below the stream, in it and held, while the peer does not read and after", async () => {
    const { near, far } = await pair();
    far.pause();
    const transport = new SocketTransport(wsOf(), near);
    let drained = 0;
    transport.onDrain = () => drained++;
    const frames: Frame[] = [];
    const sent: Buffer[] = [];
    for (let n = 0; n < 120; n++) {
      const frame = page(n, n % 3 === 0 ? 200 : 150_000);
      if (n % 10 === 0) transport.hold();
      transport.push(frame);
      frames.push(frame);
      sent.push(frame.socketBytes(false));
      if (n % 10 === 0) transport.release();
      if (n % 7 === 0) {
        transport.reply(`{"answer":${n}}`);
        sent.push(textFrame(`{"answer":${n}}`));
      }
    }
    expect(transport.waitingBytes).toBeGreaterThan(1_000_000);
    const whole = Buffer.concat(sent);
    const got = await read(far, whole.length);
    expect(got.equals(whole)).toBe(true);
    expect(drained).toBeGreaterThan(0);
    expect(transport.waitingBytes).toBe(0);
  });

  it("one frame that the kernel does not take whole waits, and is said to have gone once it has", async () => {
    const { near, far } = await pair();
    far.pause();
    const transport = new SocketTransport(wsOf(), near);
    const drained = new Promise<void>((resolve) => {
      transport.onDrain = resolve;
    });
    const size = transport.push(page(1, 8_000_000));
    expect(transport.waitingBytes).toBe(size);
    const got = await read(far, size);
    await drained;
    expect(got.length).toBe(size);
    expect(transport.waitingBytes).toBe(0);
  });

  it("a write that fails ends the socket, and one to a socket that is gone does nothing", async () => {
    const { near, far } = await pair();
    near.on("error", () => undefined);
    const closed = new Promise((resolve) => {
      near.on("close", resolve);
    });
    far.resetAndDestroy();
    for (let n = 0; n < 50 && !near.destroyed; n++) {
      writeDirectly(near, textFrame("x"), () => undefined);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await closed;
    expect(writeDirectly(near, textFrame("x"), () => undefined)).toBe(true);
  });
});
