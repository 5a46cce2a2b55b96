import { describe, expect, it } from "vitest";
import { callerCommandSchema } from "../commands/caller-command.ts";
import { PUSHES, RESULTS } from "./down.ts";
import { ANSWERS, CLIENT_MESSAGES, SERVER_PUSHES } from "./envelope.ts";
import { type JsonSchema, wireSchema, wireShapes } from "./schema.ts";
import { UP } from "./up.ts";

const schema = wireSchema();
const shapes = schema.$defs as Readonly<Record<string, JsonSchema>>;
const upper = (method: string): string => method.charAt(0).toUpperCase() + method.slice(1);

function* referencesIn(value: unknown): Generator<string> {
  if (typeof value !== "object" || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (name === "$ref" && typeof member === "string") yield member;
    else yield* referencesIn(member);
  }
}

describe("the wire as JSON Schema", () => {
  it("has every request's parameters and result, every push, and their envelopes", () => {
    const requests = [...Object.keys(UP), "command"].filter((method) => method !== "ack");
    const names = [
      ...requests.flatMap((method) => ["Request", "Params", "Result", "Answer"].map((part) => upper(method) + part)),
      "AckNotification",
      "AckParams",
      ...Object.keys(PUSHES).flatMap((push) => [`${upper(push)}Push`, `${upper(push)}Params`]),
      "ErrorAnswer",
      "Problem",
      "PollAnswer",
      "Filter",
    ];
    expect(names.filter((name) => !Object.hasOwn(shapes, name))).toStrictEqual([]);
    expect(Object.keys(RESULTS).sort()).toStrictEqual(requests.sort());
    expect(Object.keys(CLIENT_MESSAGES).sort()).toStrictEqual([...requests, "ack"].sort());
    expect(Object.keys(ANSWERS).sort()).toStrictEqual(requests);
    expect(Object.keys(SERVER_PUSHES)).toStrictEqual(Object.keys(PUSHES));
  });

  it("refers only to what it has, and to no shape twice under two names", () => {
    const defined = new Set(Object.keys(shapes).map((name) => `#/$defs/${name}`));
    const referred = new Set(referencesIn(schema));
    expect([...referred].filter((one) => !defined.has(one))).toStrictEqual([]);
    // What nothing refers to is either read on its own, or a copy of its definition stands where a reference should.
    expect([...defined].filter((one) => !referred.has(one))).toStrictEqual(["#/$defs/PollAnswer", "#/$defs/Filter"]);
  });

  it("W-VER-1: allows members that a client does not know, in everything that a server says", () => {
    for (const [name, shape] of Object.entries(shapes)) {
      const said = /(?:Push|Answer|Result|Item)$|^(?:Problem|Made|StreamOpen)$/.test(name);
      if (said) expect([name, JSON.stringify(shape)]).not.toContainEqual(expect.stringContaining('Properties":false'));
    }
  });

  it("W-CMD-1: has every command that a caller may send, its values as any JSON, and no other members", () => {
    for (const option of callerCommandSchema.options) {
      const type = option.shape.type.value;
      const shape = shapes[`${type.split(".").map(upper).join("")}Command`];
      expect([type, shape?.additionalProperties]).toStrictEqual([type, false]);
    }
    expect(shapes["EntryPutCommand"]?.properties?.["value"]).toStrictEqual({});
    expect(shapes["EntryPutCommand"]?.required).toStrictEqual(["type", "key", "value"]);
  });

  it("W-SUB-2: asks a subscription for at least one stream", () => {
    for (const name of ["SubscribeParams", "Filter"])
      expect(shapes[name]?.anyOf).toContainEqual({ required: ["audit"] });
  });

  it("is the same in draft 7, which AsyncAPI takes, under other references", () => {
    expect(Object.keys(wireShapes("draft-7", "#/components/schemas/"))).toStrictEqual(Object.keys(shapes));
  });
});
