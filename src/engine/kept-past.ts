// Owns what is done to a board's past: erasing values from it (eraser) and moving its beginning into archives (archivist),
// never both at once. Does not own how: it puts the two together, and is the one thing of theirs that the engine knows.

import type { BoardMemory } from "../log/contract.ts";
import type { RetentionPolicy } from "../log/index.ts";
import { createArchivist } from "./archivist.ts";
import type { BoardPast } from "./contract.ts";
import { createEraser, type EraserOptions } from "./eraser.ts";

export interface KeptPast extends BoardPast {
  /** Before anyone can read: what was recorded as erased is gone. */
  resume(): Promise<void>;
  /** Begin to look now and then whether something is to be archived. */
  start(): void;
  close(): Promise<void>;
}

export function createKeptPast(
  options: EraserOptions & {
    readonly memory: BoardMemory;
    readonly policy: RetentionPolicy;
    readonly wallMs: () => number;
    readonly signNow: () => Promise<void>;
  },
): KeptPast {
  const { memory } = options;
  const eraser = createEraser(options);
  const archivist = createArchivist({ ...options, exclusively: (work) => eraser.exclusively(work) });
  return {
    get first() {
      return memory.log.first;
    },
    erase: (seq, order) => eraser.erase(seq, order),
    archives: () => memory.archives?.list() ?? Promise.resolve([]),
    archiveOf: (seq) => memory.archives?.holding(seq) ?? Promise.resolve(undefined),
    retain: (policy) => archivist.lookNow(policy),
    resume: () => eraser.resume(),
    start: () => archivist.start(),
    close: async () => {
      await archivist.close();
      await eraser.close();
    },
  };
}
