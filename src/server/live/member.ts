// Owns one subscription of one session on a channel: where its replica stands, and what is on its way to it.
// Does not own what is told (feed/cohort) or when (channel).

import type { Cohort, Pages, Stand } from "../../feed/index.ts";
import type { ResetReason } from "../../protocol/index.ts";
import type { Frame } from "./frame.ts";

/** What a channel needs of a session. */
export interface Listener {
  /** Whether more may be sent to it now. */
  readonly takes: boolean;
  /** Whether it has several subscriptions, so that a flush may send it several frames. */
  readonly isManifold: boolean;
  /** Send a sync that many share. */
  tell(member: Member, frame: Frame): void;
  /** Several frames follow: send them in one go. */
  hold(): void;
  release(): void;
  /** Something went wrong in telling it: end the session, so that the client resumes. */
  fail(): void;
  /** The board was deleted. */
  boardGone(board: string): void;
}

export interface Member extends Stand {
  readonly listener: Listener;
  readonly sub: string;
  readonly rateMs: number;
  cohort: Cohort<Frame>;
  /** Position of the replica, as it was told. */
  from: number;
  /** Everything is to be told anew, and why. */
  reset: ResetReason | undefined;
  /** It was told a sync of this subscription (W-SYNC-8). */
  isLive: boolean;
  /** Version of the window's rows that the replica holds. */
  rows: number;
  readonly isPoll: boolean;
  /** Of a poll: stands for the rows that it holds, whatever version they have; empty where it holds none. */
  readonly mark: string;
  pages: Pages<Frame> | undefined;
  /** Whose they are, where the member has moved on to another cohort meanwhile. */
  pagesOf: Cohort<Frame> | undefined;
}
