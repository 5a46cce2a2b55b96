// Owns how one followed path fares: when to look again after a torn read, and what to say of it.
//
//   ok ◄──────────► torn or away (again after 10, 15, 30, … ms) ──after the last try──► stale ──► ok
//   absent (never was there)        error (cannot be read) ──► ok

import { dirname } from "node:path";
import { performance } from "node:perf_hooks";
import type { FollowedFile, FollowedState } from "./contract.ts";
import { errorText } from "./reading/regular-file.ts";
import type { Step } from "./import/step.ts";
import type { FollowedPath } from "./importers.ts";

/** Pauses between tries. After the last, only events and the poll look again, and the source is shown as stale. */
const AGAIN_MS = [10, 15, 30, 30, 60, 60, 120, 120, 250, 250] as const;

export interface FileState {
  readonly followed: FollowedPath;
  readonly folder: string;
  readonly isThere: boolean;
  /** It is there, or something was imported from it. */
  readonly wasThere: boolean;
  /** When to look again by itself, on the monotonic clock; `Infinity` for not. */
  readonly dueAt: number;
  readonly problems: readonly string[];
  look(force: boolean): Promise<void>;
  /** The whole workspace is away: no tries of its own. */
  wait(): void;
  view(): FollowedFile;
}

export function createFileState(followed: FollowedPath, state: () => FollowedState, signal: AbortSignal): FileState {
  let shown: FollowedFile["state"] = "absent";
  let problems: readonly string[] = [];
  let tries = 0;
  let dueAt = Number.POSITIVE_INFINITY;
  let isThere = false;
  const { source } = followed.importer;
  const wasImported = (): boolean => (state().marks.get(source)?.size ?? 0) > 0;

  async function step(force: boolean): Promise<Step> {
    try {
      return await followed.importer.step(force);
    } catch (error) {
      signal.throwIfAborted();
      return { kind: "failed", reason: errorText(error) };
    }
  }

  function again(reason: string): void {
    const pauseMs = AGAIN_MS[tries];
    tries++;
    dueAt = pauseMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + pauseMs;
    if (pauseMs !== undefined) return;
    shown = "stale";
    problems = [reason];
  }

  function settle(next: FollowedFile["state"], said: readonly string[]): void {
    shown = next;
    problems = said;
    tries = 0;
    dueAt = Number.POSITIVE_INFINITY;
  }

  return {
    followed,
    folder: dirname(followed.path),
    get isThere() {
      return isThere;
    },
    get wasThere() {
      return isThere || wasImported();
    },
    get dueAt() {
      return dueAt;
    },
    get problems() {
      return problems;
    },
    async look(force) {
      const came = await step(force || tries > 0);
      isThere = came.kind !== "absent";
      switch (came.kind) {
        case "ok":
          settle("ok", came.problems);
          if (came.againMs !== undefined) dueAt = performance.now() + came.againMs;
          return;
        case "absent":
          if (wasImported()) again("it is missing");
          else settle("absent", []);
          return;
        case "torn":
          again(came.reason);
          return;
        case "failed":
          settle("error", [came.reason]);
          return;
        default:
          came satisfies never;
      }
    },
    wait() {
      isThere = false;
      tries = 0;
      dueAt = Number.POSITIVE_INFINITY;
    },
    view: () => ({ file: followed.file, source, state: shown, problem: problems[0] }),
  };
}
