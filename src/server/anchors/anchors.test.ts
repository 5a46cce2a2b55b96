import { appendFile, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseCheckpoints } from "../../log/checkpoint.ts";
import { appendNote } from "./anchor-file.ts";
import { AnchorError, createAnchorQueue } from "./anchor-queue.ts";
import { createAnchors } from "./anchors.ts";

const ends: (() => Promise<unknown>)[] = [];
let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "swarmboard-anchors-"));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await rm(dir, { recursive: true, force: true });
});
const until = async (condition: () => boolean): Promise<void> => {
  for (const end = Date.now() + 5000; !condition();) {
    if (Date.now() > end) throw new Error("waited too long");
    await new Promise((done) => setTimeout(done, 2));
  }
};
const ROOT = Buffer.alloc(32).toString("base64");
const SIGNATURE = Buffer.alloc(68).toString("base64");
const note = (size: number, board = "b"): string =>
  `swarmboard/${board}/e\n${size}\n${ROOT}\n\n— swarmboard/${board}/e ${SIGNATURE}\n`;
const sizesIn = (text: string): number[] => parseCheckpoints(text).checkpoints.map(({ size }) => size);

async function listening(handler: RequestListener): Promise<string> {
  const server: Server = createServer(handler);
  ends.push(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/checkpoints?token=hunter2`;
}

describe("an anchor file", () => {
  it("holds every note once, in order, also over a note that a crash cut off", async () => {
    const path = join(dir, "anchors.txt");
    await appendNote(path, note(1));
    await appendNote(path, note(2));
    await appendNote(path, note(2));
    await appendFile(path, note(3).slice(0, 40));
    await appendNote(path, note(4));
    const text = await readFile(path, "utf8");
    expect(sizesIn(text)).toStrictEqual([1, 2, 4]);
    expect(parseCheckpoints(text).others).toBe(1);
    expect(text.startsWith(`${note(1)}\n${note(2)}\n`)).toBe(true);
  });

  it("law L6: beyond its bound it goes aside, and the file aside is replaced", async () => {
    const path = join(dir, "anchors.txt");
    for (let size = 1; size <= 10; size++) await appendNote(path, note(size), 500);
    expect((await stat(path)).size).toBeLessThan(600);
    expect(
      sizesIn(await readFile(`${path}.1`, "utf8"))
        .concat(sizesIn(await readFile(path, "utf8")))
        .at(-1),
    ).toBe(10);
  });

  it("a file that cannot be written is a warning, and is tried again", async () => {
    const path = join(dir, "later/anchors.txt");
    const said: string[] = [];
    const anchors = createAnchors({ file: path }, { warn: (_: unknown, text: string) => said.push(text) } as never, 2);
    anchors.offer(note(1));
    await until(() => anchors.warnings()["anchor-file"] !== undefined);
    expect(anchors.warnings()["anchor-file"]).toMatch(/ENOENT.*; 1 wait$/);
    const { mkdir } = await import("node:fs/promises");
    await mkdir(join(dir, "later"));
    await until(() => anchors.warnings()["anchor-file"] === undefined);
    await anchors.close(100);
    expect(sizesIn(await readFile(path, "utf8"))).toStrictEqual([1]);
    expect(said.at(-1)).toBe("checkpoints are anchored again");
  });
});

describe("an anchor address", () => {
  it("gets each note, in order, however often it fails in between; what it will never take is left out", async () => {
    const answers = [503, 200, 429, 500, 200, 403, 200];
    const got: string[] = [];
    const url = await listening((request, response) => {
      let body = "";
      request.on("data", (part) => (body += String(part)));
      request.on("end", () => {
        const status = answers.shift() ?? 200;
        got.push(`${status} ${sizesIn(body).join()} ${String(request.headers["content-type"])}`);
        response.writeHead(status).end();
      });
    });
    const said: string[] = [];
    const log = { warn: (facts: unknown, text: string) => said.push(JSON.stringify(facts) + text) } as never;
    const anchors = createAnchors({ url, allowPrivate: true }, log, 1);
    for (const size of [1, 2, 3, 4]) anchors.offer(note(size));
    await until(() => got.length === 7);
    await anchors.close(1000);
    expect(got.map((one) => one.split(" ").slice(0, 2).join(" "))).toStrictEqual([
      "503 1",
      "200 1",
      "429 2",
      "500 2",
      "200 2",
      "403 3",
      "200 4",
    ]);
    expect(got[0]).toContain("text/plain; charset=utf-8");
    expect(said.join()).not.toContain("hunter2");
  });

  it("L10: one in a private network is refused at the start, unless it is allowed", () => {
    for (const url of ["http://127.0.0.1:1/", "http://[::1]/", "http://169.254.169.254/"]) {
      expect(() => createAnchors({ url }, { warn: () => undefined } as never)).toThrow("--anchor-allow-private");
    }
    expect(() => createAnchors({ url: "https://me:secret@example.com/" }, { warn: () => undefined } as never)).toThrow(
      /^(?!.*secret@).*holds a user or a password/,
    );
  });
});

describe("the queue of an anchor", () => {
  it("law L6: holds so many; the older go, the newest comes through, and the pause doubles up to its bound", async () => {
    let isUp = false;
    const got: string[] = [];
    const queue = createAnchorQueue({
      deliver: async (one) => {
        if (!isUp) throw new AnchorError("down", false);
        got.push(one);
      },
      notice: () => undefined,
      firstPauseMs: 5,
    });
    for (let n = 0; n < 1000; n++) queue.offer(String(n));
    await until(() => queue.problem !== undefined);
    expect(queue.waiting).toBe(256);
    expect(queue.problem).toBe("down; 256 wait, 744 older ones were left out");
    isUp = true;
    await until(() => queue.waiting === 0);
    await queue.close(100);
    expect(queue.problem).toBeUndefined();
    expect(got.at(-1)).toBe("999");
    expect(got).toStrictEqual(got.toSorted((a, b) => Number(a) - Number(b)));
  });

  it("ends within the time it is given, also where a delivery hangs", async () => {
    const queue = createAnchorQueue({
      deliver: (_, signal) =>
        new Promise((_done, failed) => {
          signal.addEventListener("abort", () => failed(new AnchorError("stopped", false)));
        }),
      notice: () => undefined,
    });
    queue.offer("a");
    await queue.close(30);
    queue.offer("b");
    expect(queue.waiting).toBe(1);
  });
});
