// Guards the search over keys with its real worker, which has to be built (dist/).

import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { recordOf, sha256 } from "../../../test/law/records.ts";
import { until } from "../../../test/server/harness.ts";
import { apply, createBoardState } from "../../board/index.ts";
import { BoardFeed, type RowSource, RowSources } from "../../feed/index.ts";
import type { JsonText, SingleCommand } from "../../protocol/index.ts";
import { createKeySearcher, type KeySearcher, type KeySearcherOptions } from "./key-searcher.ts";

const WORKER = new URL("../../../dist/server/live/key-search-worker.js", import.meta.url);

const running: KeySearcher[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((searcher) => searcher.close()));
});

function stage(options: Partial<KeySearcherOptions> = {}) {
  const workers: Worker[] = [];
  const faults: unknown[] = [];
  const searcher = createKeySearcher({
    fault: (error) => faults.push(error),
    atOnceEntries: 0,
    startWorker: () => {
      const worker = new Worker(WORKER);
      workers.push(worker);
      return worker;
    },
    ...options,
  });
  running.push(searcher);
  const board = (count: number) => {
    const state = createBoardState(sha256);
    const feed = new BoardFeed(state);
    const commit = (commands: SingleCommand[]): void => {
      feed.applied(
        commands.map((command) => {
          const record = recordOf(state.seq + 1, { command, id: "" });
          return { record, ...apply(state, record) };
        }),
      );
    };
    const put = (...keys: string[]): void =>
      commit(keys.map((key) => ({ type: "entry.put", key, value: "1" as JsonText })));
    put(...Array.from({ length: count }, (_, i) => `Task:${i}:status`));
    const sources = new RowSources(feed, { run: () => undefined, search: searcher.search });
    return {
      state,
      feed,
      put,
      remove: (...keys: string[]) => commit(keys.map((key) => ({ type: "entry.delete", key }))),
      open: (search: string, prefix = ""): RowSource => {
        const source = sources.open({ sort: "key", from: 0, count: 10, search, prefix });
        if (source === undefined) throw new Error("refused");
        return source;
      },
      naive: (search: string) => [...state.entries.keys()].filter((key) => key.toLowerCase().includes(search)).sort(),
    };
  };
  return { searcher, workers, faults, board };
}

const done = (source: RowSource): Promise<void> => until(() => !source.isApproximate);
const keysOf = (source: RowSource): readonly string[] => source.slice(0, 100_000);

describe("the search over keys", () => {
  it("W-WIN-5: finds all keys, in one worker for several searches, while keys come and go", async () => {
    const { searcher, workers, board } = stage();
    const { open, put, remove, naive } = board(30_000);
    const first = open("99");
    const second = open("SK:12", "Task:1");
    expect(first.isApproximate).toBe(true);
    for (let i = 0; i < 50; i++) {
      put(`late:99:${i}`, "Task:199:status");
      remove(`Task:${i * 99}:status`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all([done(first), done(second)]);
    expect(keysOf(first)).toEqual(naive("99"));
    expect(keysOf(second)).toEqual(naive("sk:12").filter((key) => key.startsWith("Task:1")));
    // A search that begins later sees what changed before.
    const third = open("late:");
    await done(third);
    expect(keysOf(third)).toEqual(naive("late:"));
    expect(third.total).toBe(50);
    expect([workers.length, searcher.workers]).toEqual([1, 1]);
  });

  it("W-WIN-5: ends at 10 000 hits, and stays approximate", async () => {
    const { board } = stage();
    const { open } = board(30_000);
    const all = open("task");
    await until(() => all.total === 10_000);
    expect(all.isApproximate).toBe(true);
    const few = open("task:77:");
    await done(few);
    expect([all.total, all.isApproximate, few.total]).toEqual([10_000, true, 1]);
  });

  it("begins a search anew when its worker dies, and gives it up when the next one dies too", async () => {
    const { searcher, workers, faults, board } = stage();
    const { open, naive } = board(30_000);
    const once = open("123");
    await workers[0]!.terminate();
    await done(once);
    expect(keysOf(once)).toEqual(naive("123"));
    expect([workers.length, faults.length]).toEqual([2, 1]);

    const twice = open("456");
    await workers[1]!.terminate();
    await until(() => workers.length === 3);
    await workers[2]!.terminate();
    await until(() => searcher.workers === 0);
    expect(twice.isApproximate).toBe(true);
    expect(faults.length).toBe(3);

    const after = open("789");
    await done(after);
    expect(keysOf(after)).toEqual(naive("789"));
  });

  it("L6: ends a worker that nobody needs, and lets boards beyond the bound wait for their turn", async () => {
    const { searcher, workers, board } = stage({ mostWorkers: 1, idleMs: 30 });
    const [one, other] = [board(5000), board(5000)];
    const first = one.open("1");
    const second = other.open("2");
    const third = other.open("3");
    third.close();
    expect(searcher.workers).toBe(1);
    await Promise.all([done(first), done(second)]);
    expect(keysOf(second)).toEqual(other.naive("2"));
    expect(third.total).toBe(0);
    await until(() => searcher.workers === 0);
    expect(workers.length).toBe(2);
  });

  it("looks through a small board at once", () => {
    const { workers, board } = stage({ atOnceEntries: 100 });
    const { open } = board(100);
    const source = open("9:");
    expect([source.isApproximate, source.total, workers.length]).toEqual([false, 10, 0]);
  });

  it("stops looking for what nobody looks at any more", async () => {
    const { searcher, board } = stage({ idleMs: 20 });
    const { open } = board(30_000);
    open("1").close();
    await until(() => searcher.workers === 0);
  });
});
