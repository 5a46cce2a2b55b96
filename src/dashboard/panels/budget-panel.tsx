// Owns the panel of token budgets: the whole board's bar with its four figures, and a row per task.
// Does not own the thresholds' meaning (the server says the status). The marks stand at 80 % and 90 %.

import { memo } from "react";
import { AgentText } from "../parts/agent-text.tsx";
import { Badge, type Tone } from "../parts/badge.tsx";
import type { IconName } from "../parts/icon.tsx";
import { Nothing, Panel } from "../parts/panel.tsx";
import { useSlices } from "../parts/show-more.tsx";
import type { Budget } from "../../client/index.ts";
import type { BudgetStatus, Budgets } from "../state/board-view.ts";
import { figure, percent, shortFigure } from "../text/figures.ts";

const LOOKS: Record<BudgetStatus, { readonly tone: Tone; readonly icon: IconName; readonly word: string }> = {
  active: { tone: "ok", icon: "check", word: "Active" },
  warning: { tone: "warn", icon: "warning", word: "Warning" },
  critical: { tone: "high", icon: "warning", word: "Critical" },
  exhausted: { tone: "bad", icon: "stop", word: "Exhausted" },
};
/** A status of a later version is shown by its own word. */
const looksOf = (status: BudgetStatus) => LOOKS[status] ?? { tone: "calm", icon: "dot", word: status };

const TASKS_SLICE = 50;

function statusOf(percentage: number): BudgetStatus {
  if (percentage >= 100) return "exhausted";
  if (percentage >= 90) return "critical";
  return percentage >= 80 ? "warning" : "active";
}

interface BarProps {
  readonly label: string;
  readonly percentage: number;
  readonly tone: Tone;
  readonly isLarge?: boolean;
  /** Instead of the percentage, where that would say nothing. */
  readonly words?: string | undefined;
}

/** A limit of 0 has no percentage: nothing may be used at all. */
const shutWords = (used: number) => (used === 0 ? "no tokens allowed" : `${shortFigure(used)} used, no tokens allowed`);

function Bar({ label, percentage, tone, isLarge = false, words }: BarProps) {
  const filled = Math.min(100, Math.max(0, percentage));
  return (
    <div
      className="bar"
      data-tone={tone}
      data-large={isLarge}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(filled)}
      aria-valuetext={words ?? `${percent(percentage)} used`}
    >
      <div className="bar-fill" style={{ inlineSize: `${filled}%` }} />
      <span className="bar-threshold" style={{ insetInlineStart: "80%" }} />
      <span className="bar-threshold" style={{ insetInlineStart: "90%" }} />
    </div>
  );
}

const Row = memo(function Row({ row }: { readonly row: Budget }) {
  const { tone, icon, word } = looksOf(row.status);
  const isShut = row.limitTokens === 0;
  return (
    <li className="budget" data-task={row.task}>
      <div className="budget-line">
        <span className="budget-task" title={row.task}>
          <AgentText text={row.task} />
        </span>
        <span
          className="budget-use"
          title={`${figure(row.usedTokens)}${row.limitTokens === undefined ? "" : ` of ${figure(row.limitTokens)}`} tokens`}
        >
          {isShut
            ? shutWords(row.usedTokens)
            : `${shortFigure(row.usedTokens)} / ${row.limitTokens === undefined ? "–" : shortFigure(row.limitTokens)}`}
        </span>
        <span className="budget-percent">{isShut ? "" : percent(row.percentage)}</span>
        <Badge tone={tone} icon={icon}>
          {word}
        </Badge>
      </div>
      <Bar
        label={`Budget of ${row.task}`}
        percentage={isShut ? 100 : row.percentage}
        tone={tone}
        words={isShut ? shutWords(row.usedTokens) : undefined}
      />
    </li>
  );
});

function Total({ budgets }: { readonly budgets: Budgets }) {
  const left = budgets.limit - budgets.used;
  const isShut = budgets.limit === 0;
  const { tone, icon, word } = LOOKS[isShut ? "exhausted" : statusOf(budgets.percentage)];
  return (
    <div className="budget-total">
      <p className="caption">All open budgets; closed ones are not counted</p>
      <dl className="four">
        <div>
          <dt>Used</dt>
          <dd title={figure(budgets.used)}>{shortFigure(budgets.used)}</dd>
        </div>
        <div>
          <dt>Limit</dt>
          <dd title={figure(budgets.limit)}>{shortFigure(budgets.limit)}</dd>
        </div>
        <div>
          <dt>{left < 0 ? "Over by" : "Remaining"}</dt>
          <dd title={figure(Math.abs(left))}>{shortFigure(Math.abs(left))}</dd>
        </div>
        <div>
          <dt>Percentage</dt>
          <dd>{isShut ? "–" : percent(budgets.percentage)}</dd>
        </div>
      </dl>
      <Bar
        label="Global budget of open tasks"
        percentage={isShut ? 100 : budgets.percentage}
        tone={tone}
        isLarge
        words={isShut ? shutWords(budgets.used) : undefined}
      />
      <div className="bar-scale">
        <Badge tone={tone} icon={icon}>
          {word}
        </Badge>
        <span className="bar-mark" style={{ insetInlineStart: "80%" }}>
          80
        </span>
        <span className="bar-mark" style={{ insetInlineStart: "90%" }}>
          90
        </span>
      </div>
    </div>
  );
}

export const BudgetPanel = memo(function BudgetPanel({ budgets }: { readonly budgets: Budgets }) {
  const { shown, more } = useSlices(budgets.rows.length, TASKS_SLICE);
  const tasks = budgets.rows.length;
  return (
    <Panel id="budgets" title="Budget Tracking" count={`${figure(tasks)} open`}>
      {tasks === 0 ? (
        <Nothing>No open budgets. A task gets one when its limit is set.</Nothing>
      ) : (
        <>
          <Total budgets={budgets} />
          <ul className="budgets">
            {budgets.rows.slice(0, shown).map((row) => (
              <Row key={row.task} row={row} />
            ))}
          </ul>
          {more}
        </>
      )}
    </Panel>
  );
});
