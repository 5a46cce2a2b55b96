// Owns what waits for the disk: encoded lines, merged into groups that are written and synced at once.
// Does not own the disk. Invariant: groups leave in the order in which their batches came, and a batch is in one group.
// Bound: the engine's inbox bounds what waits (Limits.maxInboxBytes); a group closes at `maxGroupBytes`.

import type { LogRecord } from "../protocol/index.ts";
import type { LogError } from "./contract.ts";
import { writeLine, type EncodedRecord } from "./record-line.ts";

interface Waiting {
  readonly records: readonly LogRecord[];
  readonly resolve: (records: readonly LogRecord[]) => void;
  readonly reject: (error: LogError) => void;
}

/** What goes to the disk in one write and one sync. */
export interface CommitGroup {
  buffer: Buffer;
  bytes: number;
  count: number;
  /** Where in the buffer each record's envelope begins and ends. */
  readonly envelopes: number[];
  readonly waiting: Waiting[];
}

export interface CommitQueue {
  add(encoded: readonly EncodedRecord[]): Promise<readonly LogRecord[]>;
  /** The oldest group, or undefined where nothing waits. */
  take(): CommitGroup | undefined;
  /** The group is done with: its buffer serves again. */
  recycle(group: CommitGroup): void;
  rejectAll(error: LogError): void;
}

const FIRST_BUFFER_BYTES = 64 * 1024;
const SPARE_BUFFERS = 2;

export function createCommitQueue(maxGroupBytes: number): CommitQueue {
  const groups: CommitGroup[] = [];
  const spare: Buffer[] = [];

  const openGroup = (bytes: number): CommitGroup => {
    const last = groups.at(-1);
    if (last !== undefined && last.bytes + bytes <= maxGroupBytes) return last;
    const group = {
      buffer: spare.pop() ?? Buffer.allocUnsafeSlow(FIRST_BUFFER_BYTES),
      bytes: 0,
      count: 0,
      envelopes: [],
      waiting: [],
    };
    groups.push(group);
    return group;
  };

  return {
    add: (encoded) =>
      new Promise((resolve, reject) => {
        let bytes = 0;
        for (const one of encoded) bytes += one.bytes;
        const group = openGroup(bytes);
        makeRoom(group, bytes);
        for (const one of encoded) {
          const envAt = group.bytes + one.envAt;
          group.envelopes.push(envAt, envAt + one.envBytes);
          group.bytes = writeLine(one, group.buffer, group.bytes);
        }
        group.count += encoded.length;
        group.waiting.push({ records: encoded.map((one) => one.record), resolve, reject });
      }),
    take: () => groups.shift(),
    recycle: ({ buffer }) => {
      if (spare.length < SPARE_BUFFERS && buffer.length <= maxGroupBytes) spare.push(buffer);
    },
    rejectAll: (error) => {
      for (const group of groups.splice(0)) rejectGroup(group, error);
    },
  };
}

function makeRoom(group: CommitGroup, bytes: number): void {
  const needed = group.bytes + bytes;
  if (needed <= group.buffer.length) return;
  let size = group.buffer.length;
  while (size < needed) size *= 2;
  const larger = Buffer.allocUnsafeSlow(size);
  group.buffer.copy(larger, 0, 0, group.bytes);
  group.buffer = larger;
}

export function resolveGroup(group: CommitGroup): void {
  for (const { records, resolve } of group.waiting) resolve(records);
}

export function rejectGroup(group: CommitGroup, error: LogError): void {
  for (const { reject } of group.waiting) reject(error);
}
