// Owns the proof of the heartbeat's laws on a log that can be held back and made to fail.

import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { apply, createBoardState, digestOf } from "../board/index.ts";
import { type BoardLog, type BoardMemory, createFileStore, createMemoryStore, LogError } from "../log/index.ts";
import { commandId, DEFAULT_LIMITS, jsonTextOf, type LogRecord, type Outcome, seq } from "../protocol/index.ts";
import { type BoardEngine, openBoard } from "./board-engine.ts";
import { createEngine } from "./engine.ts";
import { sha256 } from "./recovery.ts";

const put = (key: string, value: unknown, id = "") => ({
  actor: "writer",
  source: "test",
  id: commandId(id),
  command: { type: "entry.put" as const, key, value: jsonTextOf(value) },
});

/** A real in-memory log behind a gate: appends wait while it is shut, and fail as told. */
function gated(memory: BoardMemory) {
  let open: Promise<void> = Promise.resolve();
  let release = (): void => {};
  let fail: ((drafts: Parameters<BoardLog["append"]>[0]) => Promise<readonly LogRecord[]>) | undefined;
  let writable = true;
  let readFailures = 0;
  const { log } = memory;
  const gatedLog: BoardLog = {
    get epoch() {
      return log.epoch;
    },
    get epochs() {
      return log.epochs;
    },
    get head() {
      return log.head;
    },
    get first() {
      return log.first;
    },
    get health() {
      return writable ? log.health : { writable: false as const, reason: "the disk is full" };
    },
    maxRecordBytes: log.maxRecordBytes,
    async append(drafts) {
      await open;
      return fail === undefined ? log.append(drafts) : fail(drafts);
    },
    read: async function* (from) {
      if (readFailures-- > 0) throw new Error("I/O error while reading");
      yield* log.read(from);
    },
    close: () => log.close(),
  };
  return {
    memory: { ...memory, log: gatedLog } satisfies BoardMemory,
    shut() {
      open = new Promise((resolve) => (release = resolve));
    },
    open: () => release(),
    /** The next appends reach the log or not, and the caller does not learn which. */
    failAfterWriting(kept: boolean) {
      fail = async (drafts) => {
        writable = false;
        if (kept) await log.append(drafts);
        throw new LogError("indeterminate", "I/O error");
      };
    },
    failReads(times: number) {
      readFailures = times;
    },
    recover() {
      fail = undefined;
      writable = true;
    },
  };
}

async function gatedBoard(limits = DEFAULT_LIMITS) {
  const gate = gated(await createMemoryStore().open("default"));
  const board = await openBoard({ name: "default", memory: gate.memory, limits });
  return { gate, board };
}

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function writable(board: BoardEngine): Promise<void> {
  while (board.unwritable !== undefined) await later(10);
}

describe("L1: durable before visible", () => {
  it("neither answers, shows nor tells of a command before the log has it", async () => {
    const { gate, board } = await gatedBoard();
    const told: number[] = [];
    board.onApplied((group) => told.push(...group.map((applied) => applied.record.seq)));
    gate.shut();
    let outcome: Outcome | undefined;
    const sent = board.submit(put("k", 1)).then((given) => (outcome = given));
    await later(30);
    expect([outcome, board.state.entries.size, told]).toEqual([undefined, 0, []]);
    gate.open();
    await sent;
    expect([outcome, board.state.entries.size, told]).toEqual([{ ok: true, seq: 2, made: { rev: 1 } }, 1, [2]]);
    await board.close();
  });

  it("answers in order, and closing waits for what was taken", async () => {
    const { board } = await gatedBoard();
    const order: number[] = [];
    for (let n = 0; n < 5000; n++) void board.submit(put("k", n)).then(() => order.push(n));
    await board.close();
    await later(0);
    expect(order).toEqual(Array.from({ length: 5000 }, (_, n) => n));
    expect(board.state.entries.get("k")?.value).toBe("4999");
    expect(await board.submit(put("k", 1))).toEqual({ ok: false, code: "shutting_down" });
  });
});

describe("L6: the inbox is bounded", () => {
  it("refuses with `overloaded` beyond its bound and loses nothing that it took", async () => {
    const { gate, board } = await gatedBoard({ ...DEFAULT_LIMITS, maxInboxCommands: 10 });
    gate.shut();
    const outcomes = Array.from({ length: 25 }, (_, n) => board.submit(put(`k${n}`, n)));
    await later(5);
    gate.open();
    const codes = (await Promise.all(outcomes)).map((outcome) => (outcome.ok ? "ok" : outcome.code));
    expect(codes).toEqual([...Array<string>(10).fill("ok"), ...Array<string>(15).fill("overloaded")]);
    expect(board.state.entries.size).toBe(10);
    await board.close();
  });
});

describe("rule 24: a record that cannot fit", () => {
  it("is refused alone, and its neighbours in the same turn are not", async () => {
    const { board } = await gatedBoard();
    const huge = jsonTextOf("ü".repeat(9 * 1_048_576));
    const outcomes = await Promise.all([
      board.submit(put("a", 1)),
      board.submit({ ...put("b", 1), command: { ...put("b", 1).command, value: huge } }),
      board.submit(put("c", 1)),
    ]);
    expect(outcomes.map((outcome) => (outcome.ok ? "ok" : outcome.code))).toEqual(["ok", "record_too_large", "ok"]);
    await board.close();
  });
});

describe("rule 5: a failed write", () => {
  it.each([true, false])("is indeterminate; a retry with the same id applies once (kept: %s)", async (kept) => {
    const { gate, board } = await gatedBoard();
    gate.failAfterWriting(kept);
    expect(await board.submit(put("k", 1, "id-1"))).toMatchObject({ ok: false, code: "indeterminate" });
    expect(await board.submit(put("k", 2, "id-2"))).toMatchObject({ ok: false, code: "log_unavailable" });
    expect(board.state.entries.size).toBe(0);
    gate.recover();
    await writable(board);
    expect(board.state.entries.size).toBe(kept ? 1 : 0);
    const retried = await board.submit(put("k", 1, "id-1"));
    expect(retried).toMatchObject(kept ? { ok: true, duplicate: true, seq: 2 } : { ok: true, seq: 2 });
    expect(board.state.entries.get("k")?.rev).toBe(1);
    await board.close();
  });
});

describe("rule 5: reading again after a failed write", () => {
  it("is tried until it works; a read that fails takes nothing down", async () => {
    const { gate, board } = await gatedBoard();
    gate.failAfterWriting(true);
    expect(await board.submit(put("k", 1, "id-1"))).toMatchObject({ ok: false, code: "indeterminate" });
    gate.failReads(2);
    gate.recover();
    await writable(board);
    expect(board.state.entries.get("k")?.value).toBe("1");
    expect(await board.submit(put("k", 1, "id-1"))).toMatchObject({ ok: true, duplicate: true, seq: 2 });
    await board.close();
  });
});

describe("rule 6: expiry is a record", () => {
  it("ends entries and claims when due, in the log and after a restart alike", async () => {
    const store = createMemoryStore();
    const board = await openBoard({ name: "default", memory: await store.open("default") });
    await board.submit({ ...put("short", 1), command: { ...put("short", 1).command, ttlMs: 20 } });
    await board.submit({ actor: "a", source: "test", command: { type: "claim.acquire", claim: "task", ttlMs: 20 } });
    await board.submit(put("long", 1));
    while (board.state.entries.has("short") || board.state.claims.get("task")?.holder !== undefined) await later(5);
    expect([...board.state.entries.keys()]).toEqual(["long"]);
    await board.close();
    const replayed = await openBoard({ name: "default", memory: await store.open("default") });
    expect(digestOf(replayed.state)).toBe(digestOf(board.state));
    await replayed.close();
  });
});

describe("boards", () => {
  it("are created, refused, listed and deleted by name", async () => {
    const engine = await createEngine({ store: createMemoryStore(), limits: { ...DEFAULT_LIMITS, maxBoards: 2 } });
    expect(await engine.create("Not a name")).toEqual({ code: "bad_board_name" });
    await engine.create("b");
    await engine.create("a");
    expect(await engine.create("a")).toEqual({ code: "board_exists" });
    expect(await engine.create("c")).toEqual({ code: "too_many_boards" });
    expect(engine.list()).toEqual(["a", "b"]);
    expect(await engine.delete("b")).toBe(true);
    expect(await engine.delete("b")).toBe(false);
    expect(await engine.board("b")).toBeUndefined();
    await engine.close();
  });
});

describe("a damaged snapshot", () => {
  it("is passed over for the one before, and the board is the same", async () => {
    const dir = await mkdtemp(join(tmpdir(), "swarmboard-engine-"));
    const open = async () => {
      const store = await createFileStore({ dir });
      const notices: string[] = [];
      const board = await openBoard({
        name: "default",
        memory: await store.open("default"),
        snapshotPolicy: { minRecords: 1, minRecordsOnClose: 1 },
        notice: (message) => notices.push(message),
      });
      return { store, board, notices };
    };
    for (let round = 0; round < 3; round++) {
      const { store, board } = await open();
      await Promise.all(Array.from({ length: 50 }, (_, n) => board.submit(put(`k${n}`, round))));
      await board.close();
      await store.close();
    }
    const folder = join(dir, "boards/default/snapshots");
    const newest = join(folder, (await readdir(folder)).sort().at(-1) ?? "");
    const bytes = await readFile(newest);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(newest, bytes);
    const { store, board, notices } = await open();
    expect(notices).toEqual([expect.stringContaining("was not used")]);
    const replayed = createBoardState(sha256);
    for await (const records of board.read(seq(1))) for (const record of records) apply(replayed, record);
    expect(digestOf(board.state)).toBe(digestOf(replayed));
    await board.close();
    await store.close();
    await rm(dir, { recursive: true });
  });
});
