// Owns the lock of a data directory: one process at a time.
// Does not own what it protects. A lock of a process that is gone is taken over; a pid that was given to another
// process since is told apart by its start time and the machine's boot.

import { link, readFile, rename, unlink, writeFile } from "node:fs/promises";
import { codeOf } from "./disk.ts";

interface Holder {
  readonly pid: number;
  /** Of this boot of the machine, where the system tells it. */
  readonly bootId: string;
  /** Clock ticks after boot at which the process started, where the system tells it. */
  readonly startedAt: string;
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

/** Take the lock file or throw LockedError. */
export async function takeLock(path: string): Promise<ProcessLock> {
  const own = JSON.stringify(await describe(process.pid));
  // Written whole beside and linked into place: nobody ever sees half a lock.
  const beside = `${path}.${process.pid}`;
  await writeFile(beside, own);
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        await link(beside, path);
        return { release: () => release(path, own) };
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
      }
      await removeStale(path);
    }
    throw new Error(`${path} could not be taken: it kept changing`);
  } finally {
    await unlink(beside);
  }
}

async function release(path: string, own: string): Promise<void> {
  if ((await textOf(path)) === own) await unlink(path);
}

/** Remove a lock whose holder is gone; throw LockedError while it lives. */
async function removeStale(path: string): Promise<void> {
  const text = await textOf(path);
  if (text === undefined) return;
  const holder = parse(text);
  if (holder !== undefined && (await isAlive(holder))) throw new LockedError(path, holder.pid);
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

async function isAlive(holder: Holder): Promise<boolean> {
  const now = await describe(holder.pid);
  if (holder.bootId !== "" && now.bootId !== "" && holder.bootId !== now.bootId) return false;
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
  return { pid, bootId, startedAt };
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
    const { pid, bootId, startedAt } = JSON.parse(text) as Partial<Holder>;
    if (typeof pid !== "number" || typeof bootId !== "string" || typeof startedAt !== "string") return undefined;
    return { pid, bootId, startedAt };
  } catch {
    return undefined;
  }
}
