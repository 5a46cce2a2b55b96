// Owns entries that are shown before the server confirmed them: made by `echo`, gone when the replica has caught up with the
// command or the command was refused. Does not own the replica's own entries. Bounded by the pending commands.

import { applyMergePatch } from "../feed/merge-value.ts";
import type { SendableOf } from "./commands.ts";
import type { Entry } from "./items.ts";

export interface Echo {
  readonly id: string;
  readonly command: SendableOf<"entry.put" | "entry.merge" | "entry.delete">;
  readonly by: string;
  readonly at: number;
}

export interface Echoes {
  /** What is shown instead of the replica's entries; `undefined` hides one. */
  readonly over: ReadonlyMap<string, Entry | undefined>;
  add(echo: Echo): void;
  /** The command has position `seq`: its echo stays until the replica is there. */
  settle(id: string, seq: number): void;
  /** Refused: as if it had never been. */
  drop(id: string): void;
  /** The replica moved to `seq`, and these keys changed below. Answers with the keys whose echoes ended. */
  moved(seq: number, changed: ReadonlySet<string>): ReadonlySet<string>;
  /** Positions are of another history from now on: no replica gets to those of before. */
  forgetPositions(): void;
}

interface Held extends Echo {
  seq: number;
}

export function createEchoes(items: ReadonlyMap<string, Entry>): Echoes {
  /** In the order of their commands, so that the last of a key is shown on top of the others. */
  const held = new Map<string, Held>();
  const over = new Map<string, Entry | undefined>();

  function show(key: string): void {
    over.delete(key);
    for (const echo of held.values()) {
      if (echo.command.key !== key) continue;
      const before = over.has(key) ? over.get(key) : items.get(key);
      over.set(key, entryOf(echo, before));
    }
  }

  function remove(id: string): void {
    const key = held.get(id)?.command.key;
    held.delete(id);
    if (key !== undefined) show(key);
  }

  return {
    over,
    add(echo) {
      held.set(echo.id, { ...echo, seq: Infinity });
      show(echo.command.key);
    },
    settle(id, seq) {
      const echo = held.get(id);
      if (echo !== undefined) echo.seq = seq;
    },
    drop: remove,
    forgetPositions() {
      for (const echo of held.values()) if (echo.seq !== Infinity) echo.seq = 0;
    },
    moved(seq, changed) {
      const ended = new Set<string>();
      for (const echo of held.values()) {
        if (echo.seq > seq) continue;
        held.delete(echo.id);
        ended.add(echo.command.key);
      }
      // Those that stay lie on top of what may be new. The others keep their identity.
      for (const key of Array.from(over.keys())) if (ended.has(key) || changed.has(key)) show(key);
      return ended;
    },
  };
}

function entryOf({ command, by, at }: Echo, before: Entry | undefined): Entry | undefined {
  if (command.type === "entry.delete") return undefined;
  const value = command.type === "entry.put" ? command.value : applyMergePatch(before?.value, command.patch);
  return { ...before, key: command.key, value, rev: before?.rev ?? 0, seq: before?.seq ?? 0, by, at, pending: true };
}
