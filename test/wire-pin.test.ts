// Owns the pin that holds the shapes of the wire to its revision. Descriptions, titles and orders are no shapes.

import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { WIRE_REVISION } from "../src/protocol/index.ts";
import { wireSchema } from "../src/protocol/wire/schema.ts";

/** SHA-256 of the canonical schema, by revision. Those of released revisions stay as they are. */
const WIRE_SCHEMA_SHA256: Readonly<Record<number, string>> = {
  1: "42321f62b948fcc613d9ed1e64160a9ad03491ac7c83d2589826e1b3b5e3ee35",
  2: "89a9ea268d9a01798b5c5d4f3744e41db32b7a100e5af55b5134899c735c7575",
};

/** Keywords that say nothing of a shape, where they are text: a member called `description` has a schema there. */
const ANNOTATIONS = new Set(["title", "description", "$comment"]);

/** Members by name, lists of texts (`required`, `enum`) sorted, annotations left out. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.every((one) => typeof one === "string") ? value.toSorted() : value.map(canonical);
  }
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([name, one]) => !(ANNOTATIONS.has(name) && typeof one === "string"));
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, one]) => [name, canonical(one)]));
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const whatToDo = (hash: string): string => {
  const next = Object.hasOwn(WIRE_SCHEMA_SHA256, WIRE_REVISION) ? WIRE_REVISION + 1 : WIRE_REVISION;
  return `The shapes of the wire are not those that revision ${WIRE_REVISION} is pinned to.
Where that revision is released: check that the change only adds (W-VER-1), set WIRE_REVISION to ${next} in
src/protocol/wire/session-limits.ts, add the line  ${next}: "${hash}"  to WIRE_SCHEMA_SHA256 here,
and note it in CHANGELOG.md. Where it is not, or where only zod writes the same shapes otherwise now: replace its hash.
`;
};

describe("the revision of the wire", () => {
  it("W-VER-3: the shapes are those that the revision is pinned to", () => {
    const hash = sha256(JSON.stringify(canonical(wireSchema())));
    // The advice is compared, so that whoever breaks the pin reads it.
    expect(hash === WIRE_SCHEMA_SHA256[WIRE_REVISION] ? "" : whatToDo(hash)).toBe("");
  });

  it("W-VER-2: revisions count up from 1, each with its pin", () => {
    const counted = Array.from({ length: WIRE_REVISION }, (_, i) => String(i + 1));
    expect(Object.keys(WIRE_SCHEMA_SHA256)).toStrictEqual(counted);
  });

  it("W-VER-3: a description may change without a revision, a member may not", () => {
    const described = { type: "object", description: "a", properties: { description: { type: "string" } } };
    expect(canonical({ ...described, description: "b" })).toStrictEqual(canonical(described));
    expect(canonical({ ...described, properties: {} })).not.toStrictEqual(canonical(described));
  });
});
