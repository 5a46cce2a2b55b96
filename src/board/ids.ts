// Owns which command ids were seen, with what content and outcome (law L9, rule 9), in about 60 bytes an id.
// Does not own age rules (rules-1/retries). Ids are kept in a ring, oldest first, and found by a table over it.
// Two ids that fall on one 64-bit key can only end in a refusal: their record hashes differ, as those are salted.

import { ID_WINDOW_COUNT, type Outcome, seq } from "../protocol/index.ts";
import { IdColumns, Tag } from "./id-columns.ts";
import { packOutcome, unpackOutcome } from "./id-outcomes.ts";

/** Outcomes that do not fit the columns are kept as text, up to so many characters; beyond, the oldest ids go. */
const MAX_TEXT_LENGTH = 64 * 1_048_576;
/** What a text costs besides its length. */
const TEXT_OVERHEAD = 64;
/** An id that claims to be young may go to the tail again instead of being forgotten, so many times in one step. */
const MAX_ROTATIONS = 4;

export type Recall = { readonly known: false } | { readonly known: true; readonly outcome: Outcome | undefined };

const UNKNOWN: Recall = { known: false };

/** Where in time a step happens: wall time and board clock of the record at hand. */
export interface Moment {
  readonly at: number;
  readonly clock: number;
}

export class IdWindow {
  readonly columns = new IdColumns();
  /** Outcomes as JSON text, by the seq of their record. */
  readonly texts = new Map<number, string>();
  /** Issue time of the youngest id that was forgotten; -1 for none. Nothing that old can be told from a repeat. */
  forgottenIssuedAt = -1;
  #textLength = 0;
  readonly #most: number;

  /** `most`: how many ids are remembered. */
  constructor(most: number = ID_WINDOW_COUNT) {
    this.#most = most;
  }

  get count(): number {
    return this.columns.count;
  }

  /**
   * What is known of an id. `outcome` is undefined where the id was used with other content.
   * Computes the keys that a `remember` right after it uses.
   */
  recall(actor: string, id: string, hash: string): Recall {
    const columns = this.columns;
    columns.computeKey(actor, id, hash);
    const position = columns.find();
    if (position < 0) return UNKNOWN;
    if (!columns.samePrint(position)) return { known: true, outcome: undefined };
    return { known: true, outcome: unpackOutcome(columns, position, this.texts) };
  }

  /** The position of the record that first used the id just recalled. */
  firstSeq(): number {
    const position = this.columns.find();
    return position < 0 ? 0 : (this.columns.seqs[position] as number);
  }

  /** Keep the outcome of the id that was recalled last. `issuedAt` is -1 for an id that does not tell. */
  remember(outcome: Outcome, recordSeq: number, issuedAt: number, moment: Moment): void {
    while (this.columns.count >= this.#most) this.#forgetOldest(moment);
    const packed = packOutcome(outcome, moment.clock);
    this.columns.append(recordSeq, moment.clock, issuedAt, packed.tag, packed.rev, packed.ttlMs);
    if (packed.text === undefined) return;
    this.keepText(recordSeq, packed.text);
    while (this.#textLength > MAX_TEXT_LENGTH && this.columns.count > 1) this.#forgetOldest(moment);
  }

  keepText(recordSeq: number, text: string): void {
    this.texts.set(recordSeq, text);
    this.#textLength += text.length + TEXT_OVERHEAD;
  }

  /** Forget ids that are older than the window by the board clock; at most `most` of them, to bound one record's work. */
  forgetOlderThan(clockLimit: number, moment: Moment, most: number): void {
    const columns = this.columns;
    for (let i = 0; i < most && columns.count > 0; i++) {
      if ((columns.clocks[columns.head] as number) >= clockLimit) return;
      this.#forgetOldest(moment);
    }
  }

  /**
   * Forget the oldest id. From then on ids issued no later than it are too old to be told from repeats. An id whose
   * issue time lies in the younger half of the time since it came (its sender's clock is ahead) would drag that limit
   * past honest senders, so it goes to the tail instead, within reason.
   */
  #forgetOldest(moment: Moment): void {
    const columns = this.columns;
    for (let rotation = 0; rotation < MAX_ROTATIONS; rotation++) {
      const youngest = moment.at - (moment.clock - (columns.clocks[columns.head] as number)) / 2;
      if ((columns.issued[columns.head] as number) <= youngest) break;
      columns.rotate();
    }
    const head = columns.head;
    this.forgottenIssuedAt = Math.max(this.forgottenIssuedAt, columns.issued[head] as number);
    if (columns.tags[head] === Tag.text) {
      const recordSeq = seq(columns.seqs[head] as number);
      this.#textLength -= (this.texts.get(recordSeq)?.length ?? 0) + TEXT_OVERHEAD;
      this.texts.delete(recordSeq);
    }
    columns.dropHead();
  }
}
