// Owns the burn-down of a budget in its drawer: where its points come from, in which unit, and the same as text.
// Does not own drawing: the chart is a file of its own, loaded when a drawer opens.

import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import type { Budget } from "../../client/index.ts";
import { useDashboard } from "../dashboard-context.ts";
import { readSpendHistory, spendHistoryAddress } from "../live/spend-history.ts";
import { useServerOffsetMs } from "../parts/ago.tsx";
import { DrawerPart } from "../parts/drawer.tsx";
import { hasMoney, moneyOf } from "../state/budget-figures.ts";
import { useClock } from "../state/clock.ts";
import {
  type Bucket,
  BUCKETS,
  type Curve,
  curveOfHistory,
  curveOfPoints,
  type SpendHistory,
  toldPoints,
  type Unit,
} from "../state/burn-down.ts";
import { figure, fullTime, shortTime } from "../text/figures.ts";
import { money } from "../text/money.ts";
import { SpentBy } from "./spent-by.tsx";

const Chart = lazy(async () => ({ default: (await import("../charts/burn-down-chart.tsx")).BurnDownChart }));

/** How often the history is asked for again while the drawer is open, in ms. */
const ASK_EVERY_MS = 15_000;
const UNITS: readonly { readonly unit: Unit; readonly word: string }[] = [
  { unit: "tokens", word: "Tokens" },
  { unit: "nanoUsd", word: "Money" },
];

/** The step in which a budget of this age has a curve that fits the server's usual number of buckets. */
function bucketFor(ageMs: number): Bucket {
  if (ageMs < 2 * 3_600_000) return "minute";
  return ageMs < 2 * 86_400_000 ? "hour" : "day";
}

function useHistory(board: string, task: string, bucket: Bucket): SpendHistory | "asking" | undefined {
  const [answer, setAnswer] = useState<{ readonly bucket: Bucket; readonly history: SpendHistory | undefined }>();
  useEffect(() => {
    const stop = new AbortController();
    const ask = async () => {
      const history = await readSpendHistory(board, task, bucket, stop.signal);
      if (!stop.signal.aborted) setAnswer({ bucket, history });
    };
    void ask();
    const timer = setInterval(() => void ask(), ASK_EVERY_MS);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [board, task, bucket]);
  return answer?.bucket === bucket ? answer.history : "asking";
}

const amountOf = (unit: Unit) => (unit === "tokens" ? (value: number) => `${figure(value)} tokens` : money);

/** The chart in words, for everybody who cannot see it. */
function summaryOf({ points, shows, unit, limit, exhaustsAt }: Curve, nowMs: number): string {
  const write = amountOf(unit);
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return "Nothing was spent in this time.";
  const word = shows === "left" ? "Left" : "Spent";
  const change = `${word} at ${shortTime(last.at, nowMs)}: ${write(last.value)}; at ${shortTime(first.at, nowMs)}: ${write(first.value)}`;
  const ofLimit = limit === undefined ? "There is no limit" : `The limit is ${write(limit)}`;
  return `${change}. ${ofLimit}.${exhaustsAt === undefined ? "" : ` At the present rate it is spent by ${fullTime(exhaustsAt)}.`}`;
}

function AsText({ curve, nowMs }: { readonly curve: Curve; readonly nowMs: number }) {
  const write = amountOf(curve.unit);
  return (
    <details className="chart-text">
      <summary>The chart as a table</summary>
      <table className="figures">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">{curve.shows === "left" ? "Left" : "Spent"}</th>
          </tr>
        </thead>
        <tbody>
          {toldPoints(curve).map(({ at, value }) => (
            <tr key={at}>
              <th scope="row">{shortTime(at, nowMs)}</th>
              <td>{write(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

export function BurnDown({ board, budget }: { readonly board: string; readonly budget: Budget }) {
  const { spend } = useDashboard();
  const showsMoney = hasMoney(moneyOf(budget));
  const [chosen, setUnit] = useState<Unit>(budget.limitTokens === undefined && showsMoney ? "nanoUsd" : "tokens");
  const offsetMs = useServerOffsetMs();
  const [bucket, setBucket] = useState<Bucket>(() => bucketFor(Date.now() + offsetMs - budget.openedAt));
  const unit = showsMoney ? chosen : "tokens";
  const history = useHistory(board, budget.task, bucket);
  const isLive = history === undefined;
  // By the server's clock, and coarse: nothing here changes from second to second.
  const nowMs = useClock((now) => now - (now % 15_000)) + offsetMs;
  const curve = useMemo(
    () =>
      history === "asking" || history === undefined
        ? curveOfPoints(budget, unit, spend.of(budget.task))
        : curveOfHistory(budget, unit, history, nowMs),
    [budget, unit, history, spend, nowMs],
  );
  const summary = summaryOf(curve, nowMs);
  return (
    <DrawerPart title={curve.shows === "left" ? "Burn-down" : "Spending"}>
      <div className="chart-tools">
        {showsMoney && (
          <div className="choice" role="group" aria-label="Unit">
            {UNITS.map((each) => (
              <button
                key={each.unit}
                type="button"
                aria-pressed={unit === each.unit}
                onClick={() => setUnit(each.unit)}
              >
                {each.word}
              </button>
            ))}
          </div>
        )}
        {!isLive && (
          <div className="choice" role="group" aria-label="Step">
            {BUCKETS.map((each) => (
              <button key={each} type="button" aria-pressed={bucket === each} onClick={() => setBucket(each)}>
                {each}
              </button>
            ))}
          </div>
        )}
      </div>
      <figure className="chart" data-from={isLive ? "page" : "history"} aria-label={summary}>
        <Suspense fallback={<div className="chart-room" />}>
          <Chart curve={curve} />
        </Suspense>
        <figcaption className="quiet">
          {isLive && <strong>Live points only, seen by this page since it was opened. </strong>}
          {summary}
        </figcaption>
      </figure>
      {curve.points.length > 0 && <AsText curve={curve} nowMs={nowMs} />}
      {typeof history === "object" && (
        <>
          <SpentBy history={history} unit={unit} />
          <p className="quiet">
            <a href={`${spendHistoryAddress(board, budget.task, bucket)}&format=csv`} download>
              Download as CSV
            </a>
          </p>
        </>
      )}
    </DrawerPart>
  );
}
