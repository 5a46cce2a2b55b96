// Owns the page's conversation with the server: one client, one subscription of the board, and a window where the board is large.
// Does not own the connection (client/) or what is drawn (state/). Invariant: what the store is told is one whole position.

import {
  type Client,
  connect,
  type SendableCommand,
  type Subscription,
  type SwarmboardError,
} from "../../client/index.ts";
import type { ScreenStore } from "../state/screen-store.ts";
import type { SpendPoints } from "../state/spend-points.ts";
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

const SPENDING = { budgets: true, holds: true, alerts: true, pauses: true } as const;
const WORK = { agents: true, tasks: true, requests: true, claims: true, sources: true } as const;
const ITEMS: typeof SPENDING & typeof WORK = { ...SPENDING, ...WORK };
const STREAMS = Object.keys(ITEMS) as (keyof typeof ITEMS)[];
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
  /** Under which name the page's commands go into the log from now on. Another name is another connection. */
  setAgent(agent: string | undefined): void;
  /** Resolves when it is durable and applied. @throws SwarmboardError (as a rejection) */
  send(command: SendableCommand): Promise<unknown>;
}

export interface BoardSessionOptions {
  readonly board: string;
  readonly reconnectMs: number;
  readonly agent: string | undefined;
  readonly store: ScreenStore;
  /** Hears of the budgets each time the store is told. */
  readonly spend: SpendPoints;
}

export function createBoardSession({ board, reconnectMs, agent, store, spend }: BoardSessionOptions): BoardSession {
  const sockets = createPageSockets();
  let client: Client;
  let subscription: Subscription;
  let large: LargeBoard | undefined;
  /** Entries that changed since the store was told; undefined when all may have. */
  let changed: Set<string> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  const pace = createPace(tell);

  function start(): void {
    const options = {
      WebSocket: sockets.WebSocket,
      client: "dashboard",
      reconnectMaxMs: reconnectMs,
      keepNotes: KEEP_NOTES,
      ...(agent === undefined ? {} : { agent }),
    };
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
    for (const stream of ["entries", ...STREAMS] as const) mine[stream].onChange(touched);
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
    const nowMs = Date.now();
    spend.note(subscription.budgets.items(), nowMs);
    store.accept({ subscription, changed, large }, nowMs);
    changed = new Set();
  }

  /** Instead of the client that there is. What is on the screen stays. */
  function startAgain(): void {
    const isLarge = large !== undefined;
    large?.close();
    large = undefined;
    client.close();
    start();
    if (isLarge) browse(true);
  }

  start();

  return {
    url: `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws/blackboard`,
    socket: sockets.newest,
    isLive: () => client.status.phase === "live",
    reconnect: () => client.reconnect(),
    setReconnectMs(ms) {
      if (ms === reconnectMs) return;
      reconnectMs = ms;
      startAgain();
    },
    setAgent(name) {
      if (name === agent) return;
      agent = name;
      startAgain();
    },
    send: (command) => client.board(board).send(command),
  };
}

function wordsOf(problem: SwarmboardError): string {
  if (problem.code === "no_such_board") return "There is no board with this name";
  return problem.detail.replace(/\.$/, "");
}
