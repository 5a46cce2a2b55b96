import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { isPrivateAddress, MAX_ANSWER_BYTES, OutboundError, parseOutboundUrl, postOutbound } from "./outbound.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

async function listening(handler: RequestListener): Promise<number> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return (server.address() as AddressInfo).port;
}

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let text = "";
  for await (const part of request) text += String(part);
  return text;
};

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "none";
  } catch (error) {
    return error instanceof OutboundError ? error.code : String(error);
  }
};

const message = { body: "x", headers: { "Content-Type": "text/plain" } };
const LOOPBACK = { address: "127.0.0.1", family: 4 };

describe("which addresses are private", () => {
  it.each([
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.127.255.255",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "::ffff:8.8.8.8",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:1::1",
    "2001:db8::1",
    "",
    "localhost",
    "1.2.3",
  ])("L10: %j is not reached", (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each(["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450::1"])(
    "%s is public",
    (address) => {
      expect(isPrivateAddress(address)).toBe(false);
    },
  );
});

describe("L10: an address that a user named", () => {
  it.each([
    "http://127.0.0.1/",
    "http://0x7f.1/",
    "http://2130706433/",
    "http://017700000001/",
    "http://[::1]/",
    "http://[::ffff:10.0.0.1]/",
    "https://169.254.169.254/latest/meta-data",
    "http://127.1:8000/",
  ])("%s is refused as private in any form", (text) => {
    expect(() => parseOutboundUrl(text)).toThrow(expect.objectContaining({ code: "private_address", retry: false }));
    expect(parseOutboundUrl(text, { allowPrivate: true }).protocol).toMatch(/^https?:$/);
  });

  it.each(["", "nonsense", "ftp://example.com/", "file:///etc/passwd", "https://user:secret@example.com/"])(
    "%j is no address to send to",
    (text) => {
      expect(() => parseOutboundUrl(text, { allowPrivate: true })).toThrow(
        expect.objectContaining({ code: "bad_url" }),
      );
    },
  );

  it("a name that leads into a private network is refused without a connection, also if only one of its addresses does", async () => {
    let reached = 0;
    const port = await listening((_request, response) => {
      reached++;
      response.end();
    });
    const url = parseOutboundUrl(`http://board.example:${port}/`);
    for (const addresses of [[LOOPBACK], [{ address: "8.8.8.8", family: 4 }, LOOPBACK]]) {
      expect(await codeOf(postOutbound(url, message, { resolve: async () => addresses }))).toBe("private_address");
    }
    expect(reached).toBe(0);
  });

  it("a name is resolved once, and the connection goes to what was checked (DNS rebinding)", async () => {
    let asked = 0;
    const port = await listening((_request, response) => void response.end("here"));
    const url = parseOutboundUrl(`http://board.example:${port}/`);
    const resolve = async () => (asked++ === 0 ? [LOOPBACK] : [{ address: "192.0.2.1", family: 4 }]);
    const answer = await postOutbound(url, message, { allowPrivate: true, resolve });
    expect(answer).toMatchObject({ status: 200, body: "here" });
    expect(asked).toBe(1);
  });

  it("redirects are not followed", async () => {
    let reached = 0;
    const port = await listening((request, response) => {
      reached++;
      response.writeHead(request.url === "/" ? 302 : 200, { Location: "/else" }).end();
    });
    const url = new URL(`http://127.0.0.1:${port}/`);
    expect(await codeOf(postOutbound(url, message, { allowPrivate: true }))).toBe("redirected");
    expect(reached).toBe(1);
  });
});

describe("what is sent and answered", () => {
  it("the body and headers arrive as they are, under the name that was asked for", async () => {
    let got: unknown;
    const port = await listening((request, response) => {
      void bodyOf(request).then((body) => {
        got = { body, host: request.headers.host, kind: request.headers["x-kind"], method: request.method };
        response.writeHead(503, { "Retry-After": "7" }).end("later");
      });
    });
    const url = parseOutboundUrl(`http://board.example:${port}/hook?a=1`);
    const policy = { allowPrivate: true, resolve: async () => [LOOPBACK] };
    const answer = await postOutbound(url, { body: "größe", headers: { "X-Kind": "test" } }, policy);
    expect(answer).toStrictEqual({ status: 503, retryAfterMs: 7000, body: "later" });
    expect(got).toStrictEqual({ body: "größe", host: `board.example:${port}`, kind: "test", method: "POST" });
  });

  it("L6: no more of an answer is read than MAX_ANSWER_BYTES", async () => {
    const port = await listening((_request, response) => {
      const more = (): void => {
        if (!response.destroyed && response.write("x".repeat(4096))) setImmediate(more);
        else response.once("drain", more);
      };
      more();
    });
    const answer = await postOutbound(new URL(`http://127.0.0.1:${port}/`), message, { allowPrivate: true });
    expect(answer.body).toHaveLength(MAX_ANSWER_BYTES);
  });

  it("L6: a resolver, a connection or an answer that hangs ends at the timeout, and may be tried again", async () => {
    const port = await listening(() => undefined);
    const url = new URL(`http://board.example:${port}/`);
    const short = { ...message, timeoutMs: 50 };
    const hanging = { allowPrivate: true, resolve: () => new Promise<never>(() => undefined) };
    const silent = { allowPrivate: true, resolve: async () => [LOOPBACK] };
    for (const policy of [hanging, silent]) {
      await expect(postOutbound(url, short, policy)).rejects.toMatchObject({ code: "timeout", retry: true });
    }
  });

  it("a server that stops takes its requests along, and nobody listening is told as such", async () => {
    const port = await listening(() => undefined);
    const stop = new AbortController();
    const url = new URL(`http://127.0.0.1:${port}/`);
    const sent = postOutbound(url, { ...message, signal: stop.signal }, { allowPrivate: true });
    setTimeout(() => stop.abort(), 20);
    expect(await codeOf(sent)).toBe("failed");
    expect(await codeOf(postOutbound(url, { ...message, signal: stop.signal }, { allowPrivate: true }))).toBe("failed");
    const nowhere = new URL("http://nowhere.invalid/");
    const resolve = async () => Promise.reject(new Error("ENOTFOUND"));
    expect(await codeOf(postOutbound(nowhere, message, { resolve }))).toBe("unresolved");
    expect(await codeOf(postOutbound(nowhere, message, { resolve: async () => [] }))).toBe("unresolved");
    expect(await codeOf(postOutbound(new URL("http://127.0.0.1:1/"), message, { allowPrivate: true }))).toBe("failed");
  });
});
