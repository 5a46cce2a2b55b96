// Owns `history`: what was done to one key, or on the whole board, newest first.
// Does not own the history: pages are asked of the server until there are enough.

import { type Command, Option } from "commander";
import { elementsOf, membersOf } from "../../protocol/index.ts";
import { addTargetSettings, type Call, createBoardApi, type TargetFlags } from "../board-api.ts";
import { parseCount, parseMoment } from "../parse-values.ts";
import { plain, print, printError, shorten, table } from "../print.ts";

interface HistoryFlags extends TargetFlags {
  readonly prefix?: string;
  readonly by?: string;
  readonly type?: string;
  readonly search?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: number;
}

interface HistoryAnswer {
  readonly records: readonly { readonly seq: number; readonly at: number; readonly by: string }[];
  readonly next: string | null;
  readonly first: number;
}

export function addHistoryCommand(program: Command): void {
  addTargetSettings(program.command("history"))
    .summary("read what was done, to one key or on the whole board")
    .description("List what was done, newest first, as far back as the log goes.")
    .argument("[key]", "only the puts, merges, deletes and expiries of this entry")
    .option("--prefix <text>", "only where the key or other name begins so")
    .option("--by <writer>", "only what this writer sent")
    .option("--type <command>", "only commands of this type, such as entry.put")
    .option("--search <words>", "only where names or reasons hold these words")
    .addOption(
      new Option("--since <when>", "only from then on: 2h ago, or 2026-11-22T20:30:00Z").argParser(parseMoment),
    )
    .addOption(new Option("--until <when>", "only up to then").argParser(parseMoment))
    .addOption(new Option("--limit <n>", "at most so many").default(50).argParser(parseCount))
    .addHelpText(
      "after",
      `
Examples:
  $ swarmboard history task:42                    all versions of an entry
  $ swarmboard history task:42 --json --limit 1   the last one, its value byte for byte
  $ swarmboard history --by planner --since 1h    what one agent did`,
    )
    .action(async (key: string | undefined, flags: HistoryFlags) => {
      const api = createBoardApi(flags);
      const rows: string[][] = [];
      let after: string | undefined;
      for (let left = flags.limit; left > 0;) {
        const { path, query } = addressOf(key, flags);
        const { text } = await api.call({
          path,
          query: {
            ...query,
            actor: flags.by,
            from: flags.since,
            to: flags.until,
            limit: Math.min(left, 500),
            after,
          },
        });
        const page = JSON.parse(text) as HistoryAnswer;
        const lines = elementsOf(membersOf(text)?.get("records") ?? "[]") ?? [];
        for (const [i, record] of page.records.entries()) {
          // The line as it came, so that values keep their bytes (rule 19).
          if (flags.json === true) print(lines[i] ?? "");
          else rows.push(rowOf(record, membersOf(lines[i] ?? "")?.get("command") ?? "{}"));
        }
        left -= page.records.length;
        if (page.next === null) {
          if (page.first > 1 && left > 0) printError(`what came before position ${page.first} is archived, or gone`);
          break;
        }
        after = page.next;
      }
      if (flags.json === true) return;
      if (rows.length > 0) print(table(["TIME", "POSITION", "BY", "WHAT", "CONTENT"], rows));
      else printError("nothing was found");
    });
}

/** Where to ask. Some names change in a path (`.`, `..`), so those go into the query. */
function addressOf(key: string | undefined, flags: HistoryFlags): Pick<Call, "path" | "query"> {
  const query = { prefix: flags.prefix, type: flags.type, q: flags.search };
  const isOther = Object.values(query).some((value) => value !== undefined);
  if (key === undefined || isOther) return { path: "history", query: { ...query, key } };
  if (/^\.{1,2}$/.test(key)) return { path: "history/-", query: { key } };
  return { path: `history/${encodeURIComponent(key)}` };
}

function rowOf({ at, seq, by }: HistoryAnswer["records"][number], command: string): string[] {
  const members = membersOf(command) ?? new Map<string, string>();
  const type = JSON.parse(members.get("type") ?? '""') as string;
  members.delete("type");
  const content = Array.from(members, ([name, text]) => `${name} ${text}`).join("  ");
  return [new Date(at).toISOString(), String(seq), plain(by), type, shorten(plain(content), 100)];
}
