// Owns who and what spent a budget's tokens and money: by agent, by model, by operation, the greatest first.
// Does not own the sums (the server's history). A name that was not stated is said to be so.

import { useState } from "react";
import { AgentText } from "../parts/agent-text.tsx";
import { type NamedSpend, SPENDERS, type Spenders, type SpendHistory, type Unit } from "../state/burn-down.ts";
import { figure, fullTime, percent } from "../text/figures.ts";
import { money } from "../text/money.ts";

const WORDS: Record<Spenders, { readonly word: string; readonly none: string }> = {
  byAgent: { word: "Agent", none: "no agent stated" },
  byModel: { word: "Model", none: "no model stated" },
  byOperation: { word: "Operation", none: "no operation stated" },
};
/** The server names 50 at most; so many are shown. */
const MOST_ROWS = 12;

export function SpentBy({ history, unit }: { readonly history: SpendHistory; readonly unit: Unit }) {
  const [by, setBy] = useState<Spenders>("byAgent");
  const read = (one: NamedSpend) => (unit === "tokens" ? one.tokens : one.nanoUsd);
  const all = history[by].toSorted((a, b) => read(b) - read(a));
  const total = all.reduce((sum, one) => sum + read(one), 0);
  if (all.length === 0) return null;
  const rest = all.length - MOST_ROWS;
  return (
    <div className="spent-by">
      <div className="chart-tools">
        <span className="caption" title={`From ${fullTime(history.from)}`}>
          Spent in this time by
        </span>
        <div className="choice" role="group" aria-label="Spent by">
          {SPENDERS.map((each) => (
            <button key={each} type="button" aria-pressed={by === each} onClick={() => setBy(each)}>
              {WORDS[each].word}
            </button>
          ))}
        </div>
      </div>
      <table className="figures">
        <thead>
          <tr>
            <th scope="col">{WORDS[by].word}</th>
            <th scope="col">{unit === "tokens" ? "Tokens" : "Money"}</th>
            <th scope="col">Share</th>
          </tr>
        </thead>
        <tbody>
          {all.slice(0, MOST_ROWS).map((one) => (
            <tr key={one.name}>
              <th scope="row">{one.name === "" ? WORDS[by].none : <AgentText text={one.name} />}</th>
              <td>{unit === "tokens" ? figure(one.tokens) : money(one.nanoUsd)}</td>
              <td>{total === 0 ? "–" : percent((read(one) / total) * 100)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rest > 0 && <p className="quiet">{figure(rest)} more have spent less.</p>}
    </div>
  );
}
