// Owns one budget of the tree as a row: name, state, bar, and the figures of tokens and money in words.
// Does not own the tree's keyboard (budget-tree.tsx). Drawn again only when its own budget, place or pause changed.

import { memo } from "react";
import type { Budget, Pause } from "../../client/index.ts";
import { useServerOffsetMs } from "../parts/ago.tsx";
import { AgentText } from "../parts/agent-text.tsx";
import { Badge } from "../parts/badge.tsx";
import { Icon } from "../parts/icon.tsx";
import { type Figures, hasMoney, heldPercentage, moneyOf, tokensOf } from "../state/budget-figures.ts";
import type { BudgetLine } from "../state/budget-tree.ts";
import { useClock } from "../state/clock.ts";
import { figure, fullTime, percent, remaining, shortFigure, shortTime } from "../text/figures.ts";
import { money, shortMoney } from "../text/money.ts";
import { Bar, looksOf, shutWords } from "./budget-bar.tsx";
import { rowId } from "./budget-tree-keys.ts";

const UNTIL: Record<string, string> = { hour: "hourly", day: "daily", week: "weekly", month: "monthly" };

function ResetsIn({ budget }: { readonly budget: Budget }) {
  const offsetMs = useServerOffsetMs();
  const endsAt = budget.account?.window?.endsAt;
  const left = useClock((nowMs) => (endsAt === undefined ? "" : remaining(endsAt - nowMs - offsetMs)));
  const every = budget.terms?.window?.every;
  if (every === undefined) return null;
  return (
    <span title={endsAt === undefined ? undefined : `Next window: ${fullTime(endsAt)}`}>
      {UNTIL[every] ?? every}
      {endsAt === undefined ? ", not begun" : `, resets in ${left}`}
    </span>
  );
}

function SpentBy({ atMs }: { readonly atMs: number }) {
  const offsetMs = useServerOffsetMs();
  const text = useClock((nowMs) => shortTime(atMs, nowMs + offsetMs));
  return (
    <span className="budget-projected" title={`At the present rate it is spent by ${fullTime(atMs)}`}>
      <Icon name="clock" /> spent by {text}
    </span>
  );
}

/** Held, left and debt in one unit; nothing of what is 0, but for what is left. */
function Amounts({
  of,
  short,
  whole,
}: {
  readonly of: Figures;
  readonly short: (value: number) => string;
  readonly whole: (value: number) => string;
}) {
  return (
    <>
      {of.held > 0 && <span title={whole(of.held)}>{short(of.held)} held</span>}
      {of.left !== undefined && <span title={whole(of.left)}>{short(of.left)} left</span>}
      {of.debt > 0 && (
        <span className="budget-debt" title={whole(of.debt)}>
          {short(of.debt)} debt
        </span>
      )}
    </>
  );
}

export interface BudgetRowProps extends Omit<BudgetLine, "budget"> {
  readonly row: Budget;
  readonly pause: Pause | undefined;
  /** The one that Tab reaches. */
  readonly isCurrent: boolean;
}

export const BudgetRow = memo(function BudgetRow(props: BudgetRowProps) {
  const { row, level, place, siblings, children, isOpen, pause, isCurrent } = props;
  const { tone, icon, word } = looksOf(row.status);
  const tokens = tokensOf(row);
  const usd = moneyOf(row);
  const isShut = tokens.limit === 0 && usd.limit === undefined;
  const held = heldPercentage(row);
  const use = `${shortFigure(tokens.spent)} / ${tokens.limit === undefined ? "–" : shortFigure(tokens.limit)}`;
  const policy = row.terms?.policy ?? "hard";
  return (
    <div
      className="budget"
      id={rowId(row.task)}
      data-task={row.task}
      data-closed={row.closed}
      role="treeitem"
      aria-level={level}
      aria-posinset={place}
      aria-setsize={siblings}
      aria-expanded={children > 0 ? isOpen : undefined}
      tabIndex={isCurrent ? 0 : -1}
      style={{ paddingInlineStart: `${0.5 + (level - 1) * 1}rem` }}
    >
      <div className="budget-line">
        <span className="budget-fold" data-fold={children > 0} aria-hidden="true">
          {children > 0 && <Icon name="chevron" />}
        </span>
        <span className="budget-task" title={row.task}>
          <AgentText text={row.task} />
        </span>
        <span
          className="budget-use"
          title={`${figure(tokens.spent)}${tokens.limit === undefined ? "" : ` of ${figure(tokens.limit)}`} tokens`}
        >
          {isShut ? shutWords(tokens.spent) : use}
        </span>
        <span className="budget-percent">{isShut ? "" : percent(row.percentage)}</span>
        <span className="budget-badges">
          {pause !== undefined && (
            <Badge tone="warn" icon="pause">
              Paused
            </Badge>
          )}
          {row.closed ? (
            <Badge tone="calm" icon="dot">
              Closed
            </Badge>
          ) : (
            <Badge tone={tone} icon={icon}>
              {word}
            </Badge>
          )}
        </span>
      </div>
      <Bar
        label={`Budget of ${row.task}`}
        percentage={isShut ? 100 : row.percentage}
        held={held}
        tone={row.closed ? "calm" : tone}
        words={isShut ? shutWords(tokens.spent) : undefined}
      />
      <p className="budget-more">
        <Amounts of={tokens} short={shortFigure} whole={(value) => `${figure(value)} tokens`} />
        {hasMoney(usd) && (
          <>
            <span className="budget-money" title={money(usd.spent)}>
              {shortMoney(usd.spent)}
              {usd.limit !== undefined && ` of ${shortMoney(usd.limit)}`}
            </span>
            <Amounts of={usd} short={shortMoney} whole={money} />
          </>
        )}
        {!row.closed && row.account?.exhaustsAt !== undefined && <SpentBy atMs={row.account.exhaustsAt} />}
        <ResetsIn budget={row} />
        {policy !== "hard" && <span>{policy}</span>}
        {(row.account?.unpricedTokens ?? 0) > 0 && (
          <span className="budget-unpriced" title="Tokens of models without a known price: not free, but unknown">
            {shortFigure(row.account?.unpricedTokens ?? 0)} unpriced
          </span>
        )}
      </p>
    </div>
  );
});
