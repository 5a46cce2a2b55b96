// Owns the rhythm of the classic sockets: groups of clients with the same board and interval, one timer each.
// Does not own sockets or frames. Invariant: a tick builds one frame, whatever the number of clients (law L4).

import type { BoardHandle, Engine } from "../../engine/contract.ts";
import type { Frames } from "../views/frames.ts";
import type { ClassicClient } from "./classic-client.ts";
import type { ClassicFields } from "./classic-fields.ts";

export interface Audience {
  readonly board: string;
  readonly intervalMs: number;
}

export interface Ticker {
  /** Add a client; it gets a frame of this moment at once, then one every interval. Returns the way to leave. */
  join(audience: Audience, client: ClassicClient): () => void;
  readonly groups: number;
  close(): void;
}

export interface TickerOptions {
  readonly engine: Engine;
  readonly frames: Frames;
  readonly fields: ClassicFields;
  readonly joinGapMs: number;
  /** Monotonic time in ms. */
  readonly clock: () => number;
  readonly fault: (error: unknown, board: string) => void;
}

/** A last frame that is older is not handed to a joiner, even if the board has not changed: its timestamp would lie. */
const FRESH_MS = 250;

interface Group {
  readonly clients: Set<ClassicClient>;
  /** Clients that have not had their first frame. */
  readonly joiners: Set<ClassicClient>;
  timer: NodeJS.Timeout;
  joinTimer: NodeJS.Timeout | undefined;
  building: boolean;
  last: { readonly frame: Buffer; readonly position: string; readonly at: number } | undefined;
}

export function createTicker(options: TickerOptions): Ticker {
  const { engine, frames, fields, clock } = options;
  const groups = new Map<string, Group>();

  const positionOf = (board: BoardHandle): string => `${board.position.epoch}.${board.position.seq}`;

  /** The board is gone: its clients may ask again, and are told so then. */
  const dissolve = (group: Group): void => {
    for (const client of [...group.clients, ...group.joiners]) client.close(1001, "board deleted");
  };

  const send = (group: Group, frame: Buffer, toAll: boolean): void => {
    if (toAll) for (const client of group.clients) client.offer(frame);
    for (const client of group.joiners) {
      client.offer(frame);
      group.clients.add(client);
    }
    group.joiners.clear();
  };

  const build = async (audience: Audience, group: Group, toAll: boolean): Promise<void> => {
    // A build that is under way (a slow classic field) serves everyone who waits for one.
    if (group.building) return;
    group.building = true;
    try {
      const extra = await fields.collect();
      const board = await engine.board(audience.board);
      if (board === undefined) return dissolve(group);
      const position = positionOf(board);
      const { last } = group;
      const reuse = !toAll && last !== undefined && last.position === position && clock() - last.at < FRESH_MS;
      const frame = reuse ? last.frame : frames.build(board, extra);
      if (!reuse) group.last = { frame, position, at: clock() };
      send(group, frame, toAll);
    } catch (error) {
      options.fault(error, audience.board);
    } finally {
      group.building = false;
      // Whoever came during the build has not been served if it was the build of others' first frame.
      if (group.joiners.size > 0) hurry(audience, group);
    }
  };

  /** Serve joiners at once, but build for them at most once every `joinGapMs`: a storm of joiners shares frames. */
  const hurry = (audience: Audience, group: Group): void => {
    if (group.joinTimer !== undefined || group.building) return;
    const wait = group.last === undefined ? 0 : Math.max(0, group.last.at + options.joinGapMs - clock());
    group.joinTimer = setTimeout(() => {
      group.joinTimer = undefined;
      void build(audience, group, false);
    }, wait);
  };

  return {
    join(audience, client) {
      const name = `${audience.intervalMs} ${audience.board}`;
      let group = groups.get(name);
      if (group === undefined) {
        const fresh: Group = {
          clients: new Set(),
          joiners: new Set(),
          timer: setInterval(() => void build(audience, fresh, true), audience.intervalMs),
          joinTimer: undefined,
          building: false,
          last: undefined,
        };
        group = fresh;
        groups.set(name, group);
      }
      const joined = group;
      joined.joiners.add(client);
      hurry(audience, joined);
      return () => {
        joined.joiners.delete(client);
        joined.clients.delete(client);
        if (joined.joiners.size + joined.clients.size > 0) return;
        clearInterval(joined.timer);
        clearTimeout(joined.joinTimer);
        if (groups.get(name) === joined) groups.delete(name);
      };
    },
    get groups() {
      return groups.size;
    },
    close() {
      for (const group of groups.values()) {
        clearInterval(group.timer);
        clearTimeout(group.joinTimer);
      }
      groups.clear();
    },
  };
}
