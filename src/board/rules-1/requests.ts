// Owns the verdicts on requests: what waits for a person, and what the person said.
//
//   (absent, or not open) → open → granted → closed
//                             ├──→ denied
//                             ├──→ closed
//                             └──→ expired

import type { CommandOf, Request } from "../../protocol/index.ts";
import type { Board } from "../board.ts";
import { MAX_ITEMS } from "./bounds.ts";
import { accepted, followedSource, refused, type Step, type Verdict } from "./verdict.ts";

export function openRequest(board: Board, command: CommandOf<"request.open">, step: Step): Verdict {
  const { record } = step;
  const before = board.requests.get(command.request);
  if (before !== undefined && isOpen(before, step)) return refused("request_exists");
  if (before === undefined && board.requests.size >= MAX_ITEMS) return refused("board_full");
  const expiresAtClock = command.ttlMs === undefined ? Number.POSITIVE_INFINITY : step.clock + command.ttlMs;
  save(board, step, {
    request: command.request,
    seq: record.seq,
    at: record.at,
    kind: command.kind,
    subject: command.subject,
    agent: command.agent ?? record.actor,
    reason: command.reason ?? "",
    state: "open",
    openedAt: command.at ?? record.at,
    decidedBy: undefined,
    decisionReason: undefined,
    grantedUntil: undefined,
    expiresAtClock,
    source: followedSource(record),
    details: command.details,
  });
  return accepted(command.ttlMs === undefined ? undefined : { expiresAtClock });
}

export function decideRequest(board: Board, command: CommandOf<"request.decide">, step: Step): Verdict {
  const before = board.requests.get(command.request);
  if (before === undefined) return refused("no_such_request");
  if (!isOpen(before, step)) return refused("request_decided", { state: stateOf(before, step) });
  finishRequest(board, step, {
    ...before,
    state: command.decision,
    decidedBy: step.record.actor,
    decisionReason: command.reason,
    grantedUntil: command.grantedUntil,
  });
  return accepted();
}

export function closeRequest(board: Board, command: CommandOf<"request.close">, step: Step): Verdict {
  const before = board.requests.get(command.request);
  if (before === undefined) return refused("no_such_request");
  const state = stateOf(before, step);
  if (state !== "open" && state !== "granted") return refused("request_decided", { state });
  finishRequest(board, step, { ...before, state: "closed", decisionReason: command.reason ?? before.decisionReason });
  return accepted();
}

/** Keep a request that is not open any more. */
export function finishRequest(board: Board, step: Step, request: Request): void {
  const { seq, at } = step.record;
  save(board, step, { ...request, seq, at, expiresAtClock: Number.POSITIVE_INFINITY });
}

const stateOf = (request: Request, step: Step): Request["state"] =>
  request.state === "open" && step.clock >= request.expiresAtClock ? "expired" : request.state;

const isOpen = (request: Request, step: Step): boolean => stateOf(request, step) === "open";

function save(board: Board, step: Step, request: Request): void {
  board.setRequest(request.request, request);
  step.changes.push({ type: "request.changed", name: request.request });
}
