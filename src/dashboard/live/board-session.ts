// Owns the page's conversation with the server: one client, one subscription of the board, and a window where the board is large.
// Does not own the connection (client/) or what is drawn (state/). Invariant: what the store is told is one whole position.

import { type Client, connect, type Subscription, type SwarmboardError } from "../../client/index.ts";
import type { ScreenStore } from "../state/screen-store.ts";
import { createLargeBoard, type LargeBoard } from "./large-board.ts";
import { createPace } from "./pace.ts";
import { createPageSockets } from "./page-socket.ts";

/** A board with more entries is browsed by a window. */
export const MOST_WHOLE = 5000;
/** It may grow so far, and has to shrink so far, before the page changes its mind. */
const TOO_MANY = MOST_WHOLE * 1.5;
const FEW_AGAIN = MOST_WHOLE / 2;
/** Notes that the page holds; older ones have to be asked for elsewhere. */
const KEEP_NOTES = 200;
/** How often a board that is not there yet is asked for, in ms. */
const ASK_AGAIN_MS = 2000;

const ITEMS = { budgets: true, agents: true, tasks: true, requests: true, claims: true, sources: true } as const;
const FILTERS = {
  whole: { entries: { atMost: MOST_WHOLE }, ...ITEMS, audit: { tail: 20 } },
  large: { ...ITEMS, audit: { tail: 20 } },
} as const;

export interface BoardSession {
  readonly url: string;
  /** The newest socket. */
  readonly socket: () => WebSocket | undefined;
  isLive(): boolean;
  readonly reconnect: () => void;
  setReconnectMs(ms: number): void;
}

export interface BoardSessionOptions {
  readonly board: string;
  readonly reconnectMs: number;
  readonly store: ScreenStore;
}

export function createBoardSession({ board, reconnectMs, store }: BoardSessionOptions): BoardSession {
  const sockets = createPageSockets();
  let client: Client;
  let subscription: Subscription;
  let large: LargeBoard | undefined;
  /** Entries that changed since the store was told; undefined when all may have. */
  let changed: Set<string> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  const pace = createPace(tell);

  function start(maxMs: number): void {
    const options = { WebSocket: sockets.WebSocket, client: "dashboard", reconnectMaxMs: maxMs, keepNotes: KEEP_NOTES };
    const mine = (client = connect("/", options));
    store.setStatus(mine.status, Date.now());
    mine.onStatus((status) => store.setStatus(status, Date.now()));
    mine.onBeat((beat) => store.setBeat(beat, mine.status));
    follow();
  }

  /** Subscribes to the board, instead of what was subscribed to before. What is on the screen stays until the new is there. */
  function follow(): void {
    clearTimeout(retry);
    changed = undefined;
    const filter = large === undefined ? FILTERS.whole : FILTERS.large;
    const mine = (subscription = client
      .board(board)
      .subscribe(filter, { name: large === undefined ? "page" : "page-large" }));
    mine.entries.onChange((names) => {
      if (changed !== undefined) for (const name of names) changed.add(name);
    });
    const touched = () => {
      store.confirm(Date.now());
      pace.ask();
    };
    for (const stream of ["entries", "budgets", "agents", "tasks", "requests", "claims", "sources"] as const)
      mine[stream].onChange(touched);
    mine.audit.onChange(touched);
    mine.onCondition(() => pace.ask());
    pace.ask();
  }

  function browse(isLarge: boolean): void {
    if (isLarge === (large !== undefined)) return;
    large?.close();
    large = isLarge ? createLargeBoard(client.board(board), pace.ask) : undefined;
    subscription.close();
    follow();
  }

  function tell(): void {
    const { problem, held } = subscription.condition;
    store.setProblem(problem === undefined ? undefined : wordsOf(problem));
    if (problem?.retry === "no") {
      clearTimeout(retry);
      retry = setTimeout(() => {
        subscription.close();
        follow();
      }, ASK_AGAIN_MS);
    }
    if (held === "nothing") return;
    if (large === undefined && (subscription.entries.over !== undefined || subscription.entries.size > TOO_MANY))
      return browse(true);
    const rows = large?.update();
    if (rows !== undefined && rows.boardTotal !== undefined && rows.boardTotal < FEW_AGAIN) return browse(false);
    store.accept({ subscription, changed, large }, Date.now());
    changed = new Set();
  }

  start(reconnectMs);

  return {
    url: `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws/blackboard`,
    socket: sockets.newest,
    isLive: () => client.status.phase === "live",
    reconnect: () => client.reconnect(),
    setReconnectMs(ms) {
      if (ms === reconnectMs) return;
      reconnectMs = ms;
      const isLarge = large !== undefined;
      large?.close();
      large = undefined;
      client.close();
      start(ms);
      if (isLarge) browse(true);
    },
  };
}

function wordsOf(problem: SwarmboardError): string {
  if (problem.code === "no_such_board") return "There is no board with this name";
  return problem.detail.replace(/\.$/, "");
}
