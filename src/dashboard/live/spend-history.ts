// Owns asking the server for the history of a budget's spending. Does not own what it shows (state/burn-down.ts).

import { type Bucket, BUCKETS, type NamedSpend, type SpendHistory, type Spenders } from "../state/burn-down.ts";

const TIMEOUT_MS = 15_000;
const MOST_POINTS = 10_000;

/** A task called `.` or `..` would lead to another route, whose answer is no history. */
export const spendHistoryAddress = (board: string, task: string, bucket: Bucket): string =>
  `/api/v1/boards/${encodeURIComponent(board)}/budgets/${encodeURIComponent(task)}/history?bucket=${bucket}`;

/** Undefined where the server has none (404, 503), or says something else than a history. */
export async function readSpendHistory(
  board: string,
  task: string,
  bucket: Bucket,
  signal: AbortSignal,
): Promise<SpendHistory | undefined> {
  try {
    const response = await fetch(spendHistoryAddress(board, task, bucket), {
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    return response.ok ? asHistory(await response.json()) : undefined;
  } catch {
    return undefined;
  }
}

const isAmount = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

export function asHistory(body: unknown): SpendHistory | undefined {
  const told = (body ?? {}) as Partial<Record<keyof SpendHistory, unknown>>;
  const { bucket, from, to, points, resets } = told;
  const known = BUCKETS.find((each) => each === bucket);
  if (known === undefined || !isAmount(from) || !isAmount(to) || !Array.isArray(points)) return undefined;
  const read = points.slice(-MOST_POINTS) as SpendHistory["points"];
  const isWhole = read.every((point) =>
    [point.at, point.tokens, point.nanoUsd, point.cumTokens, point.cumNanoUsd].every(isAmount),
  );
  if (!isWhole) return undefined;
  const named = (by: Spenders): readonly NamedSpend[] => {
    const list: unknown = told[by];
    return Array.isArray(list) ? (list as NamedSpend[]).filter((one) => isAmount(one.tokens)) : [];
  };
  return {
    bucket: known,
    from,
    to,
    points: read,
    resets: Array.isArray(resets) ? resets.filter(isAmount) : [],
    byAgent: named("byAgent"),
    byModel: named("byModel"),
    byOperation: named("byOperation"),
  };
}
