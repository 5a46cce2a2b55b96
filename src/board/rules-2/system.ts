// Owns the verdicts of rules 2 on what only the engine sends: a change of the rules, and the end of what is due (rule 6).

import type { CommandOf } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import { expireItem } from "../rules-1/system.ts";
import { accepted, refused, type Step, type Verdict } from "../rules-1/verdict.ts";
import { expireHold } from "./holds.ts";

/** Forward only: state of these rules means nothing to earlier ones. */
export function changeRules(board: Board, command: CommandOf<"rules.change">): Verdict {
  if (command.version !== 2) return refused("unknown_rules", { newest: 2 });
  board.setRules(command.version);
  return accepted();
}

/** Each item ends only if it is still the one named and due by the record's clock; the others are passed over. */
export function expireItems(board: Board, command: CommandOf<"items.expire">, step: Step): Verdict {
  let ended = 0;
  for (const item of command.items) if (expire(board, item, step)) ended++;
  return ended > 0 ? accepted() : refused("nothing_to_expire");
}

function expire(board: Board, item: CommandOf<"items.expire">["items"][number], step: Step): boolean {
  if (item.kind !== "hold") return expireItem(board, item, step);
  const hold = board.holds.get(item.name);
  if (hold === undefined || hold.state !== "open") return false;
  if (hold.seq !== item.rev || step.clock < hold.expiresAtClock) return false;
  expireHold(board, hold, step);
  return true;
}
