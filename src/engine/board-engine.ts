// Owns one running board: inbox → log → fold → listeners, in that order and never around it (law L1).
// Does not own the log, the rules or the wire. It is the only place where a board meets a clock.
//
//   submit → inbox ──take──▶ log.append ──durable──▶ apply ──▶ outcome to the sender, changes to the listeners
//                                 └─ indeterminate ──▶ wait until the log is writable ──▶ fold what it kept ──▶ go on

import { apply, type BoardState } from "../board/index.ts";
import { LogError, type BoardMemory } from "../log/contract.ts";
import {
  DONE,
  type HistoryAnswer,
  type HistoryFilter,
  outcomeOf,
  type Refused,
  type SpendingAnswer,
  type SpendingQuestion,
} from "../log/index.ts";
import {
  type Command,
  commandId,
  DEFAULT_LIMITS,
  RULES_VERSION,
  seq,
  type Draft,
  type Limits,
  type LogRecord,
  type Outcome,
  type Seq,
} from "../protocol/index.ts";
import { type BoardClock, createBoardClock, SYSTEM_TIMEPIECES, type Timepieces } from "./board-clock.ts";
import type { Applied, BoardHandle, Submission } from "./contract.ts";
import { createBurnWatch } from "./burn-watch.ts";
import { createExpiryTimer } from "./expiry-timer.ts";
import { createNotary, DEFAULT_CHECKPOINT_POLICY, type CheckpointPolicy } from "./notary.ts";
import { commandBytes, fitsRecord, Inbox, type Waiting } from "./inbox.ts";
import { recoverBoard } from "./recovery.ts";
import { createWindowWatch } from "./window-watch.ts";
import { createSnapshotter, DEFAULT_SNAPSHOT_POLICY, type SnapshotPolicy } from "./snapshotter.ts";

/** Appends under way at once: one on the disk and one encoded behind it. */
const MAX_APPENDS = 2;
/** How often an unwritable log is looked at again, in ms. */
const RESYNC_INTERVAL_MS = 100;

export interface BoardEngineOptions {
  readonly name: string;
  readonly memory: BoardMemory;
  readonly limits?: Limits;
  readonly timepieces?: Timepieces;
  readonly snapshotPolicy?: SnapshotPolicy;
  readonly checkpointPolicy?: CheckpointPolicy;
  /** Told of what an operator should know: mended tails, failed snapshots, a log that stopped. */
  readonly notice?: (message: string, detail?: unknown) => void;
}

export interface BoardEngine extends BoardHandle {
  /** Commands that wait, for metrics. */
  readonly waiting: number;
  /** Finish what was taken, write a snapshot if it pays, free the log. */
  close(): Promise<void>;
}

/** Open a board: recover it, end what is overdue, and only then take commands. */
export async function openBoard(options: BoardEngineOptions): Promise<BoardEngine> {
  const { memory } = options;
  const notice = options.notice ?? (() => {});
  const recovered = await recoverBoard(memory);
  for (const problem of recovered.problems) notice(problem);
  const clock = createBoardClock(options.timepieces ?? SYSTEM_TIMEPIECES, recovered.last);
  const board = new RunningBoard(options, recovered.state, clock, notice, recovered.replayed);
  await board.start();
  return board;
}

/** What the engine itself sends. */
const system = (command: Command): Submission => ({ actor: "system", source: "system", command });

class RunningBoard implements BoardEngine {
  readonly name: string;
  readonly state: BoardState;
  readonly #memory: BoardMemory;
  readonly #clock: BoardClock;
  readonly #timepieces: Timepieces;
  readonly #inbox: Inbox;
  readonly #notice: (message: string, detail?: unknown) => void;
  readonly #listeners = new Set<(group: readonly Applied[]) => void>();
  readonly #expiry;
  readonly #windows;
  readonly #burn;
  readonly #snapshotter;
  readonly #notary;
  #appends = 0;
  #flushScheduled = false;
  #resync: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #idle: (() => void) | undefined;

  constructor(
    options: BoardEngineOptions,
    state: BoardState,
    clock: BoardClock,
    notice: (message: string, detail?: unknown) => void,
    replayed: number,
  ) {
    this.name = options.name;
    this.state = state;
    this.#memory = options.memory;
    this.#clock = clock;
    this.#timepieces = options.timepieces ?? SYSTEM_TIMEPIECES;
    this.#inbox = new Inbox(options.limits ?? DEFAULT_LIMITS);
    this.#notice = notice;
    this.#expiry = createExpiryTimer({
      state,
      clockNow: () => clock.now(),
      after: this.#timepieces.after,
      expire: (items) => this.submit(system({ type: "items.expire", items: [...items] })),
    });
    this.#windows = createWindowWatch({
      state,
      timepieces: this.#timepieces,
      notice,
      reset: (resets) => this.#submitNow(system({ type: "budget.reset", resets })),
    });
    this.#burn = createBurnWatch({
      state,
      timepieces: this.#timepieces,
      project: (task, exhaustsAt) => void this.submit(system({ type: "budget.project", task, exhaustsAt })),
    });
    this.#snapshotter = createSnapshotter({
      state,
      snapshots: options.memory.snapshots,
      recordsSince: replayed,
      policy: options.snapshotPolicy ?? DEFAULT_SNAPSHOT_POLICY,
      notice,
    });
    this.#notary = createNotary({
      state,
      proofs: options.memory.proofs,
      policy: options.checkpointPolicy ?? DEFAULT_CHECKPOINT_POLICY,
      notice,
    });
  }

  async start(): Promise<void> {
    // A new board begins with the newest rules; one of an earlier version goes on with them (rule 1).
    if (this.state.rules < RULES_VERSION) {
      await this.submit(system({ type: "rules.change", version: RULES_VERSION }));
    }
    await this.#expiry.catchUp();
    await this.#windows.catchUp();
  }

  get position(): BoardHandle["position"] {
    return { epoch: this.#memory.log.epoch, seq: this.state.seq };
  }

  get waiting(): number {
    return this.#inbox.length;
  }

  get unwritable(): string | undefined {
    if (this.#closing !== undefined) return "the server is stopping";
    const { health } = this.#memory.log;
    if (!health.writable) return health.reason;
    return this.#resync === undefined ? undefined : "the log is being read again after a failed write";
  }

  clockNow(): number {
    return this.#clock.now();
  }

  submit(submission: Submission): Promise<Outcome> {
    // A window that should have ended ends before what comes after its end.
    this.#windows.before();
    return this.#submitNow(submission);
  }

  #submitNow(submission: Submission): Promise<Outcome> {
    if (this.#closing !== undefined) return Promise.resolve({ ok: false, code: "shutting_down" });
    const reason = this.unwritable;
    if (reason !== undefined) {
      return Promise.resolve({ ok: false, code: "log_unavailable", detail: { reason: reason.slice(0, 500) } });
    }
    const bytes = commandBytes(submission.command);
    const { maxRecordBytes } = this.#memory.log;
    if (!fitsRecord(submission.command, bytes, maxRecordBytes)) {
      return Promise.resolve({ ok: false, code: "record_too_large", detail: { maxRecordBytes } });
    }
    return new Promise((resolve) => {
      const draft: Draft = {
        at: this.#timepieces.wallMs(),
        clock: this.#clock.now(),
        actor: submission.actor,
        source: submission.source,
        // No id: nobody can ask again, so the fold remembers nothing.
        id: submission.id ?? commandId(""),
        command: submission.command,
        ...(submission.role === undefined ? {} : { role: submission.role }),
        ...(submission.trace === undefined ? {} : { trace: submission.trace }),
        ...(submission.task === undefined ? {} : { task: submission.task }),
      };
      if (!this.#inbox.offer({ draft, bytes, resolve })) {
        resolve({ ok: false, code: "overloaded", detail: { retryAfterMs: 100 } });
        return;
      }
      this.#scheduleFlush();
    });
  }

  onApplied(listener: (group: readonly Applied[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  read(from: Seq): AsyncIterable<readonly LogRecord[]> {
    return this.#memory.log.read(from);
  }

  history(filter: HistoryFilter): Promise<HistoryAnswer> {
    return this.#memory.history.query(filter);
  }

  spending(question: SpendingQuestion): Promise<SpendingAnswer> {
    return this.#memory.history.spending(question);
  }

  get proofs(): BoardHandle["proofs"] {
    return this.#memory.proofs;
  }

  rateOf(task: string): ReturnType<BoardHandle["rateOf"]> {
    return { ...this.#burn.rateOf(task), exhaustsAt: this.#burn.exhaustsAt(task) };
  }

  signNow(): Promise<void> {
    return this.#notary.signNow();
  }

  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  async #finish(): Promise<void> {
    this.#expiry.close();
    this.#windows.close();
    this.#burn.close();
    if (this.#inbox.length > 0 || this.#appends > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
        this.#scheduleFlush();
      });
    }
    await this.#resync;
    await this.#notary.close();
    await this.#snapshotter.close();
    await this.#memory.log.close();
  }

  /** Once per turn of the event loop, so that everything that arrived in it shares one append. */
  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    setImmediate(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#resync === undefined && this.#appends < MAX_APPENDS && this.#inbox.length > 0) {
      const group = this.#inbox.take();
      this.#appends++;
      this.#memory.log.append(group.map((waiting) => waiting.draft)).then(
        (records) => this.#durable(group, records),
        (error: unknown) => this.#failed(group, error),
      );
    }
    if (this.#appends === 0 && this.#inbox.length === 0) this.#idle?.();
  }

  #durable(group: readonly Waiting[], records: readonly LogRecord[]): void {
    this.#appends--;
    const applied = this.#fold(records);
    for (let i = 0; i < group.length; i++) group[i]?.resolve((applied[i] as Applied).outcome);
    this.#flush();
  }

  #fold(records: readonly LogRecord[]): Applied[] {
    const applied: Applied[] = Array.from({ length: records.length });
    const refused: Refused[] = [];
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as LogRecord;
      const { outcome, changes } = apply(this.state, record);
      applied[i] = { record, outcome, changes };
      const told = outcomeOf(outcome);
      if (told !== DONE) refused.push({ seq: record.seq, outcome: told });
    }
    this.#memory.history.judged(this.state.seq, refused);
    for (const listener of this.#listeners) {
      try {
        listener(applied);
      } catch (error) {
        this.#notice("a listener failed; the board goes on", error);
      }
    }
    this.#expiry.arm();
    for (const { changes } of applied) {
      if (changes.length === 0) continue;
      this.#windows.changed(changes);
      this.#burn.changed(changes);
    }
    this.#snapshotter.applied(records.length);
    this.#notary.applied(records.length);
    return applied;
  }

  #failed(group: readonly Waiting[], error: unknown): void {
    this.#appends--;
    const code = error instanceof LogError ? error.code : "internal";
    const reason = error instanceof Error ? error.message : String(error);
    for (const waiting of group) waiting.resolve({ ok: false, code, detail: { reason: reason.slice(0, 500) } });
    if (code === "internal") this.#notice("the log failed in an unknown way", error);
    if (code === "indeterminate" || code === "internal") this.#resync ??= this.#readAgain();
    this.#flush();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#timepieces.after(ms, resolve));
  }

  /** After a failed write (rule 5): wait for the log, fold what it did keep, and only then go on. */
  async #readAgain(): Promise<void> {
    this.#notice("a write failed; new writes are refused until the log has recovered");
    while (!this.#memory.log.health.writable && this.#closing === undefined) {
      await this.#pause(RESYNC_INTERVAL_MS);
    }
    while (this.#appends > 0) await this.#pause(1);
    while (!(await this.#foldKept())) {
      if (this.#closing !== undefined) return this.#refuseWaiting();
      await this.#pause(RESYNC_INTERVAL_MS);
    }
    this.#resync = undefined;
    this.#notice("the log has recovered; writes are taken again");
    this.#flush();
  }

  /** Fold what the log kept behind the state. False where it cannot be read now; the next try goes on from there. */
  async #foldKept(): Promise<boolean> {
    try {
      for await (const records of this.#memory.log.read(seq(this.state.seq + 1))) this.#fold(records);
      return true;
    } catch (error) {
      this.#notice("the log cannot be read after a failed write; trying again", error);
      return false;
    }
  }

  /** The board closes before the log could be read: nothing may be appended behind records that are not folded. */
  #refuseWaiting(): void {
    while (this.#inbox.length > 0) {
      for (const waiting of this.#inbox.take()) waiting.resolve({ ok: false, code: "shutting_down" });
    }
    this.#idle?.();
  }
}
