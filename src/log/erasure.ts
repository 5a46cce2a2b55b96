// Owns the erasing of records' values from a board's files (rule 17): what belongs to one erasure, that it is noted before
// it begins, and that it can be ended after a crash. Does not own the line that stays (erased-line) or the record of it.
//
//   begin: erasing.json ──▶ record.erase is durable ──▶ snapshots without the value ──▶ finish: segments, archives ──▶ no erasing.json
//
// A crash before the record leaves nothing changed; a crash after it is gone on from at the next start.

import { seq as toSeq, type Command, type LogRecord } from "../protocol/index.ts";
import { checkedLineOf, objectOfLine } from "./checked-line.ts";
import type { EraseStep, LogErasure } from "./contract.ts";
import { codeOf, readSmallFile, replaceFile, type Disk } from "./disk.ts";
import { eraseLine, erasableKeys } from "./erased-line.ts";
import { decodeRecord } from "./record-line.ts";
import type { Segment } from "./segment-file.ts";
import { rewriteSegment, trimSegment } from "./segment-rewrite.ts";
import type { LineRun } from "./segment-scan.ts";

const FILE = "erasing.json";
/** No rules refuse a merge whose result is no larger than this. */
const SURELY_FITS_BYTES = 1_048_576;
/** Nor one whose patch has no more braces. */
const SURELY_FLAT = 100;

export interface ErasureOptions {
  readonly disk: Disk;
  readonly boardFolder: string;
  readonly segmentsFolder: string;
  readonly segments: readonly Segment[];
  readonly first: () => number;
  readonly head: () => number;
  /** Lines of durable records, in order; the first run may begin earlier. */
  readonly lines: (from: number, until: number) => AsyncIterable<{ readonly run: LineRun }>;
  readonly seal: () => void;
  /** Every position of which the fold said that it changed nothing, and why. */
  readonly refused: () => Promise<ReadonlyMap<number, string>>;
  /** Where retention puts records. */
  readonly archives: {
    /** Records that lie in archives, oldest first. */
    records(): AsyncIterable<{ readonly record: LogRecord; readonly line: Buffer }>;
    /** Replace a line in every archive that holds its record. */
    replace(seq: number, replacement: (line: Buffer) => Buffer | undefined): Promise<void>;
  };
}

/** Codes of refusals that may be for what a record holds; `refused` is of logs that did not keep the code. */
const FOR_CONTENT = new Set(["value_too_large", "value_too_deep", "bad_json", "batch_failed", "refused"]);

interface Held {
  readonly record: LogRecord;
  readonly line: Buffer;
}

export function createErasure(options: ErasureOptions): LogErasure {
  const { disk, boardFolder, segmentsFolder, segments, lines, archives } = options;

  /** All records that there are, with a copy of each line that may be asked for. */
  async function* everything(until: number, from = 1): AsyncGenerator<Held, void> {
    const first = options.first();
    if (from < first) for await (const held of archives.records()) if (held.record.seq < first) yield held;
    if (from > until) return;
    for await (const { run } of lines(Math.max(first, from), until)) {
      for (const held of heldIn(run)) if (held.record.seq >= from && held.record.seq <= until) yield held;
    }
  }

  const find = async (seq: number): Promise<Held | undefined> => {
    if (seq >= options.first()) {
      for await (const { run } of lines(seq, seq))
        for (const held of heldIn(run)) if (held.record.seq === seq) return held;
      return undefined;
    }
    for await (const held of archives.records()) if (held.record.seq === seq) return held;
    return undefined;
  };

  const rewrite = async (step: EraseStep): Promise<void> => {
    const replacement = (line: Buffer): Buffer | undefined => {
      const record = decodeRecord(line, 0, line.length, false);
      return record.erased === undefined ? eraseLine(line, record.command, step.outcome).line : undefined;
    };
    await archives.replace(step.seq, replacement);
    const index = segments.findLastIndex(({ firstSeq }) => firstSeq <= step.seq);
    const segment = segments[index];
    const next = segments[index + 1];
    if (segment === undefined) return;
    if (next === undefined) throw new Error(`${segment.path} is still written to`);
    const before = segments[index - 1];
    if (before !== undefined) await trimSegment(disk, before, segment.firstSeq - 1);
    for await (const { run } of lines(step.seq, step.seq)) {
      for (const { record, line } of heldIn(run)) {
        const made = record.seq === step.seq ? replacement(line) : undefined;
        if (made === undefined) continue;
        await rewriteSegment(disk, segmentsFolder, segment, next.firstSeq - 1, new Map([[step.seq, made]]));
        return;
      }
    }
  };

  return {
    plan: async (seq) => {
      if (!Number.isSafeInteger(seq) || seq < 1 || seq > options.head()) return { ok: false, code: "no_such_record" };
      const target = await find(seq);
      if (target === undefined) return { ok: false, code: "record_archived" };
      if (target.record.erased !== undefined) return { ok: false, code: "already_erased" };
      if (erasableKeys(target.record.command).length === 0) return { ok: false, code: "not_erasable" };
      let refused = await options.refused();
      const stepOf = ({ record, line }: Held, dependsOnContent: boolean): EraseStep => {
        const isRefused = refused.has(record.seq);
        // Any other refusal follows from what is left.
        const outcome = isRefused && dependsOnContent ? "refused" : "done";
        const { left } = eraseLine(line, record.command, outcome);
        const keys = isRefused ? [] : erasableKeys(record.command);
        return { seq: record.seq, hash: record.hash, left, keys, outcome };
      };
      const sizes = createSizes(erasableKeys(target.record.command), options.first() > 1);
      /** From the first record on that put the content into a value. */
      let isIn = false;
      /** A repeat holds the same content under the same commitment. */
      const see = (held: Held): { isSame: boolean; step: EraseStep } | undefined => {
        const { record } = held;
        const isSame = record.hash === target.record.hash;
        const why = refused.get(record.seq);
        const isRefused = why !== undefined;
        const may = isRefused && FOR_CONTENT.has(why) && sizes.mayBeRefused(record.command, isSame);
        isIn ||= isSame && !isRefused;
        if (!isRefused) sizes.apply(record.command, isSame ? "own" : isIn ? "later" : "before");
        // Whether a merge was too large cannot be told any more once the value under it is gone: it must be written down.
        const isPart = record.erased === undefined && (isSame || (isIn && may));
        return isPart ? { isSame, step: stepOf(held, may) } : undefined;
      };
      const dependent: EraseStep[] = [];
      const same: EraseStep[] = [];
      let seenTo = options.head();
      for await (const held of everything(seenTo)) {
        const part = see(held);
        if (part !== undefined) (part.isSame ? same : dependent).push(part.step);
      }
      // What depends on the content is settled before the content goes, and the record that was asked for goes last: a crash in
      // between is gone on from by asking again.
      const own = same.filter((step) => step.seq === seq);
      const steps = [...dependent, ...same.filter((step) => step.seq !== seq), ...own];
      const isStill = async (): Promise<boolean> => {
        const head = options.head();
        refused = await options.refused();
        let isSame = true;
        for await (const held of everything(head, seenTo + 1)) if (see(held) !== undefined) isSame = false;
        seenTo = head;
        return isSame;
      };
      return { ok: true, steps, isStill };
    },
    begin: async (step) => {
      await replaceFile(disk, boardFolder, FILE, checkedLineOf({ v: 1, ...step }));
      options.seal();
    },
    pending: async () => {
      const bytes = await readSmallFile(disk, `${boardFolder}/${FILE}`);
      if (bytes === undefined) return undefined;
      const step = objectOfLine(bytes, 0, bytes.length - 1);
      if (step?.["v"] !== 1)
        throw new Error(
          `${boardFolder}/${FILE} is damaged: an erasure was under way; look which, and ask for it again`,
        );
      const { v: _, ...rest } = step;
      return rest as unknown as EraseStep;
    },
    finish: async (step) => {
      await rewrite(step);
      await forget(disk, boardFolder);
    },
    cancel: () => forget(disk, boardFolder),
  };
}

async function forget(disk: Disk, folder: string): Promise<void> {
  try {
    await disk.unlink(`${folder}/${FILE}`);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
  await disk.syncFolder(folder);
}

function* heldIn({ buffer, starts, firstSeq, ascii }: LineRun): Generator<Held, void> {
  for (let i = 0; i < starts.length - 1; i++) {
    const start = starts[i] ?? 0;
    const end = (starts[i + 1] ?? 0) - 1;
    const record = decodeRecord(buffer, start, end, ascii);
    if (record.seq !== firstSeq + i) throw new Error(`record ${record.seq} where ${firstSeq + i} belongs`);
    yield { record: { ...record, seq: toSeq(record.seq) }, line: buffer.subarray(start, end) };
  }
}

/**
 * At most how large the values of some keys are: a merge's result is never longer than what it was made of. A key ends when
 * a later record replaces or deletes its value; from then on nothing rests on what was there.
 */
function createSizes(keys: readonly string[], isCut: boolean) {
  const most = new Map(keys.map((key) => [key, isCut ? SURELY_FITS_BYTES : 0]));
  const ended = new Set<string>();
  const bytesOf = (text: string): number => text.length * 3;
  const singles = (command: Command) => (command.type === "batch" ? command.commands : [command]);
  return {
    /** `own` holds the content; what is replaced or deleted `later` does not rest on it any more. */
    apply: (command: Command, when: "before" | "own" | "later"): void => {
      for (const single of singles(command)) {
        if (single.type === "entry.merge" && most.has(single.key)) {
          most.set(single.key, (most.get(single.key) ?? 0) + bytesOf(single.patch));
          if (when === "own") ended.delete(single.key);
        } else if (single.type === "entry.put" && most.has(single.key)) {
          most.set(single.key, bytesOf(single.value));
          if (when === "later") ended.add(single.key);
          if (when === "own") ended.delete(single.key);
        } else if (single.type === "entry.delete" && when === "later") ended.add(single.key);
      }
    },
    /** Whether its content may be why it was refused: a result that is too large, or a patch that is too deep. */
    mayBeRefused: (command: Command, alsoEnded: boolean): boolean => {
      let isLarge = false;
      const added = new Map<string, number>();
      for (const single of singles(command)) {
        if (single.type !== "entry.merge" || !most.has(single.key)) continue;
        if (ended.has(single.key) && !alsoEnded) continue;
        const bytes = (added.get(single.key) ?? most.get(single.key) ?? 0) + bytesOf(single.patch);
        added.set(single.key, bytes);
        isLarge ||= bytes > SURELY_FITS_BYTES || single.patch.split("{").length > SURELY_FLAT;
      }
      return isLarge;
    },
  };
}
