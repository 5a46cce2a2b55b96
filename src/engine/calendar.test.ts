// Guards where windows begin and end, against the dates that Intl shows, over every kind of day that zones have.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTimeZone, windowAt } from "./calendar.ts";

const zones = fc.constantFrom(
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/Sao_Paulo",
  "America/St_Johns",
  "Africa/Cairo",
  "Asia/Kolkata",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Pacific/Kiritimati",
);
const moments = fc.integer({ min: Date.UTC(1995, 0, 1), max: Date.UTC(2045, 0, 1) });
const every = fc.constantFrom("hour" as const, "day" as const, "week" as const, "month" as const);

/** What a clock on the wall of the zone shows. */
function shown(timeZone: string, at: number) {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    weekday: "short",
  });
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return { ...parts, date: `${parts["year"]}-${parts["month"]}-${parts["day"]}` } as Record<string, string>;
}

describe("windows of the calendar", () => {
  it("tile time: each moment lies in one, and each begins where the one before ends", () => {
    fc.assert(
      fc.property(every, zones, moments, (kind, timeZone, at) => {
        const window = windowAt({ every: kind, timeZone }, at);
        expect(window.startsAt).toBeLessThanOrEqual(at);
        expect(window.endsAt).toBeGreaterThan(at);
        expect(windowAt({ every: kind, timeZone }, window.startsAt)).toEqual(window);
        expect(windowAt({ every: kind, timeZone }, window.endsAt - 1)).toEqual(window);
        expect(windowAt({ every: kind, timeZone }, window.endsAt).startsAt).toBe(window.endsAt);
      }),
      { numRuns: 2000 },
    );
  });

  it("begin with the first moment of a local day, week (Monday) or month, whatever the zone does to its clocks", () => {
    fc.assert(
      fc.property(every, zones, moments, (kind, timeZone, at) => {
        const { startsAt } = windowAt({ every: kind, timeZone }, at);
        const first = shown(timeZone, startsAt);
        const before = shown(timeZone, startsAt - 1);
        if (kind === "hour") {
          expect(first["minute"] === "00" || first["hour"] !== before["hour"] || first["date"] !== before["date"]).toBe(
            true,
          );
          return;
        }
        expect(first["date"]).not.toBe(before["date"]);
        if (kind === "week") expect(first["weekday"]).toBe("Mon");
        if (kind === "month") expect(first["month"]).not.toBe(before["month"]);
        if (kind === "day") expect(first["date"]).toBe(shown(timeZone, at)["date"]);
      }),
      { numRuns: 2000 },
    );
  });

  it("are 23 and 25 hours long where clocks change, and 29 days in a leap February", () => {
    const hours = (timeZone: string, at: string): number => {
      const { startsAt, endsAt } = windowAt({ every: "day", timeZone }, Date.parse(at));
      return (endsAt - startsAt) / 3_600_000;
    };
    expect(hours("Europe/Berlin", "2026-03-29T12:00:00Z")).toBe(23);
    expect(hours("Europe/Berlin", "2026-10-25T12:00:00Z")).toBe(25);
    expect(hours("Australia/Lord_Howe", "2026-04-04T18:00:00Z")).toBe(24.5);
    // This zone skipped a whole day at the end of 2011.
    expect(hours("Pacific/Apia", "2011-12-30T05:00:00Z")).toBe(24);
    const february = windowAt({ every: "month", timeZone: "UTC" }, Date.UTC(2028, 1, 29, 12));
    expect((february.endsAt - february.startsAt) / 86_400_000).toBe(29);
  });

  it("are not known in zones that are not", () => {
    expect(["Europe/Berlin", "UTC", "Etc/GMT+3"].map(isTimeZone)).toEqual([true, true, true]);
    expect(["Mars/Olympus", "", "Europe/../etc"].map(isTimeZone)).toEqual([false, false, false]);
    expect(() => windowAt({ every: "day", timeZone: "Mars/Olympus" }, 0)).toThrow(RangeError);
  });
});
