// Owns what the edge adds to a caller's command before it becomes a record (rule 2): amounts that follow from others.
// Does not own verdicts (board/). Nothing inside the fold looks anything up, so all that is looked up is recorded here.

import type { CallerCommand, Command, SingleCommand, TokenUsage } from "../../protocol/index.ts";

type CallerSingle = Exclude<CallerCommand, { type: "batch" }>;

/** The command as it goes into the log. */
export function resolveCommand(command: CallerCommand): Command {
  if (command.type === "batch") return { ...command, commands: command.commands.map(resolveSingle) };
  return resolveSingle(command);
}

function resolveSingle(command: CallerSingle): SingleCommand {
  switch (command.type) {
    case "budget.charge":
      return { ...command, tokens: command.tokens ?? tokensOf(command.usage) ?? 0 };
    case "budget.reserve":
    case "hold.settle":
    case "hold.extend": {
      const tokens = command.tokens ?? tokensOf(command.usage);
      return tokens === undefined ? command : { ...command, tokens };
    }
    default:
      return command;
  }
}

/** All kinds together; undefined where none is stated. */
const tokensOf = (usage: TokenUsage | undefined): number | undefined =>
  usage === undefined ? undefined : Object.values(usage).reduce((sum: number, tokens) => sum + (tokens ?? 0), 0);
