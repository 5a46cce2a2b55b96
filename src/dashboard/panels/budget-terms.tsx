// Owns the terms of a budget in words: policy, window, thresholds, caps. Does not own changing them.

import type { ReactNode } from "react";
import type { Budget } from "../../client/index.ts";
import { useServerOffsetMs } from "../parts/ago.tsx";
import { AgentText } from "../parts/agent-text.tsx";
import { useClock } from "../state/clock.ts";
import { figure, fullTime, remaining } from "../text/figures.ts";
import { money } from "../text/money.ts";

type Terms = NonNullable<Budget["terms"]>;

const POLICIES: Record<Terms["policy"], string> = {
  hard: "Hard: a reserve never leads beyond the limit",
  soft: "Soft: reserves go on beyond the limit, alerts tell",
  overdraft: "Overdraft: reserves go on up to an amount beyond the limit",
};
const UNKNOWN: Record<Terms["unknownModel"], string> = {
  deny: "Refused where money is limited",
  tokensOnly: "Only their tokens are counted",
};
const DEFAULT_THRESHOLDS = "80, 90 and 100 %";

function Until({ atMs }: { readonly atMs: number }) {
  const offsetMs = useServerOffsetMs();
  const left = useClock((nowMs) => remaining(atMs - nowMs - offsetMs));
  return (
    <time dateTime={new Date(atMs).toISOString()} title={fullTime(atMs)}>
      in {left}
    </time>
  );
}

function rateWords(rate: NonNullable<Terms["rate"]>): string {
  const { reservesPerMinute, tokensPerMinute } = rate;
  return [
    reservesPerMinute === undefined ? [] : `${figure(reservesPerMinute)} reserves`,
    tokensPerMinute === undefined ? [] : `${figure(tokensPerMinute)} tokens`,
  ]
    .flat()
    .join(" and ")
    .concat(" a minute");
}

const most = (tokens: number | undefined, nanoUsd: number | undefined): string | undefined => {
  const parts = [tokens === undefined ? [] : `${figure(tokens)} tokens`, nanoUsd === undefined ? [] : money(nanoUsd)];
  return parts.flat().join(" or ") || undefined;
};

export function BudgetTerms({ budget }: { readonly budget: Budget }) {
  const { terms, account } = budget;
  const window = terms?.window;
  const endsAt = account?.window?.endsAt;
  const exhaustsAt = account?.exhaustsAt;
  const rows: readonly (readonly [string, ReactNode])[] = [
    ["Policy", POLICIES[terms?.policy ?? "hard"]],
    [
      "Overdraft",
      terms?.policy === "overdraft" ? most(terms.overdraftTokens, terms.overdraftNanoUsd || undefined) : undefined,
    ],
    ["Models without a price", UNKNOWN[terms?.unknownModel ?? "deny"]],
    [
      "Window",
      window === undefined ? (
        "None: for its whole life"
      ) : (
        <>
          Every {window.every}, <AgentText text={window.timeZone} />
          {window.rollover ? "; what is left is brought over" : ""}
        </>
      ),
    ],
    ["Resets", endsAt === undefined ? undefined : <Until key="resets" atMs={endsAt} />],
    [
      "Projected",
      exhaustsAt === undefined ? undefined : (
        <>
          Spent <Until atMs={exhaustsAt} />, at the present rate
        </>
      ),
    ],
    [
      "Alerts at",
      terms === undefined ? DEFAULT_THRESHOLDS : terms.thresholds.map((one) => `${figure(one)} %`).join(", ") || "none",
    ],
    ["Open holds at once", terms?.maxHolds === undefined ? undefined : `at most ${figure(terms.maxHolds)}`],
    ["One reserve", most(terms?.maxReserveTokens, terms?.maxReserveNanoUsd)],
    ["Rate", terms?.rate === undefined ? undefined : rateWords(terms.rate)],
    ["Rate of each agent", terms?.ratePerAgent === undefined ? undefined : rateWords(terms.ratePerAgent)],
    ["From", budget.source === undefined ? undefined : <AgentText key="source" text={budget.source} />],
  ];
  return (
    <dl className="terms">
      {rows
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
