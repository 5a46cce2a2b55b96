// Owns the set-up of follower tests: a copy of a workspace, a real board in memory, and a follower between them.

import { mkdtemp, cp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createEngine } from "../src/engine/index.ts";
import type { BoardHandle } from "../src/engine/index.ts";
import { createFollower } from "../src/follow/index.ts";
import type { Follower, FollowerOptions } from "../src/follow/index.ts";
import { createMemoryStore } from "../src/log/index.ts";
import type { LogRecord, SingleCommand } from "../src/protocol/index.ts";

export const FIXTURES = join(import.meta.dirname, "fixtures");

/** A folder of its own, with a fixture's files where one is named. */
export async function workspace(fixture?: "zejzl" | "network-ai-v5"): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "swarmboard-follow-"));
  if (fixture !== undefined) await cp(join(FIXTURES, fixture), dir, { recursive: true });
  return dir;
}

export interface Followed {
  readonly dir: string;
  readonly board: BoardHandle;
  follower: Follower;
  /** Stop and start again on the same board. */
  restart(): Promise<void>;
  readonly value: (key: string) => unknown;
  readonly events: () => string[];
  records(): Promise<LogRecord[]>;
  commands(): Promise<SingleCommand[]>;
  close(): Promise<void>;
}

export async function follow(dir: string, options: Partial<FollowerOptions> = {}): Promise<Followed> {
  const engine = await createEngine({ store: createMemoryStore() });
  const board = await engine.create("followed");
  if ("code" in board) throw new Error(board.code);
  const start = async (): Promise<Follower> => {
    const follower = await createFollower({ dir, name: "swarm", target: board, pollMs: 200, ...options });
    await follower.ready;
    return follower;
  };
  const records = async (): Promise<LogRecord[]> => {
    const all: LogRecord[] = [];
    for await (const some of board.read(1 as LogRecord["seq"])) all.push(...some);
    return all;
  };
  const followed: Followed = {
    dir,
    board,
    follower: await start(),
    async restart() {
      await followed.follower.close();
      followed.follower = await start();
    },
    value: (key) => {
      const entry = board.state.entries.get(key);
      return entry === undefined ? undefined : JSON.parse(entry.value);
    },
    events: () => board.state.audit.notes.map((note) => note.event),
    records,
    commands: async () =>
      (await records()).flatMap(({ command }) => (command.type === "batch" ? command.commands : [command])),
    async close() {
      await followed.follower.close();
      await engine.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return followed;
}

/** Wait until it holds; fails with its last answer after a generous while. */
export async function until(what: string, holds: () => unknown, patienceMs = 10_000): Promise<void> {
  const end = Date.now() + patienceMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`never came true: ${what}`);
    await pause(10);
  }
}

/** A moment in which a follower would have done what it must not do. */
export const aWhile = (): Promise<void> => pause(350);

/** zejzlAI's blackboard with these keys. */
export const zejzlBoard = (entries: Readonly<Record<string, string>>): string =>
  `# Swarm Blackboard\n\n${Object.entries(entries)
    .map(([key, value]) => `\n## ${key}\n- **Value:** "${value}"\n- **Timestamp:** 2026-02-05T10:43:37.482723+00:00\n`)
    .join("")}`;

/** Network-AI's blackboard with these keys, fenced as its TypeScript writes it. */
export const networkAiBoard = (entries: Readonly<Record<string, unknown>>, ttl: number | null = null): string => {
  const sections = Object.entries(entries).map(
    ([key, value]) =>
      `### ${key}\n\`\`\`json\n${JSON.stringify({ key, value, source_agent: "writer", timestamp: "2026-11-22T20:27:26.760Z", ttl, version: 1 }, null, 2)}\n\`\`\`\n`,
  );
  return `# Swarm Blackboard\nLast Updated: 2026-11-22T20:27:26.794Z\nContent Hash: 852485763b29c236\n\n## Active Tasks\n| TaskID | Agent | Status | Started | Description |\n|--------|-------|--------|---------|-------------|\n\n## Knowledge Cache\n${sections.join("\n")}\n## Coordination Signals\n<!-- Agent availability status -->\n\n## Execution History\n<!-- Chronological log of completed tasks -->\n`;
};
