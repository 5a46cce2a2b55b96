import { isAscii } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { commandId, jsonTextOf, seq, type Command, type Draft, type JsonText } from "../protocol/index.ts";
import { lineIsSound } from "./checked-line.ts";
import { newBoardSecret } from "./commitment.ts";
import { decodeRecord, encodeRecord, seqOfLine, writeLine } from "./record-line.ts";

const secret = newBoardSecret();
const draftOf = (command: Command, id = "c-1"): Draft => ({
  at: 1_790_000_000_000,
  clock: 12_345,
  actor: "agent-α",
  source: "http",
  id: commandId(id),
  command,
});

function lineOf(draft: Draft, position = 1): Buffer {
  const encoded = encodeRecord(draft, seq(position), secret);
  const line = Buffer.alloc(encoded.bytes);
  expect(writeLine(encoded, line, 0)).toBe(encoded.bytes);
  return line;
}

const put = (key: string, value: string): Command => ({ type: "entry.put", key, value: value as JsonText });

const anyText = fc.oneof(
  fc.jsonValue().map((value) => jsonTextOf(value)),
  fc.constantFrom<JsonText[]>(
    "12345678901234567890" as JsonText,
    "1.50e+3" as JsonText,
    '{"__proto__":{"a":1},"a":1,"a":2}' as JsonText,
    '"\u2028\u2029"' as JsonText,
    '"\\u0041\\n"' as JsonText,
    '"😀é"' as JsonText,
  ),
);
// Plain names take the fast ways through the codec, the others the general ones.
const anyName = fc.oneof(
  fc.string({ minLength: 1, maxLength: 40, unit: "binary" }),
  fc.string({ minLength: 1, maxLength: 40, unit: "grapheme-ascii" }),
  fc.constantFrom("k", 'a","value":0}', '"', "\\", "}\n", "\u007f", "é"),
);
const anySingle: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ type: fc.constant("entry.put" as const), key: anyName, value: anyText }),
  fc.record({
    type: fc.constant("entry.put" as const),
    key: anyName,
    value: anyText,
    ttlMs: fc.nat(),
    by: anyName,
    at: fc.nat(),
    if: fc.constant({ absent: true as const }),
  }),
  fc.record({ type: fc.constant("entry.merge" as const), key: anyName, patch: anyText }),
  fc.record({ type: fc.constant("audit.note" as const), event: anyName, details: anyText, reason: anyName }),
  fc.record({ type: fc.constant("audit.note" as const), event: anyName }),
  fc.record({ type: fc.constant("budget.charge" as const), task: anyName, tokens: fc.maxSafeNat() }),
);
const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  anySingle,
  fc.array(anySingle, { minLength: 1, maxLength: 5 }).map((commands) => ({ type: "batch", commands }) as Command),
);

describe("the line of a record", () => {
  it("rule 19: decodes to an equal record, texts byte for byte", () => {
    fc.assert(
      fc.property(anyCommand, anyName, anyName, (command, actor, id) => {
        const draft = { ...draftOf(command), actor, id: commandId(id) };
        const encoded = encodeRecord(draft, seq(7), secret);
        const line = Buffer.alloc(encoded.bytes);
        writeLine(encoded, line, 0);
        const end = line.length - 1;
        expect(line.indexOf(0x0a)).toBe(end);
        expect(lineIsSound(line, 0, end)).toBe(true);
        expect(seqOfLine(line, 0, end)).toBe(7);
        expect(decodeRecord(line, 0, end, false)).toEqual({ ...draft, seq: 7, hash: encoded.record.hash });
        const ascii = isAscii(line);
        expect(decodeRecord(line, 0, end, ascii)).toEqual({ ...draft, seq: 7, hash: encoded.record.hash });
        expect(encoded.record).toEqual({ ...draft, seq: 7, hash: encoded.record.hash });
      }),
    );
  });

  it("is plain JSON that other tools can read", () => {
    const line = lineOf(draftOf(put("a/b", '{"n":12345678901234567890}')), 3);
    const parsed = JSON.parse(line.toString("utf8")) as Record<string, unknown>;
    expect(Object.keys(parsed)).toEqual(["crc", "cut", "env", "salt", "payload"]);
    expect(parsed["env"]).toMatchObject({ v: 1, seq: 3, actor: "agent-α", type: "entry.put" });
    expect(parsed["payload"]).toMatchObject({ cmd: { type: "entry.put", key: "a/b", value: 0 } });
  });

  it("law L9: the same actor, id and content hash alike; other content, actor or id do not", () => {
    const hashOf = (draft: Draft): string => encodeRecord(draft, seq(1), secret).record.hash;
    const first = hashOf(draftOf(put("k", "1")));
    expect(hashOf({ ...draftOf(put("k", "1")), at: 5, clock: 9 })).toBe(first);
    expect(hashOf(draftOf(put("k", "2")))).not.toBe(first);
    expect(hashOf(draftOf(put("k", "1"), "c-2"))).not.toBe(first);
    expect(hashOf({ ...draftOf(put("k", "1")), actor: "other" })).not.toBe(first);
  });

  it("rule 8: notices every flipped bit of a line", () => {
    const line = lineOf(draftOf(put("k", '"é"')));
    const end = line.length - 1;
    for (let at = 0; at < end; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = Buffer.from(line);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        expect(lineIsSound(flipped, 0, end)).toBe(false);
      }
    }
  });

  it("ADR 0010: role, trace and task stand in the envelope behind the hash, which they do not change; unknown members are passed over", () => {
    const links = fc.record(
      {
        role: fc.oneof(fc.constant("open"), anyName),
        trace: fc.constant("4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"),
        task: anyName,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(links, anyName, anySingle, (given, actor, command) => {
        const plain = { ...draftOf(command), actor };
        const line = lineOf({ ...plain, ...given });
        expect(lineIsSound(line, 0, line.length - 1)).toBe(true);
        const { seq: at, hash, ...draft } = decodeRecord(line, 0, line.length - 1, isAscii(line));
        expect(draft).toEqual({ ...plain, ...given });
        expect([at, hash]).toStrictEqual([1, encodeRecord(plain, seq(1), secret).record.hash]);
        if (Object.keys(given).length === 0) expect(line.equals(lineOf(plain))).toBe(true);
      }),
    );
    const { tail } = encodeRecord({ ...draftOf(put("k", "1")), role: "open" }, seq(1), secret);
    const later = tail
      .replace(/"cut":\[(\d+)/, (_, bytes: string) => `"cut":[${Number(bytes) + 8}`)
      .replace('"role":"open"', '"role":"open","x":[1]');
    const line = Buffer.from(`{"crc":"00000000",${later}`);
    expect(decodeRecord(line, 0, line.length, true)).toMatchObject({ role: "open", command: { key: "k" } });
  });
});
