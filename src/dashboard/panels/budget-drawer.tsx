// Owns the drawer of one budget: its figures, burn-down, usage by kind, holds, alerts, last charge, and its pause switch.
// Does not own its terms (budget-terms.tsx) or the chart. It follows the board while it is open.

import { useState } from "react";
import type { Budget } from "../../client/index.ts";
import { useDashboard } from "../dashboard-context.ts";
import { Ago } from "../parts/ago.tsx";
import { AgentText } from "../parts/agent-text.tsx";
import { Badge } from "../parts/badge.tsx";
import { CopyButton } from "../parts/copy-button.tsx";
import { Drawer, DrawerPart } from "../parts/drawer.tsx";
import { Icon } from "../parts/icon.tsx";
import { type Figures, hasMoney, moneyOf, tokensOf } from "../state/budget-figures.ts";
import { pathOf, pauseOfPath } from "../state/budget-tree.ts";
import { useScreen } from "../state/screen-store.ts";
import { figure, percent } from "../text/figures.ts";
import { money } from "../text/money.ts";
import { AlertList } from "./alerts-panel.tsx";
import { looksOf } from "./budget-bar.tsx";
import { BudgetTerms } from "./budget-terms.tsx";
import { BurnDown } from "./burn-down.tsx";
import { HoldTable } from "./holds-panel.tsx";
import { PauseDialog, PauseWords, ResumeDialog } from "./pause-dialogs.tsx";

const ROWS: readonly { readonly name: keyof Figures; readonly word: string; readonly isOptional?: boolean }[] = [
  { name: "limit", word: "Limit" },
  { name: "carried", word: "Of it brought over", isOptional: true },
  { name: "spent", word: "Spent" },
  { name: "held", word: "Held" },
  { name: "left", word: "Left" },
  { name: "debt", word: "Debt" },
];

function FiguresTable({ budget }: { readonly budget: Budget }) {
  const tokens = tokensOf(budget);
  const usd = moneyOf(budget);
  const showsMoney = hasMoney(usd);
  return (
    <table className="figures">
      <thead>
        <tr>
          <td />
          <th scope="col">Tokens</th>
          {showsMoney && <th scope="col">Money</th>}
        </tr>
      </thead>
      <tbody>
        {ROWS.filter(({ name, isOptional }) => isOptional !== true || tokens[name] !== 0 || usd[name] !== 0).map(
          ({ name, word }) => (
            <tr key={name} data-debt={name === "debt" && tokens.debt + usd.debt > 0}>
              <th scope="row">{word}</th>
              <td>{tokens[name] === undefined ? "no limit" : figure(tokens[name])}</td>
              {showsMoney && <td>{usd[name] === undefined ? "no limit" : money(usd[name])}</td>}
            </tr>
          ),
        )}
      </tbody>
    </table>
  );
}

const KINDS = [
  ["input", "Input"],
  ["output", "Output"],
  ["cacheRead", "Read from a cache"],
  ["cacheWrite", "Written to a cache"],
  ["reasoning", "Reasoning"],
] as const;

function Usage({ budget }: { readonly budget: Budget }) {
  const { account } = budget;
  if (account === undefined) return <p className="quiet">Nothing is known of the kinds of tokens.</p>;
  const told = KINDS.reduce((sum, [kind]) => sum + account.usage[kind], 0);
  return (
    <>
      <table className="figures">
        <tbody>
          {KINDS.map(([kind, word]) => (
            <tr key={kind}>
              <th scope="row">{word}</th>
              <td>{figure(account.usage[kind])}</td>
            </tr>
          ))}
          {account.everTokens > told && (
            <tr>
              <th scope="row">Of no stated kind</th>
              <td>{figure(account.everTokens - told)}</td>
            </tr>
          )}
          <tr>
            <th scope="row">Ever, in all windows</th>
            <td>{figure(account.everTokens)}</td>
          </tr>
        </tbody>
      </table>
      {account.unpricedTokens > 0 && (
        <p className="unpriced">
          <Badge tone="warn" icon="warning">
            Unpriced
          </Badge>{" "}
          {figure(account.unpricedTokens)} of these tokens have no money counted for them: no price of their model is
          known. They are not free.
        </p>
      )}
    </>
  );
}

function LastCharge({ budget }: { readonly budget: Budget }) {
  const { lastCharge, at } = budget;
  if (lastCharge === undefined) return <p className="quiet">Nothing was charged through the board yet.</p>;
  return (
    <p>
      <strong>{figure(lastCharge.tokens)} tokens</strong>
      {lastCharge.nanoUsd !== undefined && <> ({money(lastCharge.nanoUsd)})</>} by <AgentText text={lastCharge.agent} />
      {lastCharge.model !== undefined && (
        <>
          {" with "}
          <AgentText text={lastCharge.model} />
        </>
      )}
      {lastCharge.reason !== "" && (
        <>
          {": "}
          <AgentText text={lastCharge.reason} />
        </>
      )}{" "}
      <span className="quiet">
        (budget changed <Ago atMs={at} />)
      </span>
    </p>
  );
}

interface Props {
  readonly task: string;
  readonly onClose: () => void;
  readonly onOpen: (task: string) => void;
}

export function BudgetDrawer({ task, onClose, onOpen }: Props) {
  const { store } = useDashboard();
  const view = useScreen(store, (screen) => screen.view);
  const [asks, setAsks] = useState(false);
  const title = <AgentText text={task} />;
  const budgets = new Map(view?.budgets.all.map((budget) => [budget.task, budget]));
  const budget = budgets.get(task);
  if (view === undefined || budget === undefined) {
    return (
      <Drawer kind="budget" title={title} onClose={onClose}>
        <p className="nothing">This budget is not on the board any more.</p>
      </Drawer>
    );
  }
  const { tone, icon, word } = looksOf(budget.status);
  const path = pathOf(budgets, task);
  const pause = pauseOfPath(new Map(view.pauses.map((each) => [each.pause, each])), path);
  const isOwnPause = pause?.scope === "task" && pause.name === task;
  // Holds and alerts of the budgets below count here too.
  const below = new Set(
    view.budgets.all.filter((each) => pathOf(budgets, each.task).includes(task)).map((b) => b.task),
  );
  const holds = view.holds.filter((row) => below.has(row.hold.task));
  const alerts = view.alerts.filter((alert) => alert.task === task);
  const address = `/api/v1/boards/${encodeURIComponent(view.board)}/budgets/${encodeURIComponent(task)}`;
  return (
    <Drawer kind="budget" title={title} onClose={onClose}>
      <div className="drawer-facts">
        <Badge tone={budget.closed ? "calm" : tone} icon={budget.closed ? "dot" : icon}>
          {budget.closed ? "Closed" : word}
        </Badge>
        <span>{percent(budget.percentage)} used</span>
        {path.length > 1 && (
          <span>
            below{" "}
            {path.slice(1).map((above) => (
              <button key={above} type="button" className="link" onClick={() => onOpen(above)}>
                <AgentText text={above} />
              </button>
            ))}
          </span>
        )}
      </div>
      {budget.description !== "" && (
        <p className="quiet">
          <AgentText text={budget.description} />
        </p>
      )}
      {pause !== undefined && (
        <p className="paused-line">
          <Icon name="pause" /> <PauseWords pause={pause} />
        </p>
      )}
      <FiguresTable budget={budget} />
      <div className="details-tools">
        {(pause === undefined || isOwnPause) && (
          <button type="button" className="button small" onClick={() => setAsks(true)}>
            <Icon name={isOwnPause ? "check" : "pause"} /> {isOwnPause ? "Resume this task" : "Pause this task"}
          </button>
        )}
        <CopyButton what="curl" text={() => `curl '${location.origin}${address.replaceAll("'", "%27")}'`} />
      </div>
      <BurnDown key={task} board={view.board} budget={budget} />
      <DrawerPart title="Terms">
        <BudgetTerms budget={budget} />
      </DrawerPart>
      <DrawerPart title="Usage by kind of token, ever">
        <Usage budget={budget} />
      </DrawerPart>
      <DrawerPart title={`Open holds (${figure(holds.length)})`}>
        <HoldTable holds={holds} nothing="Nothing is held here or below." />
      </DrawerPart>
      <DrawerPart title={`Alerts (${figure(alerts.length)})`}>
        <AlertList alerts={alerts} nothing="None was raised." />
      </DrawerPart>
      <DrawerPart title="Last charge">
        <LastCharge budget={budget} />
      </DrawerPart>
      {asks &&
        (isOwnPause && pause !== undefined ? (
          <ResumeDialog pause={pause} onClose={() => setAsks(false)} />
        ) : (
          <PauseDialog scope="task" name={task} onClose={() => setAsks(false)} />
        ))}
    </Drawer>
  );
}
