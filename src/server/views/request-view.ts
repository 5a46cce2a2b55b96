// Owns the requests of a board, as the API shows them. Does not own the schema (protocol/views).

import type { BoardState } from "../../board/index.ts";
import type { RequestView } from "../../protocol/index.ts";

export function requestViews(state: BoardState): RequestView[] {
  return Array.from(state.requests.values(), (request) => ({
    request: request.request,
    kind: request.kind,
    subject: request.subject,
    agent: request.agent,
    reason: request.reason,
    state: request.state,
    openedAt: request.openedAt,
    ...(request.decidedBy === undefined ? {} : { decidedBy: request.decidedBy }),
    ...(request.grantedUntil === undefined ? {} : { grantedUntil: request.grantedUntil }),
  }));
}
