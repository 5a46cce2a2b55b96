// Guards the reader of event streams: cut anywhere, also within a character, it reads the same events (W-HTTP-1).

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createEventReader, type StreamEvent } from "./event-text.ts";

const TEXT =
  ': hello\r\n\r\nevent: open\ndata: {"a":"ü €"}\n\nid: x.1\revent:sync\rdata:1\rdata: 2\r\r\ndata\ndata:\n\nevent: empty\n\n';
const EVENTS: StreamEvent[] = [
  { name: "open", data: '{"a":"ü €"}' },
  { name: "sync", data: "1\n2" },
  { name: "message", data: "\n" },
];

function readAll(bytes: Uint8Array, cuts: readonly number[]): StreamEvent[] {
  const read = createEventReader();
  const decoder = new TextDecoder();
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  return places
    .slice(1)
    .flatMap((end, index) => read(decoder.decode(bytes.subarray(places[index], end), { stream: true })));
}

describe("the reader of event streams", () => {
  const bytes = new TextEncoder().encode(TEXT);
  it("reads the same events however they are cut", () => {
    expect(readAll(bytes, [])).toEqual(EVENTS);
    for (let i = 0; i <= bytes.length; i++) expect(readAll(bytes, [i])).toEqual(EVENTS);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 200 }), (cuts) => {
        expect(readAll(bytes, cuts)).toEqual(EVENTS);
      }),
    );
  });

  it("ends a stream whose event does not end (law L6)", () => {
    const read = createEventReader();
    const piece = `data: ${"x".repeat(4_000_000)}\n`;
    expect(() => {
      for (let i = 0; i < 20; i++) read(piece);
    }).toThrow(RangeError);
  });
});
