// Owns the public face of the words: what `swarmboard/protocol` exports.

export * from "./change.ts";
export * from "./codes.ts";
export * from "./commands/budget.ts";
export * from "./commands/caller-command.ts";
export * from "./commands/command.ts";
export * from "./commands/entry.ts";
export * from "./items.ts";
export * from "./json-text.ts";
export * from "./limits.ts";
export * from "./names.ts";
export * from "./outcome.ts";
export * from "./problem.ts";
export * from "./record.ts";
export * from "./snapshot-part.ts";
export * from "./version.ts";
export * from "./views.ts";
export * from "./wire/close-codes.ts";
export * from "./wire/cursor.ts";
export * from "./wire/down.ts";
export * from "./wire/filter.ts";
export * from "./wire/session-limits.ts";
export * from "./wire/up.ts";
export * from "./wire/wire-items.ts";
