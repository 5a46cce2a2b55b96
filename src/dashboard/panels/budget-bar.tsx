// Owns the bar of a budget: what is spent, what is held on top of it, and the marks at 80 % and 90 %.
// Does not own the figures. The text of the meter says all of it, so nothing is told by colour or length alone.

import type { Tone } from "../parts/badge.tsx";
import type { IconName } from "../parts/icon.tsx";
import type { BudgetStatus } from "../state/board-view.ts";
import { percent, shortFigure } from "../text/figures.ts";

const LOOKS: Record<BudgetStatus, { readonly tone: Tone; readonly icon: IconName; readonly word: string }> = {
  active: { tone: "ok", icon: "check", word: "Active" },
  warning: { tone: "warn", icon: "warning", word: "Warning" },
  critical: { tone: "high", icon: "warning", word: "Critical" },
  exhausted: { tone: "bad", icon: "stop", word: "Exhausted" },
};
/** A status of a later version is shown by its own word. */
export const looksOf = (status: BudgetStatus) => LOOKS[status] ?? { tone: "calm", icon: "dot", word: status };

/** A limit of 0 has no percentage: nothing may be used at all. */
export const shutWords = (used: number) =>
  used === 0 ? "no tokens allowed" : `${shortFigure(used)} used, no tokens allowed`;

interface BarProps {
  readonly label: string;
  readonly percentage: number;
  /** Of the limit, besides `percentage`. */
  readonly held?: number;
  readonly tone: Tone;
  readonly isLarge?: boolean;
  /** Instead of the percentage, where that would say nothing. */
  readonly words?: string | undefined;
}

const within = (value: number) => Math.min(100, Math.max(0, value));

export function Bar({ label, percentage, held = 0, tone, isLarge = false, words }: BarProps) {
  const filled = within(percentage);
  const heldPart = within(filled + held) - filled;
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
      aria-valuetext={words ?? `${percent(percentage)} used${held > 0 ? `, ${percent(held)} held` : ""}`}
    >
      <div className="bar-fill" style={{ inlineSize: `${filled}%` }} />
      {heldPart > 0 && (
        <div className="bar-held" style={{ insetInlineStart: `${filled}%`, inlineSize: `${heldPart}%` }} />
      )}
      <span className="bar-threshold" style={{ insetInlineStart: "80%" }} />
      <span className="bar-threshold" style={{ insetInlineStart: "90%" }} />
    </div>
  );
}
