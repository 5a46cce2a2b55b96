import { describe, expect, it } from "vitest";
import { traceOf } from "./links.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

describe("a traceparent (W3C Trace Context, 3.2.2)", () => {
  it("gives its trace and span, also in a later version with more fields", () => {
    for (const header of [
      `00-${TRACE}-${SPAN}-00`,
      ` 00-${TRACE}-${SPAN}-01 `,
      `cc-${TRACE}-${SPAN}-01-what-will-be`,
    ]) {
      expect(traceOf(header)).toBe(`${TRACE}-${SPAN}`);
    }
  });

  it.each([
    undefined,
    "",
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `cc-${TRACE}-${SPAN}-01-${"x".repeat(600)}`,
    ["00", TRACE],
  ])("%j is passed over", (header) => {
    expect(traceOf(header)).toBeUndefined();
  });
});
