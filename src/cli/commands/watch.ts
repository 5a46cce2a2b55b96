// Owns `watch`: a socket that comes back, and the changes between its frames.
// Does not own what a change is (frame-differences). Nothing is lost over a reconnect: the next frame is compared with the last one seen.

import { type Command, InvalidArgumentError, Option } from "commander";
import { type RawData, WebSocket } from "ws";
import type { FullFrame } from "../../protocol/index.ts";
import { addTargetSettings, type TargetFlags } from "../board-api.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { parseDuration } from "../parse-values.ts";
import { print, printError, printJson } from "../print.ts";
import { stopSignal } from "../stop-signal.ts";
import { differences, lineOf } from "./frame-differences.ts";

/** Pause before each attempt to connect again: the seed's interval. */
const RECONNECT_MS = 3000;

interface WatchFlags extends TargetFlags {
  readonly prefix?: string;
  readonly interval: number;
  readonly initial?: boolean;
}

function parseInterval(word: string): number {
  const ms = parseDuration(word);
  if (ms < 250 || ms > 60_000) throw new InvalidArgumentError("Give an interval from 250ms to 60s.");
  return ms;
}

export function addWatchCommand(program: Command): void {
  addTargetSettings(program.command("watch"))
    .summary("print changes as they come")
    .description(
      "Print changes of entries, budgets and the audit log as they come. Reconnects by itself; stop with Ctrl-C.",
    )
    .option("--prefix <text>", "only entries whose keys begin so, and nothing else")
    .addOption(new Option("--interval <duration>", "how often to look").default(500, "500ms").argParser(parseInterval))
    .option("--initial", "print first what is there already")
    .addHelpText(
      "after",
      `
Examples:
  $ swarmboard watch
  $ swarmboard watch --prefix task: --json | jq .value`,
    )
    .action(watch);
}

async function watch(flags: WatchFlags): Promise<void> {
  const address = new URL("/ws/blackboard", flags.url.replace(/^http/, "ws"));
  for (const [name, value] of [
    ["view", "full"],
    ["board", flags.board],
    ["interval", String(flags.interval)],
  ] as const) {
    address.searchParams.set(name, value);
  }
  let last: FullFrame | undefined;
  let stopped = false;
  let live: WebSocket | undefined;
  let endPause: (() => void) | undefined;
  const stopping = stopSignal().then(() => {
    stopped = true;
    live?.close(1000);
    endPause?.();
  });

  const onFrame = (frame: FullFrame): void => {
    if (last === undefined)
      printError(`watching ${flags.board} at ${flags.url}: ${Object.keys(frame.board.entries).length} entries`);
    if (last !== undefined || flags.initial === true) {
      for (const difference of differences(last, frame, flags.prefix)) {
        if (flags.json === true) printJson(difference);
        else print(lineOf(difference));
      }
    }
    last = frame;
  };

  while (!stopped) {
    const why = await followSocket(address, flags.timeout, onFrame, (ws) => void (live = ws));
    if (stopped) break;
    if (last === undefined) throw unreachable(flags, why);
    printError(`connection lost (${why}); trying again in ${RECONNECT_MS / 1000} s`);
    await new Promise<void>((resolve) => {
      endPause = resolve;
      setTimeout(resolve, RECONNECT_MS);
    });
  }
  await stopping;
}

function unreachable(flags: WatchFlags, why: string): CliError {
  if (why.startsWith("refused")) return new CliError(EXIT.refused, `${why} (${flags.url}, board ${flags.board})`);
  return new CliError(
    EXIT.unreachable,
    `cannot reach a server at ${flags.url}: ${why}\nStart one with swarmboard serve, or name another with --url.`,
  );
}

/** Resolves with the reason once the socket is closed. */
function followSocket(
  address: URL,
  timeoutMs: number,
  onFrame: (frame: FullFrame) => void,
  hold: (ws: WebSocket) => void,
): Promise<string> {
  return new Promise((resolve) => {
    const ws = new WebSocket(address, {
      handshakeTimeout: timeoutMs,
      perMessageDeflate: false,
      maxPayload: 64 * 1_048_576,
    });
    hold(ws);
    let why: string | undefined;
    // The server pings every 15 s and sends frames besides: a minute without either is a dead line.
    let silence = setTimeout(() => ws.terminate(), 60_000);
    const heard = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => ws.terminate(), 60_000);
    };
    ws.on("ping", heard);
    ws.on("message", (data: RawData) => {
      heard();
      onFrame(JSON.parse((data as Buffer).toString("utf8")) as FullFrame);
    });
    ws.on("unexpected-response", (request, response) => {
      why = `refused with HTTP ${response.statusCode}`;
      request.destroy();
    });
    ws.on("error", (error: NodeJS.ErrnoException) => {
      why ??=
        error.code === "ECONNREFUSED" ? "the connection was refused" : error.message || (error.code ?? "no connection");
    });
    ws.on("close", (code, reason) => {
      clearTimeout(silence);
      const said = reason.toString("utf8");
      resolve(why ?? (code === 1008 ? `refused: ${said}` : `closed with ${code}${said === "" ? "" : ` ${said}`}`));
    });
  });
}
