// Owns what is dropped when a bounded collection is full (law L6): the oldest tenth, after the record, so that one sweep
// pays for many records. Which ones are the oldest follows from their seq and name alone, never from the order of a map.

import { type Change, compareNames } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import { MAX_ACTIVE, MAX_FINISHED_REQUESTS, MAX_FREE_CLAIMS, MAX_MARKS, MAX_NOTES, MAX_TOMBSTONES } from "./bounds.ts";

/** Runs after every accepted record; costs a few comparisons when nothing is full. What leaves a view is a change too. */
export function trim(board: Board, changes: Change[]): void {
  const { notes } = board.audit;
  if (notes.length > MAX_NOTES) notes.splice(0, notes.length - MAX_NOTES);
  if (board.tombstones.size > MAX_TOMBSTONES) trimTombstones(board);
  if (board.finishedRequests > MAX_FINISHED_REQUESTS) {
    const finished = [...board.requests.values()].filter((request) => request.state !== "open");
    const rows = finished.map(({ request, seq }): Aged => [request, seq]);
    for (const name of oldest(rows, MAX_FINISHED_REQUESTS)) {
      board.setRequest(name, undefined);
      changes.push({ type: "request.changed", name });
    }
  }
  if (board.freeClaims > MAX_FREE_CLAIMS) {
    const free = [...board.claims.values()].filter((claim) => claim.holder === undefined);
    const rows = free.map(({ claim, seq }): Aged => [claim, seq]);
    for (const name of oldest(rows, MAX_FREE_CLAIMS)) {
      board.setClaim(name, undefined);
      changes.push({ type: "claim.changed", name });
    }
  }
  if (board.activity.size > MAX_ACTIVE) {
    const rows = [...board.activity].map(([name, { seq }]): Aged => [name, seq]);
    for (const name of oldest(rows, MAX_ACTIVE)) {
      board.activity.delete(name);
      changes.push({ type: "agent.changed", name });
    }
  }
}

/** The marks of the sources that a record wrote to. */
export function trimMarks(board: Board, source: string): void {
  const seqs = board.markSeqs.get(source);
  if (seqs === undefined || seqs.size <= MAX_MARKS) return;
  for (const name of oldest([...seqs], MAX_MARKS)) board.setMark(source, name, undefined);
}

function trimTombstones(board: Board): void {
  const rows = [...board.tombstones].map(([key, { seq }]): Aged => [key, seq]);
  for (const key of oldest(rows, MAX_TOMBSTONES)) {
    board.revFloor = Math.max(board.revFloor, board.tombstones.get(key)?.rev ?? 0);
    board.setTombstone(key, undefined);
  }
}

type Aged = readonly [name: string, seq: number];

/** Names of the oldest, so that nine tenths of `most` remain. Names are compared only where the cut splits one record. */
export function oldest(rows: readonly Aged[], most: number): string[] {
  const drop = rows.length - Math.floor(most * 0.9);
  if (drop <= 0) return [];
  const cut = Float64Array.from(rows, ([, seq]) => seq).sort()[drop - 1] as number;
  const names = rows.filter(([, seq]) => seq < cut).map(([name]) => name);
  const tied = rows.filter(([, seq]) => seq === cut).map(([name]) => name);
  return names.concat(tied.sort(compareNames).slice(0, drop - names.length));
}
