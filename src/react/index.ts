// Owns the public face of the React binding: what `swarmboard/react` exports.

export { type HoldFilter, useAlerts, useBudget, useHolds, usePauses } from "./budgets.ts";
export { useBoard, useClient, SwarmboardProvider, type SwarmboardProviderProps } from "./provider.tsx";
export { useCondition, useSubscription } from "./subscription.ts";
export { useAudit, useCollection, useEntry, useItem, useKeys, useStatus, useWindow } from "./views.ts";
