// Owns finding a board's evidence in a data directory, without its lock: a server may be running.
// Does not own the verdict. Checkpoints are listed before records are read, so that a log that grows meanwhile is whole.

import { boardNameSchema } from "../../protocol/index.ts";
import { archivesBefore, listArchives, type ArchiveFile } from "../archive/archive-files.ts";
import { readCut, UNCUT } from "../archive/cut-file.ts";
import type { TreeHash } from "../merkle.ts";
import { objectOfLine } from "../checked-line.ts";
import { listCheckpoints } from "../checkpoint-files.ts";
import { codeOf, nodeDisk, readSmallFile } from "../disk.ts";
import { readEpochs } from "../epochs.ts";
import { SEGMENT_NAME } from "../segment-file.ts";
import { readKeyNotes } from "../signing-keys.ts";
import { readLeaves } from "../tree-file.ts";
import { AuditError, type Evidence, type Finding } from "./evidence.ts";
import { evidenceOfExport } from "./export-reader.ts";
import { linesOfFile } from "./file-lines.ts";
import type { RawLine } from "./line.ts";

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
    const { from, left, archives, first } = await beginningOf(folder, findings);
    // What a crash left of a cut lies below it, and is not the log's any more.
    const kept = segments.filter((_, i) => (segments[i + 1]?.firstSeq ?? Infinity) > first);
    const inspect = { board, epochs: epochs ?? [], segments: kept, findings };
    return {
      board,
      epochs: epochs ?? [],
      from,
      to: undefined,
      left,
      keyNotes,
      checkpoints,
      leaves: leaves.slice(from - 1),
      later: [],
      isArchive: false,
      findings,
      remarks:
        from === 1 ? [] : [`retention took the records 1 to ${from - 1}: they are not here, and are not looked at`],
      lines: joined(linesOfArchives(board, archives, findings), linesOfSegments(inspect)),
    };
  } catch (error) {
    if (error instanceof AuditError) throw error;
    throw new AuditError(`${folder} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Where the records begin that are here: with the oldest archive that joins on, or where the log was cut. */
async function beginningOf(
  folder: string,
  findings: Finding[],
): Promise<{ from: number; left: readonly TreeHash[]; archives: readonly ArchiveFile[]; first: number }> {
  let cut = UNCUT;
  try {
    cut = await readCut(nodeDisk, folder);
  } catch (error) {
    if (codeOf(error) !== undefined) throw error;
    findings.push({ kind: "damaged", text: `${folder}/cut.json is damaged` });
  }
  const archives = archivesBefore(await listArchives(nodeDisk, `${folder}/archive`), cut.first);
  const oldest = archives[0];
  if (oldest === undefined) return { from: cut.first, left: cut.left, archives, first: cut.first };
  try {
    const { left, lines, from } = await evidenceOfExport(oldest.path);
    await lines[Symbol.asyncIterator]().return?.();
    if (from === oldest.first) return { from, left, archives, first: cut.first };
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
  }
  findings.push({ kind: "damaged", seq: oldest.first, text: `${oldest.path}: it does not open as an archive` });
  return { from: cut.first, left: cut.left, archives: [], first: cut.first };
}

async function* joined<T>(...parts: readonly AsyncIterable<T>[]): AsyncGenerator<T, void> {
  for (const part of parts) yield* part;
}

/** The records of archives, one after the other; what is wrong with their openings is noted as it is met. */
async function* linesOfArchives(
  board: string,
  archives: readonly ArchiveFile[],
  findings: Finding[],
): AsyncGenerator<RawLine, void> {
  for (const { path, first, last } of archives) {
    try {
      const archive = await evidenceOfExport(path);
      findings.push(...archive.findings);
      if (archive.board !== board || archive.from !== first || archive.to !== last) {
        findings.push({ kind: "damaged", seq: first, text: `${path}: it is not the archive that its name says` });
      }
      yield* archive.lines;
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      findings.push({ kind: "damaged", seq: first, text: error.message });
    }
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
