// Owns the unit in which a board hands its state to a snapshot and takes it back.

/** JSON that tells what the part is and how long its texts are (in UTF-16 units), and the raw texts themselves. */
export interface SnapshotPart {
  /** One line of JSON. */
  readonly head: string;
  /** Raw texts, stored as they are, in order. The store keeps their lengths. */
  readonly texts: readonly string[];
}
