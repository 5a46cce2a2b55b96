// Owns following the audit: the stream of a running server, asked for again where it left off, until the program is stopped.
// Does not own what is printed. Nothing is lost or told twice over a connection that was lost.

import { setTimeout as pause } from "node:timers/promises";
import { createEventReader, type StreamEvent } from "../../client/transports/event-text.ts";
import { createBoardApi, type TargetFlags } from "../board-api.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { printError } from "../print.ts";
import { stopSignal } from "../stop-signal.ts";

/** Longer than any id. */
const MOST_ID_CHARS = 256;
const FIRST_PAUSE_MS = 500;
const MOST_PAUSE_MS = 5000;

type Query = Readonly<Record<string, string | undefined>>;

/**
 * Follow until a signal comes.
 * @throws CliError where the server is not there at the start, or refuses
 */
export async function followAudit(flags: TargetFlags, query: Query, tell: (text: string) => void): Promise<void> {
  const stop = new AbortController();
  void stopSignal().then(() => stop.abort());
  const api = createBoardApi(flags);
  let epoch = "";
  let after: string | undefined;
  let pauseMs = FIRST_PAUSE_MS;

  const hear = ({ name, data }: StreamEvent): void => {
    const said = JSON.parse(data) as Readonly<Record<string, unknown>>;
    switch (name) {
      case "open":
        epoch = String(said["epoch"]);
        return;
      case "record":
        return tell(data);
      case "reset":
        after = undefined;
        return printError(`began anew (${String(said["reason"])}): what was before is not told`);
      case "missed":
        return printError(`the records ${String(said["from"])} to ${String(said["to"])} are not kept any more`);
      default:
    }
  };

  while (!stop.signal.aborted) {
    try {
      const body = await api.stream({ path: "audit/tail", query: { ...query, after }, signal: stop.signal });
      if (epoch === "") printError(`following the audit of ${flags.board} at ${flags.url}`);
      const read = createEventReader();
      const decoder = new TextDecoder();
      const idIn = createIdReader();
      for await (const piece of body) {
        const text = decoder.decode(piece, { stream: true });
        for (const event of read(text)) hear(event);
        // Ids also come alone, where nothing meets the filter: coming back need not look at all of it again.
        after = idIn(text) ?? after;
        pauseMs = FIRST_PAUSE_MS;
      }
    } catch (error) {
      if (stop.signal.aborted) return;
      const isPassing = !(error instanceof CliError) || error.exitCode === EXIT.unreachable || isLater(error);
      if (epoch === "" || !isPassing) throw error;
      if (pauseMs === FIRST_PAUSE_MS) printError("connection lost; trying again");
      await pause(pauseMs, undefined, { signal: stop.signal }).catch(() => undefined);
      pauseMs = Math.min(MOST_PAUSE_MS, pauseMs * 2);
    }
  }
}

const isLater = ({ problem }: CliError): boolean =>
  typeof problem === "object" && "retry" in problem && problem.retry !== "no";

/** The id of the last event that came whole, of a stream so far (HTML, "server-sent events"); lines may be cut by pieces. */
function createIdReader(): (piece: string) => string | undefined {
  let rest = "";
  let coming: string | undefined;
  let last: string | undefined;
  return (piece) => {
    const lines = (rest + piece).split("\n");
    // A line of data may be long: of a rest only its beginning tells whether it is an id.
    rest = (lines.pop() ?? "").slice(0, MOST_ID_CHARS);
    for (const line of lines) {
      if (line.startsWith("id:")) coming = line.slice(3).trim();
      // Not before its event has come: it is the place behind that.
      else if (line === "") last = coming ?? last;
    }
    return last;
  };
}
