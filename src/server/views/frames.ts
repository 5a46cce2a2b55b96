// Owns the frames: one text per board and tick, made of parts that are reused while nothing changed (law L4).
// Does not own who gets them. Invariant: values are spliced as text; a frame is bytes that are never written to again.

import type { BoardHandle } from "../../engine/contract.ts";
import { newestText } from "./audit-text.ts";
import { budgetTotals } from "./budget-view.ts";
import { entriesText } from "./entry-text.ts";

/** Largest part of a frame in bytes. Beyond, the part says so and names what to use instead. */
export const MAX_PART_BYTES = 8 * 1_048_576;
/** Notes in a frame. */
const FRAME_NOTES = 20;

const failed = (part: string): string =>
  JSON.stringify({
    success: false,
    error: `the ${part} is larger than ${MAX_PART_BYTES / 1_048_576} MiB; read it in pages from /api/v1/boards/{board}, or use the swarmboard.v1 protocol`,
  });

/** The part's text, or its failure where it is too large. */
function part(name: string, inside: string | undefined, wrap: (inside: string) => string): string {
  if (inside === undefined) return failed(name);
  const text = wrap(inside);
  // A UTF-16 unit is at most three bytes of UTF-8, so only large texts need counting.
  return text.length * 3 > MAX_PART_BYTES && Buffer.byteLength(text) > MAX_PART_BYTES ? failed(name) : text;
}

export const blackboardPart = (board: BoardHandle): string =>
  part(
    "blackboard",
    entriesText(board.state, MAX_PART_BYTES),
    (inside) => `{"success":true,"entries":{${inside}},"key_count":${board.state.entries.size}}`,
  );

/** The seed's GET answer: the same map under two names. */
export const blackboardAnswer = (board: BoardHandle): string =>
  part(
    "blackboard",
    entriesText(board.state, MAX_PART_BYTES / 2),
    (inside) => `{"success":true,"entries":{${inside}},"state":{${inside}},"key_count":${board.state.entries.size}}`,
  );

export const budgetPart = (board: BoardHandle): string =>
  part("budget list", JSON.stringify(budgetTotals(board.state)), (inside) => `{"success":true,${inside.slice(1)}`);

export const auditPart = (board: BoardHandle, count: number): string =>
  part(
    "audit log",
    newestText(board.state.audit.notes, count, MAX_PART_BYTES),
    (inside) => `{"success":true,"entries":[${inside}],"total_count":${board.state.audit.total}}`,
  );

interface Kept {
  readonly position: string;
  readonly body: Buffer;
}

export interface Frames {
  /** A whole frame of this moment. `extra` is empty, or members to add: `,"name":value…`. */
  build(board: BoardHandle, extra?: string): Buffer;
  /** How much work was done so far: frames put together, and bodies serialised for them. */
  readonly work: { readonly frames: number; readonly bodies: number };
}

/** @param now wall time in ms */
export function createFrames(now: () => number): Frames {
  const bodies = new WeakMap<BoardHandle, Kept>();
  const work = { frames: 0, bodies: 0 };

  const body = (board: BoardHandle): Buffer => {
    const position = `${board.position.epoch}.${board.position.seq}.${board.unwritable ?? ""}`;
    const kept = bodies.get(board);
    if (kept?.position === position) return kept.body;
    work.bodies++;
    const made = Buffer.from(
      `,"blackboard":${blackboardPart(board)},"budget":${budgetPart(board)},"audit":${auditPart(board, FRAME_NOTES)}`,
    );
    bodies.set(board, { position, body: made });
    return made;
  };

  return {
    build(board, extra = "") {
      work.frames++;
      const head = Buffer.from(`{"timestamp":"${new Date(now()).toISOString()}"`);
      return Buffer.concat([head, body(board), Buffer.from(`${extra}}`)]);
    },
    work,
  };
}
