// Owns `put`, `get` and `delete`. Does not own verdicts: conditions travel to the server.

import { type Command, InvalidArgumentError, Option } from "commander";
import { elementsOf, membersOf } from "../../protocol/index.ts";
import { addTargetSettings, createBoardApi, entryAddress, type TargetFlags } from "../board-api.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { looksLikeBrokenJson, parseAmount, parseCount, parseDuration, valueOf } from "../parse-values.ts";
import { age, plain, print, printError, shorten, table } from "../print.ts";

interface ConditionFlags extends TargetFlags {
  readonly ifRev?: number;
  readonly ifAbsent?: boolean;
}

const revOption = (): Option => new Option("--if-rev <rev>", "only over this revision").argParser(parseAmount);

function conditionHeaders(flags: ConditionFlags): Record<string, string> {
  if (flags.ifRev !== undefined) return { "If-Match": `"${flags.ifRev}"` };
  return flags.ifAbsent === true ? { "If-None-Match": "*" } : {};
}

interface EntryAnswer {
  readonly key: string;
  readonly value: unknown;
  readonly rev: number;
  readonly by: string;
  readonly at: number;
}

interface PutFlags extends ConditionFlags {
  readonly ttl?: number;
  readonly text?: boolean;
}

export function addEntryCommands(program: Command): void {
  addTargetSettings(program.command("put"))
    .summary("write an entry")
    .description(
      "Write an entry: JSON where the value is JSON, text otherwise. With - the value is read from standard input.",
    )
    .argument("<key>")
    .argument("<value>", "JSON, text, or -")
    .addOption(
      new Option("--ttl <duration>", "let it expire after this time, such as 30s or 2h").argParser(parseDuration),
    )
    .addOption(revOption().conflicts("ifAbsent"))
    .option("--if-absent", "only if there is no entry with this key")
    .option("--text", "take the value as text even if it is JSON")
    .addHelpText(
      "after",
      `
Examples:
  $ swarmboard put greeting hello
  $ swarmboard put task:42 '{"status": "running", "owner": "planner"}' --agent planner
  $ swarmboard put lock me --if-absent --ttl 30s
  $ cat report.json | swarmboard put report -`,
    )
    .action(async (key: string, word: string, flags: PutFlags) => {
      const given = word === "-" ? await standardInput() : word;
      const value = flags.text === true ? JSON.stringify(given) : valueOf(given);
      const ttl = flags.ttl === undefined ? "" : `,"ttlMs":${flags.ttl}`;
      const { text } = await createBoardApi(flags).call({
        method: "PUT",
        ...entryAddress(key),
        headers: conditionHeaders(flags),
        body: `{"value":${value}${ttl}}`,
      });
      if (flags.json === true) print(text);
      else {
        print(`${plain(key)} is at revision ${(JSON.parse(text) as EntryAnswer).rev}`);
        if (flags.text !== true && looksLikeBrokenJson(given))
          printError("note: the value is no JSON, so it was stored as text (--text says that this is meant)");
      }
    });

  addTargetSettings(program.command("get"))
    .summary("read an entry, or list entries")
    .description("Print one entry's value, or list the entries of the board.")
    .argument("[key]")
    .option("--prefix <text>", "list only keys that begin so")
    .addOption(new Option("--limit <n>", "list at most so many").default(1000).argParser(parseCount))
    .addHelpText(
      "after",
      `
Examples:
  $ swarmboard get                      list all entries
  $ swarmboard get --prefix task:       list some
  $ swarmboard get task:42              print the value
  $ swarmboard get task:42 --json       print value, revision, writer and time`,
    )
    .action(
      async (key: string | undefined, flags: TargetFlags & { readonly prefix?: string; readonly limit: number }) => {
        if (key === undefined) return list(flags);
        if (flags.prefix !== undefined) throw new InvalidArgumentError("give a key or --prefix, not both");
        const { text } = await createBoardApi(flags).call(entryAddress(key));
        print(flags.json === true ? text : shownValue(text));
      },
    );

  addTargetSettings(program.command("delete"))
    .summary("delete an entry")
    .description("Delete an entry. Its revision goes on where the key is written again.")
    .argument("<key>")
    .addOption(revOption())
    .action(async (key: string, flags: ConditionFlags) => {
      const { text } = await createBoardApi(flags).call({
        method: "DELETE",
        ...entryAddress(key),
        headers: conditionHeaders(flags),
      });
      print(flags.json === true ? text : `${plain(key)} is deleted`);
    });
}

/** Strings as they are, everything else as the JSON that was written, byte for byte. */
function shownValue(answer: string): string {
  const value = membersOf(answer)?.get("value") ?? "";
  if (!value.startsWith('"')) return value;
  const text = JSON.parse(value) as string;
  return process.stdout.isTTY ? text.split("\n").map(plain).join("\n") : text;
}

async function list(flags: TargetFlags & { readonly prefix?: string; readonly limit: number }): Promise<void> {
  const api = createBoardApi(flags);
  const rows: string[][] = [];
  let after: string | undefined;
  let listed = 0;
  let total = 0;
  do {
    const limit = Math.min(1000, flags.limit - listed);
    if (limit <= 0) break;
    const { text } = await api.call({ path: "entries", query: { prefix: flags.prefix, limit, after } });
    const page = JSON.parse(text) as { total: number; entries: EntryAnswer[]; next: string | null };
    // One line per entry, so that a board of any size can be piped.
    for (const line of elementsOf(membersOf(text)?.get("entries") ?? "[]") ?? []) {
      if (flags.json === true) print(line);
      else {
        const entry = JSON.parse(line) as EntryAnswer;
        const value = typeof entry.value === "string" ? entry.value : JSON.stringify(entry.value);
        rows.push([
          plain(entry.key),
          String(entry.rev),
          plain(entry.by),
          age(entry.at, Date.now()),
          shorten(plain(value), 80),
        ]);
      }
    }
    listed += page.entries.length;
    total = page.total;
    after = page.next ?? undefined;
  } while (after !== undefined);
  if (flags.json === true) return;
  if (rows.length > 0) print(table(["KEY", "REV", "BY", "AGE", "VALUE"], rows));
  if (after !== undefined || listed !== total) printError(`${listed} of ${total} entries`);
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new CliError(EXIT.usage, "standard input is not UTF-8 text");
  }
}
