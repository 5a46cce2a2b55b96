// Owns what a webhook says of an alert: the event for programs, and the text for people in Slack and Discord.
// Does not own signing or sending. Names come from agents: they are cut, and cannot mention anyone or form a link.

import { type Alert, utf8Bytes } from "../../protocol/index.ts";

export type WebhookKind = "standard" | "slack" | "discord";

/** What the body of kind `standard` is: an event as Standard Webhooks recommends. */
export interface WebhookEvent {
  readonly type: "budget.alert" | "webhook.test";
  /** When it happened, ISO 8601. */
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export function alertEvent(board: string, alert: Alert): WebhookEvent {
  const { kind, threshold, exhaustsAt, task, usedTokens, limitTokens, usedNanoUsd, limitNanoUsd, raisedAt } = alert;
  return {
    type: "budget.alert",
    timestamp: new Date(raisedAt).toISOString(),
    data: {
      board,
      alert: alert.alert,
      task,
      kind,
      threshold,
      exhaustsAt: exhaustsAt === undefined ? undefined : new Date(exhaustsAt).toISOString(),
      usedTokens,
      limitTokens,
      usedNanoUsd,
      limitNanoUsd,
      text: alertText(board, alert),
    },
  };
}

export const testEvent = (board: string, atMs: number): WebhookEvent => ({
  type: "webhook.test",
  timestamp: new Date(atMs).toISOString(),
  data: { board, text: `Swarmboard: a test of the webhook of board ${board}. Alerts of budgets will come here.` },
});

/** The body of a message. Discord takes at most 2000 characters, Slack says 4000. */
export function bodyOf(kind: WebhookKind, event: WebhookEvent): string {
  const text = String(event.data["text"]);
  switch (kind) {
    case "standard":
      return JSON.stringify(event);
    case "slack":
      // By Slack's rules these three are escaped, and nothing else; `<` could begin a mention or a link.
      return JSON.stringify({
        text: text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
      });
    case "discord":
      return JSON.stringify({
        content: text.replaceAll(/[\\*_~`|>[\]()<@#]/g, "\\$&"),
        allowed_mentions: { parse: [] },
      });
    default:
      return kind satisfies never;
  }
}

/** One line for people. */
function alertText(board: string, alert: Alert): string {
  const { kind, threshold, exhaustsAt, task, usedTokens, limitTokens, usedNanoUsd, limitNanoUsd } = alert;
  const name = short(task);
  const figures = [
    limitTokens === undefined ? "" : `${usedTokens} of ${limitTokens} tokens`,
    limitNanoUsd === undefined ? "" : `${usd(usedNanoUsd)} of ${usd(limitNanoUsd)}`,
  ].filter((figure) => figure !== "");
  const spent = figures.length === 0 ? `${usedTokens} tokens` : figures.join(", ");
  const what =
    kind === "threshold"
      ? `budget ${name} has reached ${threshold ?? 0} %`
      : `budget ${name} will be spent by ${new Date(exhaustsAt ?? 0).toISOString()} at the present rate`;
  return `Swarmboard, board ${board}: ${what} (${spent} spent).`;
}

/** A name that fits a line. */
function short(name: string): string {
  const line = name.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ");
  return utf8Bytes(line) <= 120 ? line : `${line.slice(0, 100)}…`;
}

/** Integer nano-USD as dollars, exactly; at least cents. */
function usd(nano: number): string {
  const whole = Math.floor(nano / 1e9);
  const rest = String(nano % 1e9)
    .padStart(9, "0")
    .replace(/0{1,7}$/, "");
  return `$${whole}.${rest}`;
}
