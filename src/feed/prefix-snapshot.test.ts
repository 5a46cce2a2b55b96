// Guards the snapshot of a prefix: the same entries whether the keys are in order or not, while the board goes on.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recordOf, sha256 } from "../../test/law/records.ts";
import { apply, createBoardState } from "../board/index.ts";
import type { JsonText, SingleCommand } from "../protocol/index.ts";
import { BoardFeed } from "./board-feed.ts";
import { RowSources } from "./row-sources.ts";
import { countOf, syncPages } from "./sync-pages.ts";
import { overViewOf, viewOf } from "./view.ts";

function boardWith(keys: readonly string[]) {
  const state = createBoardState(sha256);
  const feed = new BoardFeed(state);
  const commit = (command: SingleCommand): void => {
    const record = recordOf(state.seq + 1, { command, id: "" });
    feed.applied([{ record, ...apply(state, record) }]);
  };
  const value = JSON.stringify("x".repeat(3000)) as JsonText;
  const put = (key: string): void => commit({ type: "entry.put", key, value });
  for (const key of keys) put(key);
  const works: Generator<void, void, void>[] = [];
  const host = { run: (work: Generator<void, void, void>) => void works.push(work), search: () => () => undefined };
  const sources = new RowSources(feed, host);
  /** Its work is done by the test, and a step of it looks at eight keys. */
  const slowSources = new RowSources(feed, { ...host, atOnceEntries: 0, stepEntries: 8 });
  return {
    state,
    feed,
    sources,
    slowSources,
    works,
    put,
    remove: (key: string) => commit({ type: "entry.delete", key }),
  };
}

const request = (feed: BoardFeed, prefix: string, atMost?: number) => ({
  feed,
  view: viewOf({ entries: { prefix, ...(atMost === undefined ? {} : { atMost }) } }),
  sub: "s",
  from: 0,
  reset: "start" as const,
  patches: false,
  past: undefined,
  window: undefined,
  noteText: () => "{}",
});

interface Told {
  readonly entries?: { readonly put?: { key: string; seq: number }[]; readonly del?: string[]; readonly over?: number };
}

describe("the snapshot of a prefix", () => {
  it("W-SYNC-6: equals the state at its end, although keys come and go between its pages", () => {
    const names = fc
      .tuple(fc.constantFrom("a", "b", "b\u{1f600}", "c"), fc.nat({ max: 99 }))
      .map((pair) => pair.join(""));
    const changes = fc.array(fc.record({ key: names, isPut: fc.boolean() }), { maxLength: 8 });
    fc.assert(
      fc.property(
        fc.array(names, { maxLength: 250, size: "max" }),
        fc.array(changes, { maxLength: 12 }),
        fc.constantFrom("walk", "order", "look"),
        (keys, between, how) => {
          const { state, feed, sources, slowSources, works, put, remove } = boardWith(keys);
          if (how === "order") sources.prepare();
          expect(feed.byKey !== undefined).toBe(how === "order");
          const replica = new Map<string, number>();
          let turn = 0;
          const looked = how === "look" && keys.length > 0 ? slowSources.lookUp("b") : undefined;
          while (looked?.isReady === false) {
            works[0]!.next();
            // Half of the changes come while the keys are looked for.
            if (turn < between.length / 2)
              for (const { key, isPut } of between[turn++] ?? []) (isPut ? put : remove)(key);
          }
          const asked = { ...request(feed, "b"), keys: looked && (() => looked.now()) };
          for (const { params, to } of syncPages(asked)) {
            const { entries } = JSON.parse(params) as Told;
            for (const { key, seq } of entries?.put ?? []) replica.set(key, seq);
            for (const key of entries?.del ?? []) replica.delete(key);
            if (to !== undefined) break;
            for (const { key, isPut } of between[turn++] ?? []) (isPut ? put : remove)(key);
          }
          const last = [...state.entries.values()].filter(({ key }) => key.startsWith("b"));
          expect(replica).toEqual(new Map(last.map(({ key, seq }) => [key, seq])));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("W-SUB-2: counts the entries of a prefix by the order of keys", () => {
    const { feed, sources } = boardWith(["a1", "b1", "b2", "c1"]);
    for (const isIndexed of [false, true]) {
      if (isIndexed) sources.prepare();
      const asked = request(feed, "b", 1);
      expect(countOf(feed, asked.view)).toBe(2);
      const [page] = [...syncPages({ ...asked, view: overViewOf(asked.view) })];
      expect((JSON.parse(page!.params) as Told).entries).toEqual({ over: 2 });
    }
  });
});
