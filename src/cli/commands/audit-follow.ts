// Owns following the audit: the stream of a running server, asked for again where it left off, until the program is stopped.
// Does not own what is printed. Nothing is lost or told twice over a connection that was lost.

import { setTimeout as pause } from "node:timers/promises";
import { createEventReader, type StreamEvent } from "../../client/transports/event-text.ts";
import { createBoardApi, type TargetFlags } from "../board-api.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { printError } from "../print.ts";
import { stopSignal } from "../stop-signal.ts";

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
        // Where nothing was told yet, it begins again from here.
        after ??= `${epoch}.${String(said["seq"])}.16383`;
        return;
      case "record":
        after = `${epoch}.${String(said["seq"])}.${String(said["part"])}`;
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
      for await (const piece of body) {
        for (const event of read(decoder.decode(piece, { stream: true }))) hear(event);
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
