// Owns the calendar: which window of an IANA time zone a moment lies in, and which names are time zones.
// Does not own when a window begins on a board: that is a record (window-watch.ts, rule 2).
// Invariant: the windows of a zone are half-open, follow on one another without gap or overlap, and are never empty,
// whatever the zone does: days of 23 or 25 hours, days that begin at 01:00, days that it leaves out.

import { Temporal } from "temporal-polyfill";
import type { BudgetWindow } from "../protocol/index.ts";

/** Wall time in ms since 1970: from `startsAt` up to, and without, `endsAt`. */
export interface CalendarWindow {
  readonly startsAt: number;
  readonly endsAt: number;
}

const HOUR_MS = 3_600_000;
/** More names than there are zones: then they are forgotten and looked up again. */
const MAX_KNOWN = 1000;
const known = new Map<string, boolean>();

/** Whether the runtime knows an IANA time zone of this name. Offsets such as `+02:00` are none: they have no calendar. */
export function isTimeZone(name: string): boolean {
  let found = known.get(name);
  if (found === undefined) {
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(name, (found = /^[A-Za-z]/.test(name) && isKnown(name)));
  }
  return found;
}

function isKnown(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/**
 * The window that a moment lies in.
 * @throws RangeError where the time zone is unknown, or the window ends beyond the end of time (year 275760)
 */
export function windowAt({ every, timeZone }: Pick<BudgetWindow, "every" | "timeZone">, atMs: number): CalendarWindow {
  const moment = Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs)).toZonedDateTimeISO(timeZone);
  if (every === "hour") return hourAt(moment);
  let first = firstDay(every, moment.toPlainDate());
  let startsAt = beginningOf(first, timeZone);
  for (;;) {
    first = first.add(every === "day" ? { days: 1 } : every === "week" ? { weeks: 1 } : { months: 1 });
    const endsAt = beginningOf(first, timeZone);
    // A clock that is set back over midnight shows the day before once more, after the new one has begun; and a day that
    // a zone leaves out begins and ends with the next one.
    if (atMs < endsAt) return { startsAt, endsAt };
    startsAt = endsAt;
  }
}

function firstDay(every: "day" | "week" | "month", date: Temporal.PlainDate): Temporal.PlainDate {
  if (every === "day") return date;
  return every === "week" ? date.subtract({ days: date.dayOfWeek - 1 }) : date.with({ day: 1 });
}

/** The first moment of a day, which is not always 00:00. */
const beginningOf = (date: Temporal.PlainDate, timeZone: string): number =>
  date.toZonedDateTime(timeZone).epochMilliseconds;

/** The hour that the clock shows, cut off where the zone's offset changes within it (by half an hour, on Lord Howe Island). */
function hourAt(moment: Temporal.ZonedDateTime): CalendarWindow {
  const atMs = moment.epochMilliseconds;
  const offsetMs = moment.offsetNanoseconds / 1_000_000;
  const startsAt = Math.floor((atMs + offsetMs) / HOUR_MS) * HOUR_MS - offsetMs;
  const before = moment.add({ milliseconds: 1 }).getTimeZoneTransition("previous")?.epochMilliseconds;
  const after = moment.getTimeZoneTransition("next")?.epochMilliseconds;
  return {
    startsAt: Math.ceil(Math.max(startsAt, before ?? startsAt)),
    endsAt: Math.ceil(Math.min(startsAt + HOUR_MS, after ?? Number.POSITIVE_INFINITY)),
  };
}
