// Owns the lock of a data directory: one process at a time.
// Does not own what it protects. A lock of a process that is gone is taken over; a pid that was given to another
// process since is told apart by its start time and the machine's boot. Pids of another container say nothing here:
// there, the holder's heartbeat (the lock file's time) decides.

import { link, readFile, readlink, rename, stat, unlink, utimes, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { codeOf } from "./disk.ts";

interface Holder {
  readonly pid: number;
  /** Of this boot of the machine, where the system tells it. */
  readonly bootId: string;
  /** Clock ticks after boot at which the process started, where the system tells it. */
  readonly startedAt: string;
  /** Where its pid means something: the pid namespace, which is another one in each container. */
  readonly namespace: string;
}

/** The directory belongs to a living process. */
export class LockedError extends Error {
  readonly pid: number;
  constructor(path: string, pid: number) {
    super(`${path} is held by process ${pid}: stop it first, or use another data directory`);
    this.name = "LockedError";
    this.pid = pid;
  }
}

export interface ProcessLock {
  release(): Promise<void>;
}

const ATTEMPTS = 5;

export interface LockTiming {
  /** The holder touches its lock this often. */
  readonly beatMs: number;
  /** A lock from another container that is not touched for so long is stale. */
  readonly quietMs: number;
}

/**
 * Take the lock file or throw LockedError. Returns at once, but for a lock that another container left: that one is
 * watched for `quietMs`.
 */
export async function takeLock(
  path: string,
  timing: LockTiming = { beatMs: 1000, quietMs: 10_000 },
): Promise<ProcessLock> {
  const own = JSON.stringify(await describe(process.pid));
  // Written whole beside and linked into place: nobody ever sees half a lock.
  const beside = `${path}.${process.pid}`;
  await writeFile(beside, own);
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        await link(beside, path);
        return hold(path, own, timing.beatMs);
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
      }
      await removeStale(path, timing.quietMs);
    }
    throw new Error(`${path} could not be taken: it kept changing`);
  } finally {
    await unlink(beside);
  }
}

function hold(path: string, own: string, beatMs: number): ProcessLock {
  const beat = setInterval(() => {
    const now = new Date();
    // A missed beat is no matter; a disk that fails says so where something is written.
    utimes(path, now, now).catch(() => undefined);
  }, beatMs);
  beat.unref();
  return {
    release: async () => {
      clearInterval(beat);
      if ((await textOf(path)) === own) await unlink(path);
    },
  };
}

/** Whether the lock is touched while it is watched. */
async function isTouched(path: string, quietMs: number): Promise<boolean> {
  const before = await timeOf(path);
  for (let waited = 0; waited < quietMs; waited += quietMs / 10) {
    await pause(quietMs / 10);
    if ((await timeOf(path)) !== before) return true;
  }
  return false;
}

async function timeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
}

/** Remove a lock whose holder is gone; throw LockedError while it lives. */
async function removeStale(path: string, quietMs: number): Promise<void> {
  const text = await textOf(path);
  if (text === undefined) return;
  const holder = parse(text);
  if (holder !== undefined && (await isAlive(holder, path, quietMs))) throw new LockedError(path, holder.pid);
  // Two starters may both find it stale: moved aside, it is looked at again, and put back if it was not that one.
  const aside = `${path}.stale.${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  if ((await textOf(aside)) !== text) await link(aside, path).catch(() => undefined);
  await unlink(aside);
}

async function isAlive(holder: Holder, path: string, quietMs: number): Promise<boolean> {
  const now = await describe(holder.pid);
  if (holder.bootId !== "" && now.bootId !== "" && holder.bootId !== now.bootId) return false;
  if (holder.namespace !== now.namespace) return isTouched(path, quietMs);
  if (holder.startedAt !== "" && holder.pid === process.pid) return holder.startedAt === now.startedAt;
  if (holder.startedAt !== "" && now.bootId !== "") return holder.startedAt === now.startedAt;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

/** What the system says of a process; empty texts where it does not (no /proc, or no such process). */
async function describe(pid: number): Promise<Holder> {
  const bootId = ((await textOf("/proc/sys/kernel/random/boot_id")) ?? "").trim();
  const stat = (await textOf(`/proc/${pid}/stat`)) ?? "";
  // The second field is the program's name in parentheses and may hold anything; the start time is the 22nd.
  const startedAt = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  const namespace = await readlink("/proc/self/ns/pid").catch(() => "");
  return { pid, bootId, startedAt, namespace };
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ESRCH") return undefined;
    throw error;
  }
}

function parse(text: string): Holder | undefined {
  try {
    const { pid, bootId, startedAt, namespace } = JSON.parse(text) as Partial<Holder>;
    if (typeof pid !== "number" || typeof bootId !== "string") return undefined;
    if (typeof startedAt !== "string" || typeof namespace !== "string") return undefined;
    return { pid, bootId, startedAt, namespace };
  } catch {
    return undefined;
  }
}
