// Owns the panel of budgets: the whole board's bar with its four figures, the tree, and the switch for closed ones.
// Does not own the thresholds' meaning (the server says the status). The marks stand at 80 % and 90 %.

import { memo, useCallback, useState } from "react";
import type { Pause } from "../../client/index.ts";
import { Badge } from "../parts/badge.tsx";
import { Nothing, Panel } from "../parts/panel.tsx";
import type { BudgetStatus, Budgets } from "../state/board-view.ts";
import { figure, percent, shortFigure } from "../text/figures.ts";
import { money, shortMoney } from "../text/money.ts";
import { Bar, looksOf, shutWords } from "./budget-bar.tsx";
import { BudgetDrawer } from "./budget-drawer.tsx";
import { BudgetTree } from "./budget-tree.tsx";

function statusOf(percentage: number): BudgetStatus {
  if (percentage >= 100) return "exhausted";
  if (percentage >= 90) return "critical";
  return percentage >= 80 ? "warning" : "active";
}

function Total({ budgets }: { readonly budgets: Budgets }) {
  const { limit, usedNanoUsd, limitNanoUsd } = budgets;
  const left = limit === undefined ? undefined : limit - budgets.used;
  const isShut = limit === 0;
  const { tone, icon, word } = looksOf(isShut ? "exhausted" : statusOf(budgets.percentage));
  return (
    <div className="budget-total">
      <p className="caption">
        <span>All open budgets; closed ones are not counted</span>
        {(usedNanoUsd > 0 || limitNanoUsd !== undefined) && (
          <span className="budget-total-money" title={money(usedNanoUsd)}>
            <strong>{shortMoney(usedNanoUsd)}</strong> spent
            {limitNanoUsd !== undefined && ` of ${shortMoney(limitNanoUsd)}`}
          </span>
        )}
      </p>
      <dl className="four">
        <div>
          <dt>Used</dt>
          <dd title={figure(budgets.used)}>{shortFigure(budgets.used)}</dd>
        </div>
        <div>
          <dt>Limit</dt>
          <dd title={limit === undefined ? "No open budget limits tokens" : figure(limit)}>
            {limit === undefined ? "–" : shortFigure(limit)}
          </dd>
        </div>
        <div>
          <dt>{left !== undefined && left < 0 ? "Over by" : "Remaining"}</dt>
          <dd title={left === undefined ? undefined : figure(Math.abs(left))}>
            {left === undefined ? "–" : shortFigure(Math.abs(left))}
          </dd>
        </div>
        <div>
          <dt>Percentage</dt>
          <dd>{isShut || limit === undefined ? "–" : percent(budgets.percentage)}</dd>
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

interface Props {
  readonly budgets: Budgets;
  readonly pauses: readonly Pause[];
}

export const BudgetPanel = memo(function BudgetPanel({ budgets, pauses }: Props) {
  const [showClosed, setShowClosed] = useState(false);
  const [openTask, setOpenTask] = useState<string>();
  const close = useCallback(() => setOpenTask(undefined), []);
  const closed = budgets.all.length - budgets.rows.length;
  const isEmpty = budgets.rows.length === 0 && !(showClosed && closed > 0);
  return (
    <Panel
      id="budgets"
      title="Budget Tracking"
      count={`${figure(budgets.rows.length)} open`}
      tools={
        closed > 0 && (
          <label className="switch">
            <input type="checkbox" checked={showClosed} onChange={(event) => setShowClosed(event.target.checked)} />
            {figure(closed)} closed
          </label>
        )
      }
    >
      {isEmpty ? (
        <Nothing>No open budgets. A task gets one when its limit is set.</Nothing>
      ) : (
        <>
          {budgets.rows.length > 0 && <Total budgets={budgets} />}
          <BudgetTree budgets={budgets.all} pauses={pauses} showClosed={showClosed} onOpen={setOpenTask} />
        </>
      )}
      {openTask !== undefined && <BudgetDrawer task={openTask} onClose={close} onOpen={setOpenTask} />}
    </Panel>
  );
});
