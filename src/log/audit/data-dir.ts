// Owns finding a board's evidence in a data directory, without its lock: a server may be running.
// Does not own the verdict. Checkpoints are listed before records are read, so that a log that grows meanwhile is whole.

import { boardNameSchema } from "../../protocol/index.ts";
import { objectOfLine } from "../checked-line.ts";
import { listCheckpoints } from "../checkpoint-files.ts";
import { codeOf, nodeDisk, readFully, readSmallFile, type Disk } from "../disk.ts";
import { readEpochs } from "../epochs.ts";
import { SEGMENT_NAME } from "../segment-file.ts";
import { readKeyNotes } from "../signing-keys.ts";
import { readLeaves } from "../tree-file.ts";
import { AuditError, type Evidence, type Finding } from "./evidence.ts";
import type { RawLine } from "./line.ts";

const CHUNK_BYTES = 512 * 1024;
/** No line of ours is longer; a longer one is damage. */
const MOST_LINE_BYTES = 64 * 1_048_576;
const NEWLINE = 0x0a;

/** Names of the boards in a data directory. Throws AuditError where it is none. */
export async function boardsIn(dir: string): Promise<readonly string[]> {
  try {
    return (await nodeDisk.list(`${dir}/boards`)).filter((name) => boardNameSchema.safeParse(name).success).sort();
  } catch (error) {
    throw new AuditError(`${dir} is no data directory that can be read (${codeOf(error) ?? String(error)})`);
  }
}

export async function evidenceOfBoard(dir: string, board: string): Promise<Evidence> {
  const folder = `${dir}/boards/${board}`;
  const findings: Finding[] = [];
  try {
    const epochs = await readEpochs(nodeDisk, folder).catch((error: unknown) => {
      if (codeOf(error) !== undefined) throw error;
      findings.push({ kind: "damaged", text: `${folder}/epochs.json is damaged` });
      return undefined;
    });
    const checkpoints = [];
    for (const { path, size } of await listCheckpoints(nodeDisk, `${folder}/checkpoints`)) {
      checkpoints.push({ text: (await readSmallFile(nodeDisk, path))?.toString("utf8") ?? "", where: path, size });
    }
    const keyNotes = await readKeyNotes(nodeDisk, folder);
    const leaves = await readLeaves(nodeDisk, `${folder}/tree`, epochs?.at(-1)?.epoch ?? "");
    const names = (await nodeDisk.list(`${folder}/segments`)).filter((name) => SEGMENT_NAME.test(name)).sort();
    const segments = names.map((name) => ({ path: `${folder}/segments/${name}`, firstSeq: Number(name.slice(0, 16)) }));
    if (epochs === undefined && segments.length > 0 && findings.length === 0) {
      findings.push({ kind: "damaged", text: `${folder}/epochs.json is missing` });
    }
    const inspect = { board, epochs: epochs ?? [], segments, findings };
    return {
      board,
      epochs: epochs ?? [],
      from: 1,
      to: undefined,
      left: [],
      keyNotes,
      checkpoints,
      leaves,
      findings,
      lines: linesOfSegments(inspect),
    };
  } catch (error) {
    if (error instanceof AuditError) throw error;
    throw new AuditError(`${folder} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function* linesOfSegments(options: {
  readonly board: string;
  readonly epochs: Evidence["epochs"];
  readonly segments: readonly { readonly path: string; readonly firstSeq: number }[];
  readonly findings: Finding[];
}): AsyncGenerator<RawLine, void> {
  const { board, epochs, segments } = options;
  for (const { path, firstSeq } of segments) {
    let isHeader = true;
    for await (const line of linesOfFile(nodeDisk, path)) {
      if (!isHeader) {
        yield line;
        continue;
      }
      isHeader = false;
      const header = objectOfLine(line.bytes, 0, line.bytes.length);
      const epoch = epochs.findLast((start) => start.firstSeq <= firstSeq)?.epoch;
      const isOurs =
        header?.["board"] === board &&
        header["firstSeq"] === firstSeq &&
        header["epoch"] === epoch &&
        header["format"] === 1;
      // A header that cannot be read is told like a line that belongs nowhere.
      if (!isOurs) yield { bytes: Buffer.alloc(0), where: `${path}, line 1, its header` };
    }
  }
}

/** The whole lines of a file. What follows the last newline was never acknowledged. */
export async function* linesOfFile(disk: Disk, path: string): AsyncGenerator<RawLine, void> {
  const fd = await disk.open(path, "read");
  try {
    let buffer = Buffer.alloc(CHUNK_BYTES);
    let kept = 0;
    let position = 0;
    for (let number = 1; ;) {
      if (kept === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
      if (buffer.length > MOST_LINE_BYTES) throw new AuditError(`${path}: line ${number} is longer than any of ours`);
      const filled = kept + (await readFully(disk, fd, buffer, kept, position + kept));
      let start = 0;
      for (let end = buffer.indexOf(NEWLINE); end >= 0 && end < filled; end = buffer.indexOf(NEWLINE, start)) {
        yield { bytes: buffer.subarray(start, end), where: `${path}, line ${number++}` };
        start = end + 1;
      }
      if (filled < buffer.length) return;
      buffer.copyWithin(0, start, filled);
      kept = filled - start;
      position += start;
    }
  } finally {
    await disk.close(fd);
  }
}
