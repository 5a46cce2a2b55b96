// Owns asking the server for the history of a budget's spending. Does not own what it shows (state/burn-down.ts).

import { type Bucket, BUCKETS, type SpendHistory } from "../state/burn-down.ts";

const TIMEOUT_MS = 15_000;
const MOST_POINTS = 10_000;

/** Undefined where the server has none (404, 503), or says something else than a history. */
export async function readSpendHistory(
  board: string,
  task: string,
  bucket: Bucket,
  signal: AbortSignal,
): Promise<SpendHistory | undefined> {
  const path = `/api/v1/boards/${encodeURIComponent(board)}/budgets/${encodeURIComponent(task)}/history`;
  try {
    const response = await fetch(`${path}?bucket=${bucket}`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    return response.ok ? asHistory(await response.json()) : undefined;
  } catch {
    return undefined;
  }
}

const isAmount = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

export function asHistory(body: unknown): SpendHistory | undefined {
  const { bucket, from, to, points, resets } = (body ?? {}) as Partial<Record<keyof SpendHistory, unknown>>;
  const known = BUCKETS.find((each) => each === bucket);
  if (known === undefined || !isAmount(from) || !isAmount(to) || !Array.isArray(points)) return undefined;
  const read = points.slice(-MOST_POINTS) as SpendHistory["points"];
  const isWhole = read.every((point) =>
    [point.at, point.tokens, point.nanoUsd, point.cumTokens, point.cumNanoUsd].every(isAmount),
  );
  if (!isWhole) return undefined;
  return { bucket: known, from, to, points: read, resets: Array.isArray(resets) ? resets.filter(isAmount) : [] };
}
