// Owns the set of boards of one server: which exist, which run, and their common end.
// Does not own a board's life (board-engine). Boards never wait for one another.

import type { Store } from "../log/contract.ts";
import type { RetentionPolicy } from "../log/index.ts";
import { boardNameSchema, DEFAULT_LIMITS } from "../protocol/index.ts";
import { openBoard, type BoardEngine, type BoardEngineOptions } from "./board-engine.ts";
import type { Engine } from "./contract.ts";

export interface EngineOptions extends Pick<
  BoardEngineOptions,
  "limits" | "timepieces" | "snapshotPolicy" | "checkpointPolicy"
> {
  /** The memory of all boards. The engine closes it. */
  readonly store: Store;
  /** What stays in a board's log; everything, where it is left out. */
  readonly retention?: (board: string) => RetentionPolicy;
  readonly notice?: (board: string, message: string, detail?: unknown) => void;
}

/** Start an engine over a store. Boards are opened when they are first asked for. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { store } = options;
  const limits = options.limits ?? DEFAULT_LIMITS;
  const names = new Set(await store.list());
  const open = new Map<string, Promise<BoardEngine>>();

  const start = async (name: string): Promise<BoardEngine> => {
    const memory = await store.open(name);
    const { store: _, retention, ...rest } = options;
    return openBoard({
      ...rest,
      retention: retention?.(name) ?? {},
      name,
      memory,
      notice: (message, detail) => options.notice?.(name, message, detail),
    });
  };

  const running = (name: string): Promise<BoardEngine> => {
    let board = open.get(name);
    if (board === undefined) {
      board = start(name);
      open.set(name, board);
      // A board that could not be opened may be tried again later.
      board.catch(() => open.delete(name));
    }
    return board;
  };

  return {
    async board(name) {
      return names.has(name) ? running(name) : undefined;
    },
    async create(name) {
      if (!boardNameSchema.safeParse(name).success) return { code: "bad_board_name" };
      if (names.has(name)) return { code: "board_exists" };
      if (names.size >= limits.maxBoards) return { code: "too_many_boards" };
      names.add(name);
      try {
        return await running(name);
      } catch (error) {
        names.delete(name);
        throw error;
      }
    },
    async delete(name) {
      if (!names.delete(name)) return false;
      const board = open.get(name);
      open.delete(name);
      await (await board)?.close();
      await store.remove(name);
      return true;
    },
    list: () => [...names].sort(),
    async close() {
      await Promise.allSettled([...open.values()].map(async (board) => (await board).close()));
      await store.close();
    },
  };
}
