// Owns the public face of the gateway helper: what `swarmboard/gateway` exports. It is no part of `swarmboard/client`.

export type { HoldEnd } from "./hold.ts";
export { BudgetRefused, PausedError, SettleFailed } from "./refusals.ts";
export { type Usage, usageOf } from "./usage.ts";
export { type CallContext, withBudget, type WithBudgetOptions } from "./with-budget.ts";
