// Owns `audit verify|export|key|rotate`, done offline with a data directory or an export, and `audit checkpoint|proof`,
// asked of a server.
// Does not own the verdict (log/audit). `verify` ends with 0 for whole, 1 for not, 2 where it could not look.

import { stat, readFile } from "node:fs/promises";
import { once } from "node:events";
import type { Command } from "commander";
import type { Report, Outside, Replay, Evidence } from "../../log/audit/index.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { addTargetSettings, createBoardApi, type TargetFlags } from "../board-api.ts";
import { parseBoard, parseCount } from "../parse-values.ts";
import { plain, print, printError, printJson } from "../print.ts";

const SHOWN_FINDINGS = 50;

interface VerifyFlags {
  readonly board?: string;
  readonly checkpoint?: string;
  readonly key?: string;
  readonly json?: boolean;
}

interface DataFlags {
  readonly data: string;
  readonly board: string;
}

interface ExportFlags extends DataFlags {
  readonly from?: number;
  readonly to?: number;
  readonly redact?: string;
}

export function addProofCommands(audit: Command): void {
  audit
    .command("verify")
    .argument("<path>", "a data folder, an export, or a .tlog-proof of one record")
    .description("Check that a log is what was signed. Needs no server. Exit code: 0 whole, 1 not, 2 could not look.")
    .option(
      "--checkpoint <file>",
      "checkpoints that you kept, one or a whole anchor file: the log must go on from each",
    )
    .option("--key <file>", "the key that you kept (swarmboard audit key): checkpoints must be signed by it")
    .option("--board <name>", "only this board of a data folder", parseBoard)
    .option("--json", "print JSON instead of text")
    .action(verifyAction);
  addTargetSettings(audit.command("checkpoint"))
    .description("Print the newest signed checkpoint of a running server's log. Keep it elsewhere.")
    .action(async (flags: TargetFlags) => {
      print((await createBoardApi(flags).call({ path: "audit/checkpoint" })).text.trimEnd());
    });
  addTargetSettings(audit.command("proof"))
    .argument("<seq>", "position of the record", parseCount)
    .description("Print the proof of one record, to be kept in a file ending in .tlog-proof.")
    .action(async (seq: number, flags: TargetFlags) => {
      print((await createBoardApi(flags).call({ path: `audit/proof/${seq}` })).text.trimEnd());
    });
  withData(audit.command("export"))
    .description("Print the log of a data folder with what bears it out, for audit verify or another verifier.")
    .option("--from <seq>", "first record", parseCount)
    .option("--to <seq>", "last record", parseCount)
    .option("--redact <seqs>", "leave out the content of these records: all, or positions such as 7,9")
    .action(exportAction);
  withData(audit.command("key"))
    .description("Print the public key that the checkpoints of a board are signed with. Keep it elsewhere.")
    .action(async ({ data, board }: DataFlags) => {
      const { lastEpoch, openSigningKey, verifierTextOf, originOf, nodeDisk } =
        await import("../../log/audit/keeper.ts");
      const epoch = await lastEpoch(data, board).catch(couldNotLook);
      const key = await openSigningKey(nodeDisk, `${data}/boards/${board}`, board).catch(couldNotLook);
      print(verifierTextOf({ ...key, name: originOf(board, epoch) }));
    });
  withData(audit.command("rotate"))
    .description("Sign with a new key from now on; the old one vouches for it. The server must be stopped.")
    .action(async ({ data, board }: DataFlags) => {
      const { rotate } = await import("../../log/audit/keeper.ts");
      print(await rotate(data, board).catch(couldNotLook));
    });
}

const withData = (command: Command): Command =>
  command
    .option("--data <dir>", "folder of the durable log", "./swarmboard-data")
    .option("--board <name>", "name of the board", parseBoard, "default");

function couldNotLook(error: unknown): never {
  throw new CliError(EXIT.usage, error instanceof Error ? error.message : String(error));
}

async function verifyAction(path: string, flags: VerifyFlags): Promise<void> {
  const reports: Report[] = [];
  try {
    const audit = await import("../../log/audit/index.ts");
    const outside = await outsideOf(flags);
    const isFolder = (await stat(path)).isDirectory();
    if (!isFolder) {
      const text = await beginning(path);
      if (text.startsWith("c2sp.org/tlog-proof@")) return await proofAction(path, outside);
    }
    const kept = outside.checkpoints?.map(boardOf);
    const boards = !isFolder
      ? [""]
      : flags.board !== undefined
        ? [flags.board]
        : kept === undefined
          ? await audit.boardsIn(path)
          : [...new Set(kept)].sort();
    if (boards.length === 0) throw new Error(`${path} holds no boards`);
    for (const board of boards) {
      const evidence: Evidence = isFolder
        ? await audit.evidenceOfBoard(path, board)
        : await audit.evidenceOfExport(path);
      reports.push(await audit.verify(evidence, ofBoard(outside, evidence.board), await replayOf()));
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    couldNotLook(error);
  }
  for (const report of reports) tell(report, flags);
  const broken = reports.filter(({ findings }) => findings.length > 0);
  if (broken.length > 0)
    throw new CliError(EXIT.refused, `not whole: ${broken.map(({ board }) => plain(board)).join(", ")}`);
}

async function beginning(path: string): Promise<string> {
  const { open } = await import("node:fs/promises");
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await file.close();
  }
}

async function outsideOf({ checkpoint, key }: VerifyFlags): Promise<Outside> {
  const { parseCheckpoints, parseVerifier } = await import("../../log/audit/index.ts");
  const kept = checkpoint === undefined ? undefined : parseCheckpoints(await readFile(checkpoint, "utf8"));
  if (kept?.checkpoints.length === 0) throw new Error(`${checkpoint} is no checkpoint`);
  if (kept !== undefined && kept.others > 0)
    printError(`${checkpoint}: ${kept.others} of its parts are no checkpoints, and are passed over`);
  const verifier = key === undefined ? undefined : parseVerifier(await readFile(key, "utf8"));
  if (key !== undefined && verifier === undefined) throw new Error(`${key} is no verifier key`);
  return {
    ...(kept === undefined ? {} : { checkpoints: kept.checkpoints }),
    ...(verifier === undefined ? {} : { publicKey: verifier.publicKey }),
  };
}

const boardOf = ({ origin }: { readonly origin: string }): string => origin.split("/")[1] ?? "";

/** Of a file with checkpoints of several boards, those of this one; where there are none, all: they are not of this log. */
function ofBoard({ checkpoints, ...outside }: Outside, board: string): Outside {
  if (checkpoints === undefined) return outside;
  const own = checkpoints.filter((one) => boardOf(one) === board);
  return { ...outside, checkpoints: own.length > 0 ? own : checkpoints };
}

async function proofAction(path: string, { publicKey }: Outside): Promise<void> {
  if (publicKey === undefined) throw new Error("a proof of one record is checked with --key");
  const { verifyProof } = await import("../../log/audit/index.ts");
  const verdict = verifyProof(await readFile(path, "utf8"), publicKey);
  if (!verdict.ok) throw new CliError(EXIT.refused, `the proof does not hold: ${verdict.why}`);
  print(`record ${verdict.seq} is in ${plain(verdict.origin)}, under a checkpoint of ${verdict.size} records`);
  print(plain(verdict.line.toString("utf8")));
}

/** The fold over the records of a verifier's lines. */
async function replayOf(): Promise<Replay> {
  const { hash } = await import("node:crypto");
  const { apply, createBoardState, digestOf } = await import("../../board/index.ts");
  const { decodeRecord } = await import("../../log/audit/index.ts");
  const state = createBoardState((text) => hash("sha256", text, "hex"));
  return {
    apply: (line) => void apply(state, decodeRecord(line, 0, line.length, false)),
    digest: () => digestOf(state),
  };
}

function tell(report: Report, { json }: VerifyFlags): void {
  if (json === true) return printJson(report);
  const { board, head, signedTo, anchored, findings, remarks, digests } = report;
  for (const { text } of findings.slice(0, SHOWN_FINDINGS)) print(`${plain(board)}: ${plain(text)}`);
  if (findings.length > SHOWN_FINDINGS) print(`${plain(board)}: and ${findings.length - SHOWN_FINDINGS} more`);
  for (const remark of remarks) print(`${plain(board)}: note: ${plain(remark)}`);
  if (findings.length > 0) return;
  const under = `${Math.max(0, head - signedTo)} records not yet under a checkpoint`;
  const states = digests === 0 ? "" : `; ${digests} signed states replayed`;
  print(`${plain(board)}: ${anchored ? "whole" : "self-consistent"} to #${signedTo}, ${under}${states}`);
  if (!anchored) print(`${plain(board)}: note: nothing kept outside was given (--key, --checkpoint)`);
}

async function exportAction({ data, board, from, to, redact }: ExportFlags): Promise<void> {
  const { exportBoard } = await import("../../log/audit/index.ts");
  const hidden = redact === undefined || redact === "all" ? undefined : new Set(redact.split(",").map(Number));
  try {
    const pieces = exportBoard(data, board, {
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(redact === undefined ? {} : { redact: (seq) => hidden?.has(seq) ?? true }),
    });
    for await (const piece of pieces) if (!process.stdout.write(piece)) await once(process.stdout, "drain");
  } catch (error) {
    couldNotLook(error);
  }
}
