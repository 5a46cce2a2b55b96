// Owns what the tests of the gateway share: a real board server, a client of it, and a model server.
// Does not own what is expected. Everything started is ended by `endAfterEach` of the server's harness and `leave`.

import { connect, type Board, type Client, type ConnectOptions } from "../../src/client/index.ts";
import { httpFallback } from "../../src/client/transports/http.ts";
import type { BoardState } from "../../src/board/index.ts";
import { type SwarmboardServer } from "../../src/server/index.ts";
import { start, until } from "../server/harness.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";

export const TASK = "t";

export interface Stage {
  readonly server: SwarmboardServer;
  readonly board: Board;
  readonly client: Client;
  readonly model: ModelServer;
  readonly state: () => Promise<BoardState>;
  /** What the budget of the task has spent and held. */
  readonly figures: () => Promise<{
    readonly tokens: number;
    readonly nanoUsd: number;
    readonly held: number;
    readonly holds: number;
    readonly unpriced: number;
  }>;
  /** The state of the only hold, or of the newest one. */
  readonly lastHold: () => Promise<string | undefined>;
}

const leaving: (() => unknown)[] = [];
export const leave = async (): Promise<void> => {
  for (const one of leaving.splice(0).reverse()) await one();
};

/** In place of a WebSocket class: its sockets never open. */
function NoSocket(): never {
  throw new Error("no sockets here");
}

/** The way of a client to its server. */
export type Way = "socket" | "http";

export async function setStage(budget: object = {}, way: Way = "socket"): Promise<Stage> {
  const server = await start();
  const model = await startModelServer();
  leaving.push(() => model.close());
  const options: ConnectOptions = {
    agent: "ada",
    reconnectJitterMs: 0,
    reconnectMaxMs: 500,
    ...(way === "http" ? { WebSocket: NoSocket as never, fallback: httpFallback } : {}),
  };
  const client = connect(server.url, options);
  leaving.push(() => client.close());
  const board = client.board();
  await board.send({ type: "budget.open", task: TASK, ...budget });
  const state = async (): Promise<BoardState> => {
    const one = await server.engine.board("default");
    if (one === undefined) throw new Error("there is no board");
    return one.state;
  };
  return {
    server,
    board,
    client,
    model,
    state,
    figures: async () => {
      const found = (await state()).budgets.get(TASK);
      const account = found?.account;
      return {
        tokens: found?.usedTokens ?? 0,
        nanoUsd: account?.nanoUsd ?? 0,
        held: account?.heldTokens ?? 0,
        holds: account?.holds ?? 0,
        unpriced: account?.unpricedTokens ?? 0,
      };
    },
    lastHold: async () => Array.from((await state()).holds.values()).at(-1)?.state,
  };
}

export { until };

/** The examples' own way to a model, so that what users copy is what is tested. */
interface ModelApi {
  readonly callModel: (url: string, body: object, signal: AbortSignal) => Promise<Answer>;
  readonly streamModel: (url: string, body: object, signal: AbortSignal) => Promise<AsyncGenerator<Event>>;
}
export interface Answer {
  readonly usage: object;
}
export interface Event {
  readonly type?: string;
}
export const { callModel, streamModel } = (await import(
  new URL("../../examples/model-api.mjs", import.meta.url).href
)) as ModelApi;
