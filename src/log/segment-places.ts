// Owns what is remembered of where records lie in segments, so that a read from the middle need not walk from the start.
// Does not own the walk. Only a shortcut: forgetting a place costs time and nothing else.
// Bounded: a place per MiB of a segment, and the places of MOST_SEGMENTS segments; beyond, the oldest are forgotten.

const SPACING_BYTES = 1_048_576;
const MOST_SEGMENTS = 256;

/** The line of record `seq` begins at byte `offset`. */
export interface Place {
  readonly seq: number;
  readonly offset: number;
}

export interface SegmentPlaces {
  /** Remember a place of a segment, if it lies far enough behind the last one that is known. */
  note(segment: number, place: Place): void;
  /** The last known place at or before a record. */
  find(segment: number, seq: number): Place | undefined;
  /** The segment's file was replaced. */
  forget(segment: number): void;
}

/** Places by the first position of their segment. */
export function createSegmentPlaces(): SegmentPlaces {
  const bySegment = new Map<number, Place[]>();
  return {
    note: (segment, place) => {
      let places = bySegment.get(segment);
      if (places === undefined) {
        places = [];
        bySegment.set(segment, places);
        const [oldest] = bySegment.keys();
        if (bySegment.size > MOST_SEGMENTS && oldest !== undefined) bySegment.delete(oldest);
      }
      if (place.offset < (places.at(-1)?.offset ?? 0) + SPACING_BYTES) return;
      places.push(place);
    },
    find: (segment, seq) => bySegment.get(segment)?.findLast((place) => place.seq <= seq),
    forget: (segment) => {
      bySegment.delete(segment);
    },
  };
}
