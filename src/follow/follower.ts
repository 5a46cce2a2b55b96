// Owns when a workspace is looked at, and what its source reports. Does not own what is in its files.
// Invariant: one look at a time; whatever goes wrong with one file holds up no other, and nothing is ever written there.
//
//   event in a directory ──20 ms──► look at what it concerns ─┐
//   poll (2 s), or no name given ─► look at everything ───────┤──► batches to the board ──► report, if it changed
//   torn or doubtful: again soon ─► look at that file ────────┘

import { basename, dirname, join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import type { Follower, FollowerOptions, FollowerStatus } from "./contract.ts";
import { createFileState } from "./file-state.ts";
import type { FileState } from "./file-state.ts";
import { clip } from "./formats/json-object.ts";
import { createDelivery } from "./import/delivery.ts";
import type { ImportContext } from "./import/step.ts";
import { createWorkspaceFacts } from "./import/workspace-facts.ts";
import { followedPaths } from "./importers.ts";
import { layoutOf } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { reportOf } from "./report.ts";
import { createDirectoryWatch } from "./watch.ts";

/** Pause from an event to the look, so that the events of one write make one look. It is not prolonged by further events. */
const DEBOUNCE_MS = 20;
/** Refusals and conflicts kept for the status: the newest. */
const MAX_REMARKS = 20;
/** `ready` waits so long for files that are torn at the start. */
const READY_PATIENCE_MS = 5000;
/** Names whose changes mean nothing to us. */
const NOT_OURS = /^\.|\.lock$|\.wal\.jsonl$/;

/**
 * Follow a workspace: everything that is there is imported (`ready`), and from then on every change.
 * Never fails for what the folder holds, or for its absence: see `status()`.
 */
export async function createFollower(options: FollowerOptions): Promise<Follower> {
  const { target, logger } = options;
  const dir = resolve(options.dir);
  const pollMs = Math.max(50, options.pollMs ?? 2000);
  let layout: Layout = await layoutOf(dir);
  const label = clip(options.name ?? basename(layout.base), 64) ?? "workspace";
  const source = `follow:${label}`;
  const closing = new AbortController();
  const refused: string[] = [];
  const conflicts: string[] = [];
  const files = new Map<string, FileState>();
  const facts = createWorkspaceFacts();
  const touched = new Set<string>();
  let everything = true;
  let sent = target.state.sources.get(source) ?? { state: undefined, paused: false, detail: "" };
  let timer: NodeJS.Timeout | undefined;
  let timerAt = Number.POSITIVE_INFINITY;
  let running: Promise<void> | undefined;
  let polledAt = Number.NEGATIVE_INFINITY;
  const startedAt = performance.now();
  let becomeReady = (): void => undefined;
  const ready = new Promise<void>((done) => {
    becomeReady = done;
  });

  const remark = (list: string[], text: string): void => {
    list.push(text);
    if (list.length > MAX_REMARKS) list.shift();
  };
  const delivery = createDelivery({
    target,
    actor: source,
    signal: closing.signal,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    onRefused: (what, why) => {
      remark(refused, `${what}: ${why}`);
      logger?.warn({ source, what, why }, "the board does not take a followed item");
    },
    onWaiting: (code, retries) => {
      if (retries === 0) logger?.warn({ source, code }, "the board does not take commands at present; trying again");
    },
  });
  const context: ImportContext = {
    state: () => target.state,
    delivery,
    now: options.now ?? Date.now,
    onConflicts: (from, names) => {
      for (const name of names.slice(0, MAX_REMARKS)) remark(conflicts, name);
      logger?.info(
        { source: from, keys: names.slice(0, MAX_REMARKS) },
        "a followed file takes over keys of other writers",
      );
    },
  };
  const hasBudgetFile = (): boolean =>
    [...files.values()].some((file) => file.followed.file.endsWith("budget_tracking.json") && file.wasThere);

  const watcher =
    options.watch === false
      ? undefined
      : createDirectoryWatch((folder, name) => {
          if (name === undefined) everything = true;
          else if (!layout.exists || folder === dirname(layout.base)) {
            if (name !== basename(layout.base)) return;
            everything = true;
          } else if (NOT_OURS.test(name)) return;
          else touched.add(join(folder, name));
          wake(DEBOUNCE_MS);
        });

  function wake(delayMs: number): void {
    const at = performance.now() + delayMs;
    if (closing.signal.aborted || at >= timerAt) return;
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(
      () => {
        timerAt = Number.POSITIVE_INFINITY;
        // A look is under way: it wakes us again at its end.
        running ??= look().finally(() => {
          running = undefined;
          scheduleNext();
        });
      },
      Math.max(0, delayMs),
    );
  }

  function scheduleNext(): void {
    if (touched.size > 0 || everything) wake(DEBOUNCE_MS);
    const nowMs = performance.now();
    const due = Math.min(...[...files.values()].map((file) => file.dueAt));
    wake(Math.max(1, Math.min(due, polledAt + pollMs) - nowMs));
  }

  async function look(): Promise<void> {
    try {
      const nowMs = performance.now();
      const changed = new Set(touched);
      const known = [...files.values()];
      // What concerns no followed path may be a folder that came or went; a blackboard decides where the rest lies.
      const isNews = [...changed].some(
        (path) => !known.some((file) => file.followed.concerns(path) && (file.isThere || !path.endsWith(".md"))),
      );
      const all = everything || nowMs - polledAt >= pollMs;
      touched.clear();
      everything = false;
      if (all) polledAt = nowMs;
      if (all || isNews) await findFiles();
      await facts.look(layout.folders);
      if (layout.exists) {
        for (const file of files.values()) {
          const concerned = [...changed].some((path) => file.followed.concerns(path));
          if (all || concerned || file.dueAt <= nowMs) await file.look(concerned);
        }
      } else for (const file of files.values()) file.wait();
      await report();
      const settled = [...files.values()].every((file) => file.dueAt === Number.POSITIVE_INFINITY);
      if (settled || performance.now() - startedAt > READY_PATIENCE_MS) becomeReady();
    } catch (error) {
      if (closing.signal.aborted) return;
      // Not foreseen: said, and tried again at the next poll.
      logger?.warn({ source, error: String(error) }, "the follower stumbled");
      remark(refused, `the follower: ${String(error)}`);
    }
  }

  async function findFiles(): Promise<void> {
    layout = await layoutOf(dir);
    const missing = layout.folders.filter((folder) => ![...files.values()].some((file) => file.folder === folder));
    for (const followed of followedPaths(layout.base, missing, label, context, hasBudgetFile)) {
      files.set(
        followed.path,
        createFileState(followed, () => target.state, closing.signal),
      );
    }
    const proposals = layout.folders.map((folder) => join(folder, "pending_changes"));
    await watcher?.set(layout.exists ? [...layout.folders, ...proposals] : [dirname(layout.base)]);
  }

  async function report(): Promise<void> {
    const next = reportOf({ dir, layout, files: [...files.values()], facts, refused, watchProblem: watcher?.problem });
    if (next.state === sent.state && next.paused === sent.paused && next.detail === sent.detail) return;
    await delivery.deliver(source, [
      { label: "report", commands: [{ type: "source.report", source, ...next }], marks: [], marksIfRefused: [] },
    ]);
    sent = next;
    logger?.info({ source, ...next }, "followed workspace");
  }

  wake(0);

  return {
    source,
    ready,
    status: (): FollowerStatus => ({
      source,
      dir,
      ...reportOf({ dir, layout, files: [...files.values()], facts, refused, watchProblem: watcher?.problem }),
      watching: watcher === undefined || watcher.problem !== undefined ? "polling" : "events",
      files: [...files.values()].filter((file) => file.wasThere).map((file) => file.view()),
      refused: [...refused],
      conflicts: [...conflicts],
    }),
    async close() {
      closing.abort();
      clearTimeout(timer);
      watcher?.close();
      await running;
      becomeReady();
    },
  };
}
