// Owns the ids of commands: UUIDv7 (RFC 9562), so that a server can tell an id's age (W-CMD-2, law L9).
// Does not own when an id is used again (pending-commands.ts).

import type { Environment } from "./environment.ts";

const hex = (value: number, digits: number): string => Math.floor(value).toString(16).padStart(digits, "0");

/** 48 bits of time and 74 of chance. */
export function createCommandId({ wallNow, random }: Pick<Environment, "wallNow" | "random">): string {
  const time = hex(wallNow(), 12);
  const chance = (digits: number) => hex(random() * 16 ** digits, digits);
  const variant = hex(8 + random() * 4, 1);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${chance(3)}-${variant}${chance(3)}-${chance(6)}${chance(6)}`;
}
