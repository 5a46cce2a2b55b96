// Owns the followers of one server: started after the boards are open, asked for readiness, closed before the engine.
// Does not own how a workspace is read (follow/).

import { basename, resolve } from "node:path";
import type { Logger } from "pino";
import type { BoardHandle, Engine } from "../engine/contract.ts";
import { createFollower, type Follower } from "../follow/index.ts";
import type { Limits } from "../protocol/index.ts";

export interface Followers {
  readonly boards: ReadonlySet<string>;
  /** Which workspaces are not imported yet, by folder. */
  pending(): Readonly<Record<string, string>>;
  /** What is followed but cannot be read now, or not whole, by folder. */
  warnings(): Readonly<Record<string, string>>;
  /** Resolves when everything that was there at the start is on the boards. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

export interface FollowersOptions {
  readonly engine: Engine;
  readonly follow: readonly { readonly board: string; readonly dir: string }[];
  readonly limits: Limits;
  readonly log: Logger;
}

export async function createFollowers(options: FollowersOptions): Promise<Followers> {
  const running: { readonly dir: string; readonly follower: Follower; ready: boolean }[] = [];
  const labels = new Set<string>();
  const waits: Promise<void>[] = [];
  for (const { board: name, dir } of options.follow) {
    const board = await boardNamed(options.engine, name);
    // Two folders of the same name on one board need labels of their own.
    const base = labelOf(dir);
    let label = base;
    for (let n = 2; labels.has(`${name} ${label}`); n++) label = `${base}-${n}`;
    labels.add(`${name} ${label}`);
    const warned = warnOnce(options.log.child({ board: name, dir }));
    const one = {
      dir,
      follower: await createFollower({
        dir,
        name: label,
        target: board,
        limits: options.limits,
        logger: {
          info: (detail, message) => {
            options.log.info({ board: name, ...detail }, message);
            warned.hear({ ...detail });
          },
          warn: (detail, message) => options.log.warn({ board: name, ...detail }, message),
        },
      }),
      ready: false,
    };
    running.push(one);
    waits.push(
      one.follower.ready.then(() => {
        one.ready = true;
        // A state that the board knows from the run before is not reported again, and is worth a word at the start.
        warned.hear(one.follower.status());
      }),
    );
  }
  return {
    boards: new Set(options.follow.map(({ board }) => board)),
    pending: () =>
      Object.fromEntries(running.filter(({ ready }) => !ready).map(({ dir }) => [`follow:${dir}`, "not imported yet"])),
    warnings: () =>
      Object.fromEntries(
        running
          .map(({ dir, follower }) => ({ dir, status: follower.status() }))
          .filter(({ status }) => status.state !== "ok")
          .map(({ dir, status }) => [`follow:${dir}`, `${status.state}: ${status.detail}`]),
      ),
    ready: Promise.all(waits).then(() => undefined),
    async close() {
      await Promise.allSettled(running.map(({ follower }) => follower.close()));
    },
  };
}

/** A warning in a sentence when a followed workspace turns missing, stale or wrong; once per turn. */
function warnOnce(log: Logger): { hear(report: { readonly state?: unknown; readonly detail?: unknown }): void } {
  let last: unknown = "ok";
  return {
    hear({ state, detail }) {
      if (state === undefined || state === last) return;
      last = state;
      if (state !== "ok") log.warn({ state }, `a followed workspace cannot be read as it should be: ${String(detail)}`);
    },
  };
}

/** The folder's name, as far as a label may be long: 16 code points are at most 64 bytes. */
function labelOf(dir: string): string {
  const label = Array.from(basename(resolve(dir)).toWellFormed())
    .slice(0, 16)
    .join("");
  return label === "" ? "workspace" : label;
}

async function boardNamed(engine: Engine, name: string): Promise<BoardHandle> {
  const board = (await engine.board(name)) ?? (await engine.create(name));
  if ("code" in board) throw new Error(`the board ${JSON.stringify(name)} cannot be made: ${board.code}`);
  return board;
}
