// Owns `watch`: a subscription that lasts, its changes on standard output, and how it fares on standard error.
// Does not own what a change is (board-changes.ts), nor coming back (client/): nothing is lost or told twice over a reconnect.

import { type Command, InvalidArgumentError, Option } from "commander";
import {
  type Client,
  type Condition,
  connect,
  type Status,
  type Subscription,
  SwarmboardError,
  toJson,
} from "../../client/index.ts";
import { PRODUCT_VERSION } from "../../protocol/index.ts";
import { addTargetSettings, createBoardApi, type TargetFlags } from "../board-api.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { parseDuration, parseNames } from "../parse-values.ts";
import { print, printError } from "../print.ts";
import { stopSignal } from "../stop-signal.ts";
import { type BoardChange, tellChanges } from "./board-changes.ts";
import { lineOf } from "./change-lines.ts";

/** Audit notes that a client gets of one absence (W-SYNC-10): all of them are told. */
const KEEP_NOTES = 10_000;
/** What a reset brings of the newest notes, so that those since the last one are found again (the most that may be asked for). */
const AUDIT_TAIL = 1000;

interface WatchFlags extends TargetFlags {
  readonly prefix?: string;
  readonly key?: readonly string[];
  readonly rate?: number;
  readonly interval?: number;
  readonly initial?: boolean;
  readonly wait?: boolean;
}

function parseRate(word: string): number {
  const ms = word === "0" ? 0 : parseDuration(word);
  if (ms > 60_000) throw new InvalidArgumentError("Give a duration up to 60s, or 0 for each change as it comes.");
  return ms;
}

export function addWatchCommand(program: Command): void {
  addTargetSettings(program.command("watch"))
    .summary("print changes as they come")
    .description(
      "Print changes of entries, budgets and the audit log as they come. Comes back by itself, and misses nothing meanwhile; stop with Ctrl-C.",
    )
    .addOption(new Option("--prefix <text>", "only entries whose keys begin so, and nothing else").conflicts(["key"]))
    .option("--key <key>", "only this entry, and nothing else; may be given again", parseNames)
    .addOption(new Option("--rate <duration>", "least time between two looks; by default 50ms").argParser(parseRate))
    // The name that --rate had while there was nothing but polling.
    .addOption(new Option("--interval <duration>").argParser(parseRate).hideHelp())
    .option("--initial", "print first what is there already")
    .option("--wait", "wait for a server that does not answer yet")
    .addHelpText(
      "after",
      `
Examples:
  $ swarmboard watch
  $ swarmboard watch --prefix task: --json | jq .value
  $ swarmboard watch --key leader --key goal --initial --wait`,
    )
    .action(watch);
}

async function watch(flags: WatchFlags): Promise<void> {
  const stopping = stopSignal();
  // Says what is wrong better than a socket that does not open.
  if (flags.wait !== true) {
    const asked = createBoardApi(flags).call({ path: "entries", query: { limit: 1 } });
    if ((await Promise.race([asked, stopping.then(() => undefined)])) === undefined) return;
  }
  const { url, agent, board: name, prefix, key: keys } = flags;
  const client = connect(url, { agent, client: `swarmboard-cli/${PRODUCT_VERSION}`, keepNotes: KEEP_NOTES });
  const rateMs = flags.rate ?? flags.interval;
  const subscription = client
    .board(name)
    .subscribe(
      keys !== undefined
        ? { entries: { keys: [...keys] } }
        : prefix !== undefined
          ? { entries: { prefix } }
          : { entries: {}, budgets: true, audit: { tail: AUDIT_TAIL } },
      rateMs === undefined ? {} : { rateMs },
    );
  try {
    const failed = tellFortunes(client, subscription, flags);
    const begun = tellChanges(subscription, flags.initial === true, flags.json === true ? printChange : printLine);
    await Promise.race([begun, failed, stopping]);
    await Promise.race([failed, stopping]);
  } catch (error) {
    throw error instanceof SwarmboardError ? refused(error) : error;
  } finally {
    client.close();
  }
}

const printLine = (change: BoardChange): void => print(lineOf(change));
/** Numbers beyond 2^53 keep their digits. */
const printChange = (change: BoardChange): void => print(toJson(change) ?? "");

const refused = ({ code, message, detail, retry, facts }: SwarmboardError): CliError =>
  new CliError(EXIT.refused, `refused (${code}): ${detail || message}`, { code, detail, retry, facts });

/** Says on standard error how the connection and the subscription fare. Rejects where nothing more will come. */
function tellFortunes(client: Client, subscription: Subscription, { url, board }: WatchFlags): Promise<never> {
  let said = "";
  const say = (line: string): void => {
    if (line !== said) printError(line);
    said = line;
  };
  let begun = false;
  let live = true;
  void subscription.ready.then(
    () => {
      begun = true;
      say(`watching ${board} at ${url}: ${subscription.entries.size} entries`);
    },
    () => undefined,
  );
  return new Promise((_resolve, reject) => {
    const onStatus = (status: Status): void => {
      switch (status.phase) {
        case "offline":
          live = false;
          return say(
            begun
              ? `connection lost (${status.reason}); trying again`
              : `cannot reach a server at ${url} (${status.reason}); trying again`,
          );
        case "polling":
          live = false;
          return say(`no socket opens (${status.reason}); following over HTTP`);
        case "live":
          if (begun && !live) say("connected");
          live = true;
          return;
        case "stopped":
          if (status.code !== undefined)
            reject(new CliError(EXIT.refused, `the server ended this (${status.code}): ${status.reason}`));
          return;
        case "connecting":
        case "catching-up":
          return;
        default:
          return status satisfies never;
      }
    };
    const onCondition = ({ problem, reset }: Condition): void => {
      if (problem !== undefined && begun) say(`refused (${problem.code}): ${problem.detail}`);
      if (problem === undefined && reset !== undefined) say(`began anew (${reset}): printing what differs`);
    };
    client.onStatus(onStatus);
    subscription.onCondition(onCondition);
  });
}
