// Owns the proof that README names only what is there: files, scripts, commands, benchmarks.

import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const readme = read("README.md");
const found = (pattern: RegExp): string[] => [...readme.matchAll(pattern)].map((match) => match[1] ?? "");

it("every file that README names or links is there", () => {
  const paths = [...found(/`((?:src|test|docs|bench)\/[\w./-]+)`/g), ...found(/\]\((?!https?:)([^)#]+)\)/g)];
  expect(paths.length).toBeGreaterThan(10);
  expect(paths.filter((path) => !existsSync(new URL(`../${path}`, import.meta.url)))).toEqual([]);
});

it("every npm script that README names exists", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  const named = [...found(/npm run ([\w:-]+)/g), ...found(/npm (start|test)/g)];
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

it("every benchmark that README names exists", () => {
  const names = found(/npm run bench -- ([\w|]+)/g).flatMap((list) => list.split("|"));
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !existsSync(new URL(`../bench/${name}.mjs`, import.meta.url)))).toEqual([]);
});
