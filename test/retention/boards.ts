// Owns real boards on a real disk for the tests of erasure and retention, and looking for bytes that must be gone.
// Does not own any expectation.

import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { apply, createBoardState, type BoardState } from "../../dist/board/index.js";
import { type BoardHandle, createEngine, type EngineOptions } from "../../dist/engine/index.js";
import { sha256 } from "../../dist/engine/recovery.js";
import { evidenceOfBoard, type Outside, type Report, verify } from "../../dist/log/audit/index.js";
import { createFileStore } from "../../dist/log/index.js";
import { decodeRecord } from "../../dist/log/record-line.js";
import { digestOf } from "../../dist/board/index.js";
import type { Disk } from "../../src/log/disk.ts";
import { commandId, type Command, type JsonText, seq } from "../../src/protocol/index.ts";

export const SECRET = "hunter2-geheim-ключ";
export const value = (text: unknown): JsonText => JSON.stringify(text) as JsonText;
export const put = (key: string, text: unknown): Command => ({ type: "entry.put", key, value: value(text) });
export const merge = (key: string, text: unknown): Command => ({ type: "entry.merge", key, patch: value(text) });

export interface Running {
  readonly board: BoardHandle;
  send(command: Command, id?: string): Promise<number>;
  close(): Promise<void>;
}

export async function start(dir: string, more: Partial<EngineOptions> = {}, disk?: Disk): Promise<Running> {
  const now = more.timepieces === undefined ? {} : { now: more.timepieces.wallMs };
  const store = await createFileStore({ dir, segmentBytes: 4000, ...now, ...(disk === undefined ? {} : { disk }) });
  const engine = await createEngine({
    store,
    checkpointPolicy: { everyRecords: 1e9, everyMs: 1e9 },
    ...more,
  });
  const made = (await engine.board("default")) ?? (await engine.create("default"));
  if ("code" in made) throw new Error(made.code);
  return {
    board: made,
    send: async (command, id = "") => {
      const outcome = await made.submit({ actor: "ann", source: "test", command, id: commandId(id) });
      return outcome.seq ?? 0;
    },
    close: () => engine.close(),
  };
}

/** Some records around whatever a test is about, so that there are several segments. */
export async function fill(running: Running, count: number, tag: string): Promise<void> {
  for (let n = 0; n < count; n++) await running.send(put(`${tag}:${n % 9}`, { n, tag }));
}

export async function filesBelow(dir: string): Promise<string[]> {
  const found = await readdir(dir, { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Files of a data directory that hold a text, compressed ones too. */
export async function filesWith(dir: string, text: string): Promise<string[]> {
  const holding: string[] = [];
  for (const path of await filesBelow(dir)) {
    const bytes = await readFile(path);
    if (bytes.includes(text) || (path.endsWith(".gz") && gunzipSync(bytes).includes(text))) holding.push(path);
  }
  return holding;
}

export async function audit(dir: string, outside: Outside = {}): Promise<Report> {
  const state = createBoardState(sha256);
  return verify(await evidenceOfBoard(dir, "default"), outside, {
    apply: (line) => void apply(state, decodeRecord(line, 0, line.length, false)),
    digest: () => digestOf(state),
  });
}

/** The fold of all records that a board still has; only where none is archived. */
export async function replay(board: BoardHandle): Promise<BoardState> {
  const state = createBoardState(sha256);
  for await (const records of board.read(seq(1))) for (const record of records) apply(state, record);
  return state;
}

const DYING = fileURLToPath(new URL("dying.mjs", import.meta.url));

/** Let a process do a job and die at its n-th call to the disk. True where it got to the end instead. */
export async function dieAt(dir: string, job: "erase" | "retain", at: number, position = 0): Promise<boolean> {
  const child = spawn(process.execPath, [DYING, JSON.stringify({ dir, job, seq: position, dieAt: at })], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  await new Promise((resolve) => child.once("close", resolve));
  if (errors !== "") throw new Error(errors);
  if (said !== "" && !said.includes('"ok":true')) throw new Error(said);
  return said !== "";
}
