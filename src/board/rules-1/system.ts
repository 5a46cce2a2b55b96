// Owns the verdicts on what only the engine sends: a change of the rules, and the end of what is due (rule 6).

import { type CommandOf, RULES_VERSION } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import { freeClaim } from "./claims.ts";
import { endEntry } from "./entries.ts";
import { finishRequest } from "./requests.ts";
import { accepted, refused, type Step, type Verdict } from "./verdict.ts";

/** The figure in the refusal is part of rules 1, although later versions may follow them. */
export function changeRules(board: Board, command: CommandOf<"rules.change">): Verdict {
  if (command.version > RULES_VERSION) return refused("unknown_rules", { newest: 1 });
  board.setRules(command.version);
  return accepted();
}

/** Each item ends only if it is still the one named and due by the record's clock; the others are passed over. */
export function expireItems(board: Board, command: CommandOf<"items.expire">, step: Step): Verdict {
  let ended = 0;
  for (const item of command.items) if (expireItem(board, item, step)) ended++;
  return ended > 0 ? accepted() : refused("nothing_to_expire");
}

/** Whether the item was ended. */
export function expireItem(board: Board, item: CommandOf<"items.expire">["items"][number], step: Step): boolean {
  switch (item.kind) {
    case "entry": {
      const entry = board.entries.get(item.name);
      if (entry === undefined || entry.rev !== item.rev || step.clock < entry.expiresAtClock) return false;
      endEntry(board, entry, step, true);
      return true;
    }
    case "claim": {
      const claim = board.claims.get(item.name);
      if (claim === undefined || claim.fence !== item.rev || step.clock < claim.expiresAtClock) return false;
      freeClaim(board, claim, step);
      return true;
    }
    case "request": {
      const request = board.requests.get(item.name);
      if (request === undefined || request.seq !== item.rev || step.clock < request.expiresAtClock) return false;
      finishRequest(board, step, { ...request, state: "expired" });
      return true;
    }
    case "hold":
      // No holds under these rules.
      return false;
    default:
      return item.kind satisfies never;
  }
}
