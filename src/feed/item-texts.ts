// Owns the JSON of every item as a session tells it (docs/protocol.md, W-SYNC-9), each text made once per change (L4).
// Does not own which items are told. Texts name points of time only, never time left, so that they stay true.

import type { BoardState } from "../board/index.ts";
import {
  type Agent,
  type Alert,
  type Budget,
  budgetFullness,
  budgetStatus,
  type Claim,
  type Entry,
  type Hold,
  type ItemStream,
  type JsonText,
  type Pause,
  type Request,
  type Source,
  type Task,
} from "../protocol/index.ts";

const quote = (text: string): string => JSON.stringify(text);
const member = (name: string, value: string | number | boolean | undefined): string =>
  value === undefined ? "" : `,"${name}":${typeof value === "string" ? quote(value) : String(value)}`;
const list = (name: string, values: readonly string[] | undefined): string =>
  values === undefined ? "" : `,"${name}":${JSON.stringify(values)}`;
const jsonMember = (name: string, text: JsonText | undefined): string =>
  text === undefined ? "" : `,"${name}":${text}`;
const expiry = (clock: number): string => (Number.isFinite(clock) ? `,"expiresAtClock":${clock}` : "");

/** What an entry and a patch of one have in common. */
function entryFacts(entry: Entry): string {
  const { rev, seq, by, at, expiresAtClock, source } = entry;
  return `,"rev":${rev},"seq":${seq},"by":${quote(by)},"at":${at}${expiry(expiresAtClock)}${member("source", source)}}`;
}

export const entryText = (entry: Entry): string =>
  `{"key":${quote(entry.key)},"value":${entry.value}${entryFacts(entry)}`;

/** The change from the version at `base` to this one (W-SYNC-8). */
export const patchText = (entry: Entry, base: number, patch: JsonText): string =>
  `{"key":${quote(entry.key)},"base":${base},"patch":${patch}${entryFacts(entry)}`;

function budgetText(budget: Budget): string {
  const { task, usedTokens, limitTokens, closed, openedAt, description, lastCharge, source, seq, at } = budget;
  const { terms, account } = budget;
  return (
    `{"task":${quote(task)},"usedTokens":${usedTokens}${member("limitTokens", limitTokens)}` +
    `,"percentage":${budgetFullness(budget)},"status":"${budgetStatus(budget)}","closed":${closed}` +
    `,"openedAt":${openedAt},"description":${quote(description)}` +
    (lastCharge === undefined ? "" : `,"lastCharge":${JSON.stringify(lastCharge)}`) +
    (terms === undefined ? "" : `,"terms":${JSON.stringify(terms)}`) +
    (account === undefined ? "" : `,"account":${JSON.stringify(account)}`) +
    `${member("source", source)},"seq":${seq},"at":${at}}`
  );
}

function agentText(
  name: string,
  agent: Agent | undefined,
  activity: { lastAt: number; writes: number; seq: number } | undefined,
): string {
  const lastSeenAt = Math.max(agent?.lastSeenAt ?? -1, activity?.lastAt ?? -1);
  return (
    `{"agent":${quote(name)}${member("state", agent?.state)}${member("task", agent?.task)}${member("trust", agent?.trust)}` +
    `${list("namespaces", agent?.namespaces)}${list("resources", agent?.resources)}` +
    `${member("firstSeenAt", agent?.firstSeenAt)}${lastSeenAt < 0 ? "" : `,"lastSeenAt":${lastSeenAt}`}` +
    `,"writes":${activity?.writes ?? 0},"seq":${Math.max(agent?.seq ?? 0, activity?.seq ?? 0)}}`
  );
}

const taskText = ({ task, status, details, source, seq, at }: Task): string =>
  `{"task":${quote(task)}${member("status", status)}${jsonMember("details", details)}${member("source", source)},"seq":${seq},"at":${at}}`;

const requestText = (request: Request): string =>
  `{"request":${quote(request.request)},"kind":"${request.kind}","subject":${quote(request.subject)}` +
  `,"agent":${quote(request.agent)},"reason":${quote(request.reason)},"state":"${request.state}","openedAt":${request.openedAt}` +
  `${member("decidedBy", request.decidedBy)}${member("decisionReason", request.decisionReason)}` +
  `${member("grantedUntil", request.grantedUntil)}${jsonMember("details", request.details)}${member("source", request.source)}` +
  `,"seq":${request.seq},"at":${request.at}}`;

const claimText = ({ claim, holder, fence, expiresAtClock, seq, at }: Claim): string =>
  `{"claim":${quote(claim)}${member("holder", holder)},"fence":${fence}${expiry(expiresAtClock)},"seq":${seq},"at":${at}}`;

const sourceText = ({ source, state, paused, detail, seq, at }: Source): string =>
  `{"source":${quote(source)},"state":"${state}","paused":${paused},"detail":${quote(detail)},"seq":${seq},"at":${at}}`;

const holdText = ({ expiresAtClock, ...hold }: Hold): string =>
  JSON.stringify({ ...hold, ...(Number.isFinite(expiresAtClock) ? { expiresAtClock } : {}) });
const alertText = (alert: Alert): string => JSON.stringify(alert);
const pauseText = (pause: Pause): string => JSON.stringify(pause);

/** Followers and the server itself are no agents. */
const isAgent = (name: string): boolean => name !== "system" && !name.startsWith("follow:");

/** One stream of items by name: what is there, and the text of each. */
export interface ItemSource {
  names(state: BoardState): Iterable<string>;
  /** Undefined where there is no such item (any more). */
  text(state: BoardState, name: string): string | undefined;
}

const plain = <T>(map: (state: BoardState) => ReadonlyMap<string, T>, text: (item: T) => string): ItemSource => ({
  names: (state) => map(state).keys(),
  text(state, name) {
    const item = map(state).get(name);
    return item === undefined ? undefined : text(item);
  },
});

export const ITEM_SOURCES: Readonly<Record<ItemStream, ItemSource>> = {
  budgets: plain((state) => state.budgets, budgetText),
  tasks: plain((state) => state.tasks, taskText),
  requests: plain((state) => state.requests, requestText),
  claims: plain((state) => state.claims, claimText),
  sources: plain((state) => state.sources, sourceText),
  holds: plain((state) => state.holds, holdText),
  alerts: plain((state) => state.alerts, alertText),
  pauses: plain((state) => state.pauses, pauseText),
  agents: {
    *names(state) {
      for (const name of state.agents.keys()) if (isAgent(name)) yield name;
      for (const name of state.activity.keys()) if (isAgent(name) && !state.agents.has(name)) yield name;
    },
    text(state, name) {
      const agent = state.agents.get(name);
      const activity = state.activity.get(name);
      return !isAgent(name) || (agent === undefined && activity === undefined)
        ? undefined
        : agentText(name, agent, activity);
    },
  },
};

/** Characters of entries' texts that are kept. At the bound all are let go: the next frames make them anew. */
const MAX_KEPT_CHARS = 4 * 1_048_576;

/** Texts of entries that several cohorts tell at about the same time. */
export class EntryTexts {
  readonly #texts = new Map<Entry, string>();
  #chars = 0;

  /** Entries are immutable: another value is another object. */
  of(entry: Entry): string {
    const known = this.#texts.get(entry);
    if (known !== undefined) return known;
    const text = entryText(entry);
    this.#chars += text.length;
    if (this.#chars > MAX_KEPT_CHARS) {
      this.#texts.clear();
      this.#chars = text.length;
    }
    this.#texts.set(entry, text);
    return text;
  }
}
