// Guards the calendar of windows against the runtime's own, zone by zone.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTimeZone, windowAt } from "./calendar.ts";

const EVERY = ["hour", "day", "week", "month"] as const;
/** Those that do something unusual, and then all. */
const ODD_ZONES = [
  "Africa/Cairo",
  "America/Asuncion",
  "America/Havana",
  "America/Sao_Paulo",
  "America/St_Johns",
  "Asia/Beirut",
  "Asia/Gaza",
  "Asia/Kathmandu",
  "Asia/Tehran",
  "Atlantic/Azores",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Pacific/Chatham",
  "America/Scoresbysund",
];
const zone = fc.oneof(fc.constantFrom(...ODD_ZONES), fc.constantFrom(...Intl.supportedValuesOf("timeZone"), "UTC"));
const moment = fc.integer({ min: Date.parse("2005-01-01T00:00:00Z"), max: Date.parse("2040-01-01T00:00:00Z") });
const window = fc.record({ every: fc.constantFrom(...EVERY), timeZone: zone });

const iso = ({ startsAt, endsAt }: { readonly startsAt: number; readonly endsAt: number }) => [
  new Date(startsAt).toISOString(),
  new Date(endsAt).toISOString(),
];
const at = (every: (typeof EVERY)[number], timeZone: string, text: string) =>
  iso(windowAt({ every, timeZone }, Date.parse(text)));

/** The date or hour that a clock in the zone shows, as the runtime's own formatter has it. */
function shown(every: (typeof EVERY)[number], timeZone: string, ms: number): string {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    calendar: "iso8601",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    hourCycle: "h23",
  });
  const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  const day = `${part["year"]}-${part["month"]}-${part["day"]}`;
  if (every === "month") return day.slice(0, 7);
  if (every === "day") return day;
  if (every === "hour") return `${day} ${part["hour"]}`;
  const date = Date.parse(`${day}T00:00:00Z`);
  return new Date(date - ((new Date(date).getUTCDay() + 6) % 7) * 86_400_000).toISOString().slice(0, 10);
}

describe("windows of the calendar", () => {
  it("hold their moment, and follow on one another without gap or overlap, in every zone", () => {
    fc.assert(
      fc.property(window, moment, (of, ms) => {
        const { startsAt, endsAt } = windowAt(of, ms);
        expect([startsAt <= ms, ms < endsAt]).toEqual([true, true]);
        for (const inside of [startsAt, endsAt - 1, Math.floor((startsAt + endsAt) / 2)])
          expect(windowAt(of, inside)).toEqual({ startsAt, endsAt });
        expect(windowAt(of, endsAt).startsAt).toBe(endsAt);
        expect(windowAt(of, startsAt - 1).endsAt).toBe(startsAt);
      }),
      { numRuns: 400 },
    );
  });

  it("are those that a clock in the zone shows", () => {
    fc.assert(
      fc.property(window, moment, (of, ms) => {
        const { startsAt, endsAt } = windowAt(of, ms);
        const show = (one: number) => shown(of.every, of.timeZone, one);
        // Until 2011, St. John's set its clock back over midnight: for a minute the new day had begun already.
        fc.pre(!(of.timeZone === "America/St_Johns" && ms < Date.parse("2012-01-01T00:00:00Z")));
        expect([show(startsAt), show(endsAt - 1)]).toEqual([show(ms), show(ms)]);
        // An hour that the clock shows twice, or half of, is two windows.
        if (of.every !== "hour") expect(show(endsAt) === show(ms)).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  it("have 23 and 25 hours where the clock is changed, begin at 01:00 where there is no midnight, and leave out lost days", () => {
    expect(at("day", "Europe/Berlin", "2026-03-29T12:00:00Z")).toEqual([
      "2026-03-28T23:00:00.000Z",
      "2026-03-29T22:00:00.000Z",
    ]);
    expect(at("day", "Europe/Berlin", "2026-10-25T12:00:00Z")).toEqual([
      "2026-10-24T22:00:00.000Z",
      "2026-10-25T23:00:00.000Z",
    ]);
    expect(at("day", "America/Sao_Paulo", "2018-11-04T12:00:00Z")).toEqual([
      "2018-11-04T03:00:00.000Z",
      "2018-11-05T02:00:00.000Z",
    ]);
    // Samoa had no 30 December 2011.
    expect(at("day", "Pacific/Apia", "2011-12-30T09:59:59Z")).toEqual([
      "2011-12-29T10:00:00.000Z",
      "2011-12-30T10:00:00.000Z",
    ]);
    expect(at("hour", "Australia/Lord_Howe", "2026-10-03T15:40:00Z")).toEqual([
      "2026-10-03T15:30:00.000Z",
      "2026-10-03T16:00:00.000Z",
    ]);
  });

  it("know leap days, and weeks that begin on Monday", () => {
    expect(at("day", "UTC", "2028-02-29T23:59:59Z")).toEqual(["2028-02-29T00:00:00.000Z", "2028-03-01T00:00:00.000Z"]);
    expect(at("month", "UTC", "2028-02-29T12:00:00Z")).toEqual([
      "2028-02-01T00:00:00.000Z",
      "2028-03-01T00:00:00.000Z",
    ]);
    expect(at("month", "UTC", "2100-02-28T12:00:00Z")[1]).toBe("2100-03-01T00:00:00.000Z");
    expect(at("week", "UTC", "2026-11-22T23:59:59Z")).toEqual(["2026-11-16T00:00:00.000Z", "2026-11-23T00:00:00.000Z"]);
  });

  it("are of IANA time zones only", () => {
    expect(["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"].map(isTimeZone)).toEqual(
      Array(4).fill(true),
    );
    expect(["", "Mars/Olympus", "+02:00", "-08", "UTC+1", "\u0000", "local"].map(isTimeZone)).toEqual(
      Array(7).fill(false),
    );
  });
});
