// Owns the way of a command from a session's message to its outcome. Does not own verdicts (board/).
// Invariant: values keep every token of their text (rule 19); the answer is of a durable, applied record (law L1).

import type { Engine } from "../../engine/contract.ts";
import { commandId, commandRequestSchema, type Limits } from "../../protocol/index.ts";
import { readBody } from "../body.ts";
import { resolveCommand, timeOfPrice } from "../edge/resolve.ts";
import { OPEN_ROLE, traceOf } from "../links.ts";
import type { Prices } from "../prices/price-book.ts";
import { Refusal, refusalOf } from "../problem.ts";
import { DEFAULT_REDACTION, redactCommand, type Redaction } from "../redaction.ts";

export interface CommandGate {
  readonly limits: Limits;
  /** What a caller may do. There are no tokens yet, so everyone who reaches the server may do everything. */
  readonly role: typeof OPEN_ROLE;
  /**
   * Send the command of a request's parameters; the JSON text of its result.
   * @throws Refusal with the outcome's code
   */
  send(params: string, actor: string): Promise<string>;
}

export function createCommandGate(
  engine: Engine,
  limits: Limits,
  { prices, wallMs }: { readonly prices: Prices; readonly wallMs: () => number },
  redaction: Redaction = DEFAULT_REDACTION,
): CommandGate {
  return {
    limits,
    role: OPEN_ROLE,
    async send(params, actor) {
      const read = readBody(commandRequestSchema, params, limits);
      if ("refusal" in read) throw read.refusal;
      const { board: name, id, command, trace: traceparent, task } = read.value;
      const trace = traceOf(traceparent);
      const board = await engine.board(name);
      if (board === undefined) throw new Refusal("no_such_board", { facts: { board: name } });
      const outcome = await board.submit({
        actor,
        source: "socket",
        role: OPEN_ROLE,
        command: redactCommand(
          resolveCommand(command, { prices, state: board.state, atMs: timeOfPrice(id, wallMs()) }),
          redaction,
        ),
        ...(task === undefined ? {} : { task }),
        ...(trace === undefined ? {} : { trace }),
        ...(id === undefined ? {} : { id: commandId(id) }),
      });
      if (!outcome.ok) throw refusalOf(outcome);
      const { seq, made, parts, duplicate } = outcome;
      return JSON.stringify({ seq, made, parts, duplicate });
    },
  };
}
