// Owns what the follower asks of a board, and what it offers to those who run it.
// Does not own how either is done. Structural on purpose: follow/ knows no engine, only the words.

import type { Budget, Command, CommandId, Entry, Limits, Origin, Outcome, Request, Source } from "../protocol/index.ts";

/** The part of a board's state that tells a follower what is its own (rule 20) and how far it came (rule 21). */
export interface FollowedState {
  readonly entries: ReadonlyMap<string, Pick<Entry, "source">>;
  readonly budgets: ReadonlyMap<string, Pick<Budget, "source" | "closed">>;
  readonly requests: ReadonlyMap<string, Pick<Request, "source" | "state">>;
  readonly sources: ReadonlyMap<string, Pick<Source, "state" | "paused" | "detail">>;
  readonly marks: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** A board to import into. `submit` never rejects: faults are outcomes too. */
export interface FollowTarget {
  readonly state: FollowedState;
  submit(submission: Origin & { readonly id?: CommandId; readonly command: Command }): Promise<Outcome>;
}

export interface FollowLogger {
  info(detail: object, message: string): void;
  warn(detail: object, message: string): void;
}

export interface FollowerOptions {
  /** The workspace: its root, its base or its data folder. It need not exist yet. */
  readonly dir: string;
  readonly target: FollowTarget;
  /** Label of the workspace in source ids and as actor, 1 to 64 bytes; by default the folder's name. Unique per board. */
  readonly name?: string;
  /** Wall time in ms: what is left of an imported TTL counts from it. */
  readonly now?: () => number;
  readonly logger?: FollowLogger;
  /** Pause between two looks at every file, for network drives that send no events. Default 2000 ms, at least 50. */
  readonly pollMs?: number;
  /** False: poll only. */
  readonly watch?: boolean;
  readonly limits?: Limits;
}

export interface FollowedFile {
  /** Path below the workspace's base, with `/`. */
  readonly file: string;
  readonly source: string;
  readonly state: "ok" | "absent" | "stale" | "error";
  readonly problem: string | undefined;
}

export interface FollowerStatus {
  readonly source: string;
  readonly dir: string;
  readonly state: Source["state"];
  readonly paused: boolean;
  readonly detail: string;
  readonly watching: "events" | "polling";
  /** Files that exist, or did. */
  readonly files: readonly FollowedFile[];
  /** Items that the board refused or that could not be imported, newest last, at most 20. */
  readonly refused: readonly string[];
  /** Keys that this workspace took over from other writers, newest last, at most 20 (rule 20). */
  readonly conflicts: readonly string[];
}

export interface Follower {
  /** `follow:<label>`: the actor of all it sends, and the source under which it reports. */
  readonly source: string;
  /** Resolves when everything that was there at the start is on the board (or known to be unreadable), or at close. */
  readonly ready: Promise<void>;
  status(): FollowerStatus;
  /** Stops watching; resolves when nothing is being read or sent any more. */
  close(): Promise<void>;
}
