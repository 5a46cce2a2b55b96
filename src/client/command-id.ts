// Owns the ids of commands: UUIDv7 (RFC 9562), so that a server can tell an id's age (W-CMD-2, law L9).
// Does not own when an id is used again (pending-commands.ts).

import type { Environment } from "./environment.ts";

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

/** 48 bits of time and 74 of chance. */
export function createCommandId(environment: Pick<Environment, "wallNow" | "random">): string {
  const bits = (count: number) => Math.floor(environment.random() * 2 ** count);
  const time = hex(environment.wallNow(), 12);
  const chance = `7${hex(bits(12), 3)}-${hex(0x8000 + bits(14), 4)}-${hex(bits(24), 6)}${hex(bits(24), 6)}`;
  return `${time.slice(0, 8)}-${time.slice(8)}-${chance}`;
}
