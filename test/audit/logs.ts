// Owns real logs to audit: data directories and exports that the engine made, and the hand of somebody who alters them
// knowing the format, but not the key. Does not own what is expected of a verifier.

import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { createEngine } from "../../src/engine/index.ts";
import { createFileStore } from "../../src/log/index.ts";
import type { Command, JsonText } from "../../src/protocol/index.ts";

export interface MadeLog {
  readonly dir: string;
  readonly board: string;
  readonly head: number;
  /** What an auditor keeps: a checkpoint in the middle, the newest one, and the key. */
  readonly middle: string;
  readonly newest: string;
  readonly key: string;
  remove(): Promise<void>;
}

/** A data directory with several segments and checkpoints, closed cleanly. */
export async function makeLog(records = 60, board = "default"): Promise<MadeLog> {
  const dir = await mkdtemp(join(tmpdir(), "swarmboard-audit-"));
  let head = 0;
  let key = "";
  const checkpoints: string[] = [];
  for (let round = 0; round < 3; round++) {
    const store = await createFileStore({ dir, segmentBytes: 6000 });
    const spied = {
      ...store,
      open: async (name: string) => {
        const memory = await store.open(name);
        key = await memory.proofs!.verifierKey();
        return memory;
      },
    };
    const engine = await createEngine({ store: spied, checkpointPolicy: { everyRecords: 1e9, everyMs: 1e9 } });
    const created = round === 0 ? await engine.create(board) : await engine.board(board);
    if (created === undefined || "code" in created) throw new Error("no board");
    for (let n = 0; n < records / 3; n++) {
      const command: Command =
        n % 5 === 4
          ? { type: "audit.note", event: "stëp", granted: true, reason: "because", details: `{"n":${n}}` as JsonText }
          : {
              type: "entry.put",
              key: `task:${n % 7}`,
              value: `{"round":${round},"n":${n},"secret":"s${n}"}` as JsonText,
            };
      await created.submit({ actor: n % 2 === 0 ? "planner" : "scout", source: "test", command });
    }
    head = created.state.seq;
    await engine.close();
    const folder = join(dir, "boards", board, "checkpoints");
    checkpoints.push(await readFile(join(folder, (await readdir(folder)).sort().at(-1)!), "utf8"));
  }
  return {
    dir,
    board,
    head,
    middle: checkpoints[1]!,
    newest: checkpoints[2]!,
    key,
    remove: () => rm(dir, { recursive: true }),
  };
}

/** A text with the checksum that it should have. */
export function withChecksum(line: string): string {
  const rest = line.slice(18);
  return `{"crc":"${crc32(rest).toString(16).padStart(8, "0")}",${rest}`;
}

/** A line with another content, in itself as sound as any: commitment, cuts and checksum are made to fit. */
export function forged(line: string, change: (env: Record<string, unknown>, payload: string) => string): string {
  const envAt = line.indexOf('"env":') + 6;
  const saltAt = line.indexOf(',"salt":"', envAt);
  const env = JSON.parse(line.slice(envAt, saltAt)) as Record<string, unknown>;
  const salt = line.slice(saltAt + 9, saltAt + 31);
  const payload = change(env, line.slice(saltAt + 43, -1));
  env["hash"] = createHash("sha256")
    .update(salt + payload)
    .digest("base64url");
  const envText = JSON.stringify(env);
  const cut = line.slice(18, envAt - 6).replace(/\d+/, String(Buffer.byteLength(envText)));
  return withChecksum(`${line.slice(0, 18)}${cut}"env":${envText},"salt":"${salt}","payload":${payload}}`);
}

export const seqOf = (line: string): number => Number(/"env":\{"v":1,"seq":(\d+)/.exec(line)?.[1]);

/** The records' lines of a log in order, and the way to put others in their place: into the files that they came from. */
export async function linesOf(dir: string, board: string) {
  const folder = join(dir, "boards", board, "segments");
  const files = await Promise.all(
    (await readdir(folder)).sort().map(async (name) => {
      const [header = "", ...lines] = (await readFile(join(folder, name), "utf8")).split("\n").slice(0, -1);
      return { path: join(folder, name), header, lines };
    }),
  );
  return {
    files,
    lines: files.flatMap(({ lines }) => lines),
    async write(lines: readonly string[]): Promise<void> {
      let at = 0;
      for (const [i, file] of files.entries()) {
        const count = i === files.length - 1 ? lines.length - at : file.lines.length;
        const own = lines.slice(at, at + Math.max(0, count));
        at += own.length;
        await writeFile(file.path, [file.header, ...own].map((line) => `${line}\n`).join(""));
      }
    },
  };
}
