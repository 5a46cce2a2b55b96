// Owns `audit records` and `audit download`: every record of a running server as audit, in pages, live, or as a file.
// Does not own the filter's flags (audit-filter) or coming back to a stream (audit-follow).

import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Command, Option } from "commander";
import { elementsOf, membersOf } from "../../protocol/index.ts";
import { addTargetSettings, createBoardApi, type TargetFlags } from "../board-api.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { parseCount } from "../parse-values.ts";
import { plain, print, printError, table } from "../print.ts";
import { addAuditFilter, type AuditFilterFlags, auditQueryOf } from "./audit-filter.ts";
import { followAudit } from "./audit-follow.ts";

interface RecordsFlags extends TargetFlags, AuditFilterFlags {
  readonly oldest?: boolean;
  readonly follow?: boolean;
  readonly limit: number;
}

interface DownloadFlags extends TargetFlags, AuditFilterFlags {
  readonly format: "jsonl" | "csv" | "proof";
  readonly first?: number;
  readonly last?: number;
  readonly output?: string;
}

/** The facts that lines show. */
export interface AuditRecord {
  readonly seq: number;
  readonly part: number;
  readonly time: string;
  readonly by: string;
  readonly action: string;
  readonly outcome: string;
  readonly about?: string;
  readonly agent?: string;
  readonly reason?: string;
}

const HEAD = ["TIME", "POSITION", "BY", "ACTION", "OUTCOME", "ABOUT", "REASON"] as const;

export function cellsOf({ time, seq, by, action, outcome, about, agent, reason }: AuditRecord): string[] {
  const whom = agent === undefined || agent === by ? "" : ` (${agent})`;
  return [
    time,
    String(seq),
    plain(by),
    plain(action),
    outcome,
    plain(`${about ?? ""}${whom}`.trim()),
    plain(reason ?? ""),
  ];
}

export function addRecordCommands(audit: Command): void {
  addAuditFilter(addTargetSettings(audit.command("records")))
    .description("List every record, done or refused, newest first: who sent it, what it came to, what it belongs to.")
    .option("--oldest", "the oldest first")
    .option("--follow", "print each one as it comes, from now on; stop with Ctrl-C")
    .addOption(
      new Option("--limit <n>", "at most so many; as far back as the log goes").default(50).argParser(parseCount),
    )
    .addHelpText(
      "after",
      `
Examples:
  $ swarmboard audit records --outcome refused --since 1h
  $ swarmboard audit records --by planner --prefix task: --json
  $ swarmboard audit records --follow --outcome refused`,
    )
    .action(async (flags: RecordsFlags) => {
      if (flags.follow === true) return followAudit(flags, auditQueryOf(flags), lineOf(flags));
      await list(flags);
    });

  addAuditFilter(addTargetSettings(audit.command("download")))
    .description(
      "Write the records of a running server to a file: JSON lines, CSV, or the log itself for audit verify.",
    )
    .addOption(
      new Option("--format <format>", "proof is what audit verify takes, and takes no filter")
        .choices(["jsonl", "csv", "proof"])
        .default("jsonl"),
    )
    .option("--first <seq>", "with --format proof: first record", parseCount)
    .option("--last <seq>", "with --format proof: last record", parseCount)
    .option("-o, --output <file>", "the file; by default standard output")
    .action(download);
}

/** A followed record, as JSON byte for byte or as a line. */
export const lineOf =
  ({ json }: Pick<TargetFlags, "json">) =>
  (text: string): void => {
    if (json === true) print(text);
    else
      print(
        cellsOf(JSON.parse(text) as AuditRecord)
          .join("  ")
          .trimEnd(),
      );
  };

async function list(flags: RecordsFlags): Promise<void> {
  const api = createBoardApi(flags);
  const rows: string[][] = [];
  let after: string | undefined;
  for (let left = flags.limit; left > 0;) {
    const order = flags.oldest === true ? "oldest" : "newest";
    const query = { ...auditQueryOf(flags), order, limit: Math.min(left, 500), after };
    const { text } = await api.call({ path: "audit/records", query });
    const page = JSON.parse(text) as { readonly records: readonly AuditRecord[]; readonly next: string | null };
    const lines = elementsOf(membersOf(text)?.get("records") ?? "[]") ?? [];
    for (const [i, record] of page.records.entries()) {
      // The line as it came, so that values keep their bytes (rule 19).
      if (flags.json === true) print(lines[i] ?? "");
      else rows.push(cellsOf(record));
    }
    left -= page.records.length;
    if (page.next === null) break;
    after = page.next;
  }
  if (flags.json === true) return;
  if (rows.length > 0) print(table(HEAD, rows));
  else printError("nothing was found");
}

async function download(flags: DownloadFlags): Promise<void> {
  const { format, first, last, output } = flags;
  const query = { ...auditQueryOf(flags), format, first, last };
  const body = await createBoardApi(flags).stream({ path: "audit/export", query });
  const file = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
  try {
    // Standard output is left open: it is the caller's.
    if (output === undefined) await pipeline(file, process.stdout, { end: false });
    else await pipeline(file, createWriteStream(output));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.refused, `the export broke off, and is not whole: ${why}`);
  }
}
