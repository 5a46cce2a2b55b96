// Owns opening the files of a workspace: read-only, regular files only, never one whose name is not asked for.
// Invariant: `.signing_key` is never opened, not even through a link.

import { constants } from "node:fs";
import type { BigIntStats } from "node:fs";
import { basename } from "node:path";
import { lstat, open, realpath, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

/** Largest file that is read as a whole. Beyond: reported, the last good state stays. */
export const MAX_WHOLE_BYTES = 64 * 1_048_576;
const FORBIDDEN = /^\.signing_key/i;

/** What tells one version of a file from another without reading it. */
export interface FileSignature {
  readonly device: string;
  readonly inode: string;
  readonly bytes: number;
  readonly mtimeMs: number;
  /** All of it as one comparable text. */
  readonly text: string;
}

export type WholeRead =
  | { readonly kind: "read"; readonly text: string; readonly signature: FileSignature }
  | { readonly kind: "absent" }
  /** It changed while it was read. */
  | { readonly kind: "torn" }
  | { readonly kind: "failed"; readonly reason: string };

const signatureOf = (stats: BigIntStats): FileSignature => ({
  device: String(stats.dev),
  inode: String(stats.ino),
  bytes: Number(stats.size),
  mtimeMs: Number(stats.mtimeNs / 1_000_000n),
  text: `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`,
});

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : String(error);

/** True for the errors that mean "there is nothing there". */
export const meansAbsent = (error: unknown): boolean => ["ENOENT", "ENOTDIR", "ESTALE"].includes(codeOf(error));
export const errorText = (error: unknown): string => codeOf(error);

/** The signature of a regular file, or undefined where there is none. Throws for other failures. */
export async function signatureAt(path: string): Promise<FileSignature | undefined> {
  try {
    const stats = await stat(path, { bigint: true });
    return stats.isFile() ? signatureOf(stats) : undefined;
  } catch (error) {
    if (meansAbsent(error)) return undefined;
    throw error;
  }
}

/** Open for reading, or undefined where there is no regular file. The caller closes. */
export async function openRegular(
  path: string,
): Promise<{ readonly handle: FileHandle; readonly signature: FileSignature } | undefined> {
  let handle: FileHandle | undefined;
  try {
    if (FORBIDDEN.test(basename(path))) return undefined;
    const link = await lstat(path);
    if (link.isSymbolicLink()) {
      if (FORBIDDEN.test(basename(await realpath(path)))) return undefined;
    } else if (!link.isFile()) return undefined;
    // O_NONBLOCK: should a pipe have taken its place since, opening it must not wait for a writer.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await handle.stat({ bigint: true });
    if (stats.isFile()) return { handle, signature: signatureOf(stats) };
    await handle.close();
    return undefined;
  } catch (error) {
    await handle?.close();
    if (meansAbsent(error)) return undefined;
    throw error;
  }
}

export const signatureOfOpen = async (handle: FileHandle): Promise<FileSignature> =>
  signatureOf(await handle.stat({ bigint: true }));

/** Read a file whole, and only as one version of it. */
export async function readWhole(path: string): Promise<WholeRead> {
  let opened: Awaited<ReturnType<typeof openRegular>>;
  try {
    opened = await openRegular(path);
  } catch (error) {
    return { kind: "failed", reason: errorText(error) };
  }
  if (opened === undefined) return { kind: "absent" };
  const { handle, signature } = opened;
  try {
    if (signature.bytes > MAX_WHOLE_BYTES) return { kind: "failed", reason: `larger than ${MAX_WHOLE_BYTES} bytes` };
    const bytes = Buffer.allocUnsafe(signature.bytes);
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
      if (bytesRead === 0) return { kind: "torn" };
      filled += bytesRead;
    }
    const after = await signatureOfOpen(handle);
    if (after.bytes !== signature.bytes || after.mtimeMs !== signature.mtimeMs) return { kind: "torn" };
    return { kind: "read", text: bytes.toString("utf8"), signature: after };
  } catch (error) {
    return { kind: "failed", reason: errorText(error) };
  } finally {
    await handle.close();
  }
}
