// Owns the proof of the seed's budget figures.

import { expect, it } from "vitest";
import { budgetPercentage, budgetStatus } from "./items.ts";

it.each([
  [0, 100, "active"],
  [79.9, 100, "active"],
  [80, 100, "warning"],
  [89.9, 100, "warning"],
  [90, 100, "critical"],
  [99.9, 100, "critical"],
  [100, 100, "exhausted"],
  [5500, 5000, "exhausted"],
  [0, 0, "exhausted"],
  [1, 0, "exhausted"],
])("%d of %d tokens is %s", (usedTokens, limitTokens, status) => {
  expect(budgetStatus({ usedTokens, limitTokens, saidExhausted: false })).toBe(status);
});

it("a followed file's own word for exhausted counts, whatever its figures say", () => {
  expect(budgetStatus({ usedTokens: 0, limitTokens: 500, saidExhausted: true })).toBe("exhausted");
});

it("use beyond the limit shows as more than 100 %", () => {
  expect(budgetPercentage(5500, 5000)).toBeCloseTo(110);
  expect(budgetPercentage(0, 0)).toBe(0);
});
