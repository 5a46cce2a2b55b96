// L4: a push is made into bytes once, whoever gets it and by whatever transport.

import { describe, expect, it } from "vitest";
import { Frame } from "./frame.ts";

describe("a frame", () => {
  it("L4: streams at the same position share one buffer, and so do sockets", () => {
    const frame = new Frame("sync", `{"sub":"s","from":1,"to":2}`, 2);
    expect(frame.eventBytes("epoch.hash")).toBe(frame.eventBytes("epoch.hash"));
    expect(frame.socketBytes(false)).toBe(frame.socketBytes(false));
    expect(frame.eventBytes("epoch.hash").toString()).toBe(
      `event: sync\nid: epoch.hash.2\ndata: {"sub":"s","from":1,"to":2}\n\n`,
    );
  });

  it("W-HTTP-1: a page that others follow, and a beat, have no id and are shared by all", () => {
    const page = new Frame("sync", `{"sub":"s","from":1,"more":true}`);
    expect(page.eventBytes("a.b").toString()).toBe(`event: sync\ndata: {"sub":"s","from":1,"more":true}\n\n`);
    expect(page.eventBytes("c.d")).toBe(page.eventBytes("a.b"));
  });
});
