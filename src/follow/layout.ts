// Owns where the files of a workspace lie: given its root, its base or its data folder, the rest is found.
// Does not own what is in them. Looks at names only; opens nothing.

import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

const NETWORK_AI_BOARD = "swarm-blackboard.md";
const ZEJZL_BOARD = "blackboard.md";
export const BOARD_FILES: readonly string[] = [NETWORK_AI_BOARD, ZEJZL_BOARD];
/** Folders that are never an environment. */
const NO_ENVIRONMENT = new Set(["data", "boards", "node_modules", "pending_changes", "archive", "dist", "build"]);
/** Children of one folder that are looked at when searching for environments and boards. Beyond: not found. */
const MAX_CHILDREN = 1000;

export interface Layout {
  /** Folder that relative names count from. */
  readonly base: string;
  /** Folders that may hold files of this workspace, the base first. */
  readonly folders: readonly string[];
  readonly exists: boolean;
}

/** A workspace that `discover` found: the one at the folder itself, or a named part of it. */
export interface FoundLayout {
  /** "" for the workspace itself; else the environment's or board's name, fit for a board's name. */
  readonly name: string;
  readonly kind: "workspace" | "environment" | "board";
  /** What to pass to `createFollower`. */
  readonly dir: string;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

async function holds(folder: string, names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    try {
      await stat(join(folder, name));
      return true;
    } catch {
      // Absent, or not for us to see: the same to the search.
    }
  }
  return false;
}

async function subfolders(folder: string): Promise<string[]> {
  try {
    const children = await readdir(folder, { withFileTypes: true });
    return children
      .slice(0, MAX_CHILDREN)
      .filter((child) => child.isDirectory() && !child.name.startsWith("."))
      .map((child) => child.name)
      .sort();
  } catch {
    return [];
  }
}

/** The files of the workspace at `dir`. Cheap enough to ask again whenever something came or went. */
export async function layoutOf(dir: string): Promise<Layout> {
  const given = resolve(dir);
  const parent = dirname(given);
  // `<base>/data` was given, and the blackboard lies beside it.
  const isData = basename(given) === "data" && !(await holds(given, BOARD_FILES)) && (await holds(parent, BOARD_FILES));
  const base = isData ? parent : given;
  const folders = [base, join(base, "data")];
  if (!(await holds(base, BOARD_FILES)) && !(await holds(join(base, "data"), BOARD_FILES))) {
    // Everything may lie in the folder of the one environment. Of several, each is a workspace of its own (`discover`).
    const environments = await environmentsIn(base);
    const only = environments[0];
    if (environments.length === 1 && only !== undefined) folders.push(only.dir, join(only.dir, "data"));
  }
  return { base, folders, exists: await isFolder(base) };
}

async function environmentsIn(base: string): Promise<FoundLayout[]> {
  const found: FoundLayout[] = [];
  for (const folder of [base, join(base, "data")]) {
    for (const child of await subfolders(folder)) {
      const dir = join(folder, child);
      if (NO_ENVIRONMENT.has(child) || found.some((other) => other.name === boardNameOf(child))) continue;
      if (await holds(dir, [NETWORK_AI_BOARD])) found.push({ name: boardNameOf(child), kind: "environment", dir });
    }
  }
  return found;
}

/**
 * The workspaces that lie at and below a folder: itself first, then its environments and its named boards.
 * A single environment of a folder without a blackboard of its own is that folder's workspace, not a further one.
 */
export async function discover(dir: string): Promise<readonly FoundLayout[]> {
  const { base, folders } = await layoutOf(dir);
  const found: FoundLayout[] = [{ name: "", kind: "workspace", dir: base }];
  for (const environment of await environmentsIn(base)) {
    if (!folders.includes(environment.dir)) found.push(environment);
  }
  const boards = join(base, "boards");
  for (const child of await subfolders(boards)) {
    const name = boardNameOf(child);
    if (found.some((other) => other.name === name) || !(await holds(join(boards, child), BOARD_FILES))) continue;
    found.push({ name, kind: "board", dir: join(boards, child) });
  }
  return found;
}

/** A folder's name as (part of) a board's name: lower case, everything else becomes `-`. */
const boardNameOf = (folder: string): string =>
  folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, "-")
    .slice(0, 40);
