// Guards W-SYNC-8: a patch is offered for exactly the positions at which its base was true, and what is kept is bounded.

import { describe, expect, it } from "vitest";
import { FeedWorld } from "../../test/live/feed-world.ts";
import { merged } from "../../test/live/reference-replica.ts";
import { type Command, type Entry, type JsonText, membersOf } from "../protocol/index.ts";

const text = (value: unknown): JsonText => JSON.stringify(value) as JsonText;
const put = (key: string, value: unknown): { command: Command } => ({
  command: { type: "entry.put", key, value: text(value) },
});
const merge = (key: string, patch: unknown): { command: Command } => ({
  command: { type: "entry.merge", key, patch: text(patch) },
});
const document = (n: number): object => ({ text: "x".repeat(6000), n });

/** What a replica at each position is offered to come to the present value. */
function offers(world: FeedWorld, key: string, first = 1): (string | undefined)[] {
  const entry = world.state.entries.get(key) as Entry;
  const found: (string | undefined)[] = [];
  for (let from = first; from < world.state.seq; from++) {
    const patch = world.feed.large.patchText(from, entry);
    found.push(patch === undefined ? undefined : membersOf(patch)?.get("patch"));
    if (patch === undefined) continue;
    const held = world.momentAt(from).entries.get(key) as Entry;
    const { base, patch: change } = JSON.parse(patch);
    expect(base).toBe(held.seq);
    expect(merged(JSON.parse(held.value), change)).toEqual(JSON.parse(entry.value));
  }
  return found;
}

describe("large values", () => {
  it("W-SYNC-8: whoever holds one of the last versions is offered the difference, whoever holds none the value", () => {
    const world = new FeedWorld();
    world.write(put("k", document(0)));
    for (let n = 1; n <= 6; n++) world.write(merge("k", { n }));
    expect(offers(world, "k")).toEqual([undefined, undefined, undefined, '{"n":6}', '{"n":6}', '{"n":6}']);
  });

  it("W-SYNC-8: the patch that the writer sent is told as it is, but not where its group changed the key twice", () => {
    const world = new FeedWorld();
    world.write(put("k", document(0)));
    world.write(merge("k", { n: 0, gone: null }));
    expect(offers(world, "k")).toEqual(['{"n":0,"gone":null}']);
    world.write(merge("k", { n: 5 }), merge("k", { m: 6 }));
    const entry = world.state.entries.get("k") as Entry;
    expect(world.feed.large.patchText(2, entry)).toContain('"patch":{"n":5,"m":6}');
  });

  it("W-SYNC-8: a value that was small, gone, or replaced meanwhile is told whole", () => {
    for (const between of [put("k", 1), { command: { type: "entry.delete", key: "k" } } as const]) {
      const world = new FeedWorld();
      world.write(put("k", document(0)));
      world.write(between);
      world.write(put("k", document(1)));
      world.write(merge("k", { n: 2 }));
      expect(offers(world, "k")).toEqual([undefined, undefined, '{"n":2}']);
    }
    const world = new FeedWorld();
    world.write(put("k", document(0)));
    world.write(put("k", { text: "y".repeat(6000) }));
    expect(offers(world, "k")).toEqual([undefined]);
  });

  it("W-SYNC-8: an entry that had run out before its end was written starts from nothing", () => {
    const world = new FeedWorld();
    world.write({ command: { type: "entry.put", key: "k", value: text(document(0)), ttlMs: 5 } });
    world.wait(10);
    world.write(merge("k", { other: "z".repeat(6000) }));
    expect(JSON.parse(world.state.entries.get("k")!.value)).toEqual({ other: "z".repeat(6000) });
    expect(offers(world, "k")).toEqual([undefined]);
  });

  it("L6: what is kept is bounded; the values noted longest ago go first", () => {
    const world = new FeedWorld();
    const big = (n: number): object => ({ text: "x".repeat(900_000), n });
    for (let i = 0; i < 12; i++) world.write(put(`k${i}`, big(0)));
    const known = Array.from({ length: 12 }, (_, i) => world.feed.large.knows(`k${i}`));
    expect(known).toEqual([...Array.from({ length: 3 }, () => false), ...Array.from({ length: 9 }, () => true)]);
    world.write(merge("k11", { n: 1 }));
    expect(world.feed.large.patchText(12, world.state.entries.get("k11")!)).toContain('"patch":{"n":1}');
    expect(world.feed.large.knows("k3")).toBe(false);
  });
});
