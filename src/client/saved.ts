// Owns what is kept of a replica, the sync that would bring it about and what that belongs to, and bringing it about.
// Does not own where (replica-cache.ts, which alone loads this: a page without a cache does not pay for it).

import type { Sync } from "../protocol/wire/down.ts";
import { perStream } from "./items.ts";
import type { Changes, Replica } from "./replica.ts";

export interface Saved {
  readonly resume: string;
  readonly epoch: string;
  readonly sync: Sync;
}

/** Undefined while nothing is held. */
export function savedOf(replica: Replica): Saved | undefined {
  const cursor = replica.cursor();
  if (cursor === undefined) return undefined;
  const { epoch, seq } = replica.position();
  const streams = perStream((stream) => ({ put: [...replica.items(stream).values()] }));
  const { notes, total } = replica.audit();
  const entries = { ...streams.entries, window: { ...replica.window(), whole: true }, over: replica.over() };
  const held = { ...streams, entries, audit: { add: notes, total } };
  return {
    // What stands before the position.
    resume: cursor.slice(0, cursor.lastIndexOf(".")),
    epoch,
    sync: { sub: "", from: 0, to: seq, reset: "start", ...held } as Sync,
  };
}

/** Undefined where it is not what this version wrote: the server tells everything anyway. */
export function restore(replica: Replica, { resume, epoch, sync }: Saved): Changes | undefined {
  replica.begin({ sub: sync.sub, resume, position: { epoch, seq: 0 }, clock: 0, reset: "start" });
  const applied = replica.apply(sync);
  return applied.kind === "applied" ? applied.changes : undefined;
}
