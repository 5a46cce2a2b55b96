// Owns where a budget's windows begin and end: hours, days, weeks from Monday (ISO 8601) and months in an IANA time zone.
// Does not own when they are written down (window-watch.ts). Days may have 23 or 25 hours, and some zones skip a midnight.

import { Temporal } from "temporal-polyfill";
import type { BudgetWindow } from "../protocol/index.ts";

export interface WindowBounds {
  /** Wall time in ms. */
  readonly startsAt: number;
  /** Where the next one begins. */
  readonly endsAt: number;
}

/** Whether this machine knows the time zone. */
export function isTimeZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/**
 * The window that a moment lies in.
 * @throws RangeError for an unknown time zone, or a moment outside of what calendars reach
 */
export function windowAt({ every, timeZone }: Pick<BudgetWindow, "every" | "timeZone">, atMs: number): WindowBounds {
  const now = Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs)).toZonedDateTimeISO(timeZone);
  if (every === "hour") {
    // Hours of the clock, also where the zone lies half an hour off; one that happens twice is two hours.
    const start = now.round({ smallestUnit: "hour", roundingMode: "floor" });
    const startsAt = start.epochMilliseconds;
    return { startsAt, endsAt: start.add({ hours: 1 }).epochMilliseconds };
  }
  const today = now.toPlainDate();
  const first =
    every === "day" ? today : every === "week" ? today.subtract({ days: today.dayOfWeek - 1 }) : today.with({ day: 1 });
  const next = first.add(every === "day" ? { days: 1 } : every === "week" ? { days: 7 } : { months: 1 });
  // The start of a day is its first moment, which is not always midnight.
  const startOf = (date: Temporal.PlainDate): number => date.toZonedDateTime({ timeZone }).epochMilliseconds;
  return { startsAt: startOf(first), endsAt: startOf(next) };
}
