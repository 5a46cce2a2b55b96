// Owns what survives a server: the records of all boards, in the product's own memory store, and the way to it, which is slow, fails,
// and forgets what a killed process had not made durable. Does not own the server.

import { createMemoryStore, LogError, type BoardLog, type Store } from "../../src/log/index.ts";
import type { Draft, LogRecord } from "../../src/protocol/index.ts";
import { Chronicle } from "./chronicle.ts";
import type { Chance } from "./chance.ts";
import type { VirtualTime } from "./virtual-time.ts";

interface Pending {
  readonly drafts: readonly Draft[];
  readonly resolve: (records: readonly LogRecord[]) => void;
  readonly reject: (error: LogError) => void;
}

/** A board's log as one process sees it. */
interface Shelf {
  readonly log: BoardLog;
  readonly chronicle: Chronicle;
  readonly pending: Pending[];
  isBusy: boolean;
  brokenUntilMs: number;
}

export interface DiskWeather {
  /** How long an append takes at most, in ms. */
  readonly delayMs: number;
  /** Share of appends that fail, in percent. */
  readonly failing: number;
}

export const FAIR_DISK: DiskWeather = { delayMs: 2, failing: 0 };

export class Disk {
  readonly #time: VirtualTime;
  readonly #chance: Chance;
  readonly #chronicles = new Map<string, Chronicle[]>();
  #inner = createMemoryStore();
  #shelves = new Map<string, Shelf>();
  weather: DiskWeather = FAIR_DISK;

  constructor(time: VirtualTime, chance: Chance) {
    this.#time = time;
    this.#chance = chance;
  }

  /** Of all epochs of a board, the oldest first. */
  chroniclesOf(board: string): readonly Chronicle[] {
    return this.#chronicles.get(board) ?? [];
  }

  /** What a new process sees. There is one process at a time. */
  mount(): Store {
    const shelves = new Map<string, Shelf>();
    this.#shelves = shelves;
    const inner = this.#inner;
    return {
      list: () => inner.list(),
      open: async (board) => {
        const memory = await inner.open(board);
        const shelf = { log: memory.log, chronicle: this.#chronicleOf(board, memory.log.epoch), pending: [] };
        const own: Shelf = { ...shelf, isBusy: false, brokenUntilMs: 0 };
        shelves.set(board, own);
        return { ...memory, log: this.#slowLog(shelves, own) };
      },
      remove: (board) => inner.remove(board),
      // The records are to outlive it.
      close: () => Promise.resolve(),
    };
  }

  /** The process is gone. Of what it was writing, some became durable in its order, without anyone being told. */
  async unmount(): Promise<void> {
    const shelves = [...this.#shelves.values()];
    this.#shelves = new Map();
    for (const shelf of shelves) {
      const kept = this.#chance.int(0, shelf.pending.length);
      for (const { drafts } of shelf.pending.slice(0, kept)) await this.#write(shelf, drafts);
      await shelf.log.close();
    }
  }

  /** History is lost: of each board so many percent of its records are left, under a new epoch. No process may be there. */
  async lose(keptPercent: number): Promise<void> {
    const before = this.#inner;
    this.#inner = createMemoryStore();
    for (const board of await before.list()) {
      const { log: old } = await before.open(board);
      const { log } = await this.#inner.open(board);
      const chronicle = this.#chronicleOf(board, log.epoch);
      let left = Math.floor((old.head * keptPercent) / 100);
      for await (const records of old.read(1 as never)) {
        const kept = records.slice(0, left);
        left -= kept.length;
        if (kept.length === 0) break;
        for (const record of await log.append(kept)) chronicle.add(record);
      }
      await log.close();
    }
  }

  #chronicleOf(board: string, epoch: string): Chronicle {
    const all = this.#chronicles.get(board) ?? [];
    const last = all.at(-1);
    if (last?.epoch === epoch) return last;
    if (last !== undefined) last.toMs = this.#time.nowMs;
    const next = new Chronicle(epoch, this.#time.nowMs);
    this.#chronicles.set(board, [...all, next]);
    return next;
  }

  #slowLog(shelves: ReadonlyMap<string, Shelf>, shelf: Shelf): BoardLog {
    const { log } = shelf;
    const isGone = (): boolean => this.#shelves !== shelves;
    const health = (): BoardLog["health"] =>
      this.#time.nowMs < shelf.brokenUntilMs
        ? { writable: false, reason: "the simulated disk failed" }
        : { writable: true };
    const next = (): void => {
      const first = shelf.pending[0];
      if (shelf.isBusy || first === undefined) return;
      shelf.isBusy = true;
      const { delayMs, failing } = this.weather;
      const fails = this.#chance.percent(failing);
      this.#time.after(this.#chance.next() * delayMs, () => {
        if (isGone()) return;
        void (fails ? this.#fail(shelf) : this.#succeed(shelf)).then(() => {
          shelf.isBusy = false;
          next();
        });
      });
    };
    return {
      epoch: log.epoch,
      epochs: log.epochs,
      first: log.first,
      maxRecordBytes: log.maxRecordBytes,
      get head() {
        return log.head;
      },
      get health() {
        return health();
      },
      append: (drafts) =>
        new Promise((resolve, reject) => {
          if (isGone()) return;
          const { writable } = health();
          if (!writable) return reject(new LogError("log_unavailable", "the simulated disk failed"));
          shelf.pending.push({ drafts, resolve, reject });
          next();
        }),
      read: (from) => log.read(from),
      close: () => (isGone() ? new Promise(() => undefined) : log.close()),
    };
  }

  async #succeed(shelf: Shelf): Promise<void> {
    const first = shelf.pending[0];
    if (first === undefined) return;
    const records = await this.#write(shelf, first.drafts);
    shelf.pending.shift();
    first.resolve(records);
  }

  /** Some of the batch is kept; what waits behind it is not written. */
  async #fail(shelf: Shelf): Promise<void> {
    const [first, ...behind] = shelf.pending.splice(0);
    if (first === undefined) return;
    await this.#write(shelf, first.drafts.slice(0, this.#chance.int(0, first.drafts.length)));
    shelf.brokenUntilMs = this.#time.nowMs + this.#chance.pause(1500);
    first.reject(new LogError("indeterminate", "a simulated write failed"));
    for (const { reject } of behind) reject(new LogError("log_unavailable", "a simulated write failed"));
  }

  async #write({ log, chronicle }: Shelf, drafts: readonly Draft[]): Promise<readonly LogRecord[]> {
    if (drafts.length === 0) return [];
    const records = await log.append(drafts);
    for (const record of records) chronicle.add(record);
    return records;
  }
}
