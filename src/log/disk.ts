// Owns the few calls through which the log touches the disk, so that tests can make each of them fail.
// Does not own what is written. All calls run off the main thread: in libuv's pool, which also bounds the fsyncs
// that run at once over all boards (rule 23).

import { close, constants, fdatasync, fstat, ftruncate, open, read, write } from "node:fs";
import { mkdir, readdir, rename, rm, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";

export interface Disk {
  /** `read`: an existing file. `update`: an existing file, also for writing. `create`: a new file, emptied if it is there. */
  open(path: string, how: "read" | "update" | "create", mode?: number): Promise<number>;
  close(fd: number): Promise<void>;
  size(fd: number): Promise<number>;
  /** Bytes read, perhaps fewer than asked for; 0 at the end. */
  read(fd: number, into: Buffer, offset: number, length: number, position: number): Promise<number>;
  /** Bytes written, perhaps fewer than asked for. */
  write(fd: number, from: Buffer, offset: number, length: number, position: number): Promise<number>;
  fdatasync(fd: number): Promise<void>;
  truncate(fd: number, bytes: number): Promise<void>;
  /** Make creations, renames and removals in a folder durable. */
  syncFolder(path: string): Promise<void>;
  list(folder: string): Promise<readonly string[]>;
  makeFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  removeTree(path: string): Promise<void>;
}

const openFile = promisify(open);
const closeFile = promisify(close);
const statFile = promisify(fstat);
const truncateFile = promisify(ftruncate);
const syncFile = promisify(fdatasync);

/** The real disk. */
export const nodeDisk: Disk = {
  open: (path, how, mode = 0o644) =>
    openFile(
      path,
      how === "read"
        ? constants.O_RDONLY
        : how === "update"
          ? constants.O_RDWR
          : constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC,
      mode,
    ),
  close: (fd) => closeFile(fd),
  size: async (fd) => (await statFile(fd)).size,
  read: (fd, into, offset, length, position) =>
    new Promise((resolve, reject) => {
      read(fd, into, offset, length, position, (error, bytes) => (error === null ? resolve(bytes) : reject(error)));
    }),
  write: (fd, from, offset, length, position) =>
    new Promise((resolve, reject) => {
      write(fd, from, offset, length, position, (error, bytes) => (error === null ? resolve(bytes) : reject(error)));
    }),
  fdatasync: (fd) => syncFile(fd),
  truncate: (fd, bytes) => truncateFile(fd, bytes),
  syncFolder: async (path) => {
    const fd = await openFile(path, constants.O_RDONLY);
    try {
      await syncFile(fd);
    } finally {
      await closeFile(fd);
    }
  },
  list: (folder) => readdir(folder),
  makeFolder,
  rename: (from, to) => rename(from, to),
  unlink: (path) => unlink(path),
  removeTree: (path) => rm(path, { recursive: true, force: true }),
};

/**
 * Make a folder and those above it. Not by `mkdir`'s own recursion, which never ends where a file system answers ENOENT
 * although the parent is there (/proc). Ends after at most two tries per level of the path.
 */
async function makeFolder(path: string): Promise<void> {
  try {
    await makeLevel(path);
  } catch (error) {
    const parent = dirname(path);
    if (codeOf(error) !== "ENOENT" || parent === path) throw error;
    await makeFolder(parent);
    await makeLevel(path);
  }
}

async function makeLevel(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (codeOf(error) !== "EEXIST" || !(await stat(path)).isDirectory()) throw error;
  }
}

/** Write all of a range, however many calls that takes. A disk that takes nothing is an error, never a loop. */
export async function writeAll(disk: Disk, fd: number, from: Buffer, bytes: number, position: number): Promise<void> {
  for (let done = 0; done < bytes;) {
    // The calls depend on one another: each goes on where the one before ended.
    const wrote = await disk.write(fd, from, done, bytes - done, position + done);
    if (wrote <= 0) throw new Error("the disk took no bytes");
    done += wrote;
  }
}

/** Fill a buffer from a position on; returns the bytes read, fewer only at the end of the file. */
export async function readFully(
  disk: Disk,
  fd: number,
  into: Buffer,
  offset: number,
  position: number,
): Promise<number> {
  let done = 0;
  while (offset + done < into.length) {
    const bytes = await disk.read(fd, into, offset + done, into.length - offset - done, position + done);
    if (bytes === 0) break;
    done += bytes;
  }
  return done;
}

/** The whole of a small file, or undefined where there is none. */
export async function readSmallFile(disk: Disk, path: string): Promise<Buffer | undefined> {
  let fd: number;
  try {
    fd = await disk.open(path, "read");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const bytes = Buffer.alloc(await disk.size(fd));
    return bytes.subarray(0, await readFully(disk, fd, bytes, 0, 0));
  } finally {
    await disk.close(fd);
  }
}

/** Put a whole file in place so that a crash leaves the old one or the new one. `folder` holds `name`. */
export async function replaceFile(
  disk: Disk,
  folder: string,
  name: string,
  bytes: Buffer,
  mode = 0o644,
): Promise<void> {
  const beside = `${folder}/${name}.tmp`;
  const fd = await disk.open(beside, "create", mode);
  try {
    await writeAll(disk, fd, bytes, bytes.length, 0);
    await disk.fdatasync(fd);
  } finally {
    await disk.close(fd);
  }
  await disk.rename(beside, `${folder}/${name}`);
  await disk.syncFolder(folder);
}

/** The system's name for what went wrong, such as `ENOSPC`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
