// Owns `audit list|note`, and the place of what is proven about the log (audit-proofs). Does not own the notes: pages are
// asked of the server until there are enough.

import { type Command, Option } from "commander";
import { elementsOf, membersOf } from "../../protocol/index.ts";
import { addTargetSettings, createBoardApi, type TargetFlags } from "../board-api.ts";
import { parseCount, parseMoment, valueOf } from "../parse-values.ts";
import { plain, print, printError, table } from "../print.ts";
import { auditQueryOf } from "./audit-filter.ts";
import { followAudit } from "./audit-follow.ts";
import { addProofCommands } from "./audit-proofs.ts";
import { addRecordCommands, lineOf } from "./audit-records.ts";

interface AuditAnswer {
  readonly total: number;
  readonly entries: readonly {
    readonly timestamp: string;
    readonly event: string;
    readonly granted: boolean | null;
    readonly agent_id: string;
    readonly resource_type: string | null;
    readonly reason: string | null;
  }[];
  readonly next: string | null;
}

interface ListFlags extends TargetFlags {
  readonly event?: string;
  readonly of?: string;
  readonly granted?: boolean;
  readonly denied?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly search?: string;
  readonly limit: number;
  readonly follow?: boolean;
}

/** The same events, asked of the stream of all records. */
const followedQuery = (flags: ListFlags): Readonly<Record<string, string | undefined>> => ({
  ...auditQueryOf({ ...flags, action: flags.event ?? "audit.note" }),
  outcome: "ok",
});

interface NoteFlags extends TargetFlags {
  readonly of?: string;
  readonly resource?: string;
  readonly granted?: boolean;
  readonly denied?: boolean;
  readonly reason?: string;
  readonly details?: string;
}

export function addAuditCommands(program: Command): void {
  const audit = program
    .command("audit")
    .summary("read the audit log, or note an event")
    .description("The audit log: permission requests, grants, denials and any other event worth keeping.")
    .addHelpText(
      "after",
      `
Examples:
  $ swarmboard audit list --denied
  $ swarmboard audit list --of scout --since 2h --search database --limit 5000 --json
  $ swarmboard audit note permission_granted --of scout --resource database --granted --reason "read-only"
  $ swarmboard audit --follow                        events as they come
  $ swarmboard audit records --outcome refused       every record, done or refused
  $ swarmboard audit download --format csv -o audit.csv
  $ swarmboard audit key > board.key                 keep it on another machine
  $ swarmboard audit verify ./swarmboard-data --key board.key`,
    );

  addProofCommands(audit);
  addRecordCommands(audit);
  addTargetSettings(audit.command("list", { isDefault: true }))
    .description("List events, newest first.")
    .option("--event <name>", "only this event")
    .option("--of <agent>", "only events of this agent")
    .addOption(new Option("--granted", "only grants").conflicts("denied"))
    .option("--denied", "only denials")
    .addOption(
      new Option("--since <when>", "only from then on: 2h ago, or 2026-11-22T20:30:00Z").argParser(parseMoment),
    )
    .addOption(new Option("--until <when>", "only up to then").argParser(parseMoment))
    .option("--search <words>", "only where names or the reason hold these words")
    .addOption(
      new Option("--limit <n>", "at most so many; as far back as the log goes").default(50).argParser(parseCount),
    )
    .option("--follow", "print each event as it comes, from now on; stop with Ctrl-C")
    .action(async (flags: ListFlags) => {
      if (flags.follow === true) return followAudit(flags, followedQuery(flags), lineOf(flags));
      const api = createBoardApi(flags);
      const granted = flags.granted === true ? "true" : flags.denied === true ? "false" : undefined;
      const rows: string[][] = [];
      let left = flags.limit;
      let after: string | undefined;
      let total = 0;
      while (left > 0) {
        const query = {
          event: flags.event,
          agent: flags.of,
          granted,
          from: flags.since,
          to: flags.until,
          q: flags.search,
          limit: Math.min(left, 1000),
          after,
        };
        const { text } = await api.call({ path: "audit", query });
        const page = JSON.parse(text) as AuditAnswer;
        const lines = elementsOf(membersOf(text)?.get("entries") ?? "[]") ?? [];
        for (const [i, entry] of page.entries.entries()) {
          // The line as it came, so that details keep their bytes (rule 19).
          if (flags.json === true) print(lines[i] ?? "");
          const verdict = entry.granted === null ? "" : entry.granted ? "GRANTED" : "DENIED";
          rows.push([
            entry.timestamp,
            plain(entry.event),
            verdict,
            plain(entry.agent_id),
            plain(entry.resource_type ?? ""),
            plain(entry.reason ?? ""),
          ]);
        }
        left -= page.entries.length;
        total = page.total;
        if (page.next === null) break;
        after = page.next;
      }
      if (flags.json === true) return;
      if (rows.length > 0) print(table(["TIME", "EVENT", "VERDICT", "AGENT", "RESOURCE", "REASON"], rows));
      printError(`${rows.length} shown; ${total} events in all`);
    });

  addTargetSettings(audit.command("note"))
    .description("Note an event.")
    .argument("<event>", "what happened, such as permission_granted")
    .option("--of <agent>", "who it happened to or who did it; by default you")
    .option("--resource <name>")
    .addOption(new Option("--granted", "it was granted").conflicts("denied"))
    .option("--denied", "it was denied")
    .option("--reason <text>")
    .option("--details <json>", "anything else, as JSON or text")
    .action(async (event: string, flags: NoteFlags) => {
      const granted = flags.granted === true ? true : flags.denied === true ? false : undefined;
      const note = JSON.stringify({ event, agent: flags.of, resource: flags.resource, granted, reason: flags.reason });
      const body = flags.details === undefined ? note : `${note.slice(0, -1)},"details":${valueOf(flags.details)}}`;
      const { text } = await createBoardApi(flags).call({ method: "POST", path: "audit", body });
      print(flags.json === true ? text : `noted at position ${(JSON.parse(text) as { seq: number }).seq}`);
    });
}
