// Owns the shape of the source tree: who may import whom, how long files are, how they open and what they are called.
// Does not own style within a file (oxlint, oxfmt).

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { PRODUCT_VERSION } from "../src/protocol/index.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The folders in the order of the data's flow, and what each may import besides itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  board: ["protocol"],
  feed: ["protocol", "board"],
  log: ["protocol"],
  engine: ["protocol", "board", "feed", "log"],
  follow: ["protocol"],
  server: ["protocol", "board", "feed", "log", "engine", "follow"],
  client: ["protocol", "feed"],
  react: ["client"],
  dashboard: ["protocol", "client", "react"],
  cli: ["protocol", "board", "feed", "log", "engine", "follow", "server", "client"],
};
const MAX_LINES = 400;
const EMPTY_NAMES = /^(utils?|common|helpers?|misc|types)$/;

const filesBelow = (folder: string): string[] =>
  readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: "utf8" })
    .filter((path) => !/(^|\/)(fixtures|node_modules)\//.test(path))
    .map((path) => `${folder}/${path}`);
const isCode = (path: string): boolean => /\.(ts|tsx|mjs)$/.test(path);
const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path) || path.startsWith("test/");
const read = (path: string): string => readFileSync(`${ROOT}${path}`, "utf8");

const all = ["src", "test", "bench", "scripts"].flatMap(filesBelow);
const code = all.filter(isCode);
const product = code.filter((path) => path.startsWith("src/") && !isTest(path));

/** Modules that a file imports, its types and its lazy imports too. */
const importsOf = (path: string): string[] =>
  Array.from(read(path).matchAll(/(?:from|import|import\()\s*["']([^"']+)["']/g), (match) => match[1] ?? "");

describe("the source tree", () => {
  it("has only folders that the table of imports names", () => {
    const folders = new Set(product.map((path) => path.split("/")[1]));
    expect([...folders].filter((folder) => !Object.hasOwn(ALLOWED, folder ?? ""))).toEqual([]);
  });

  it("imports only along the flow of data", () => {
    const wrong: string[] = [];
    for (const path of product) {
      const own = path.split("/")[1]!;
      for (const target of importsOf(path).filter((one) => one.startsWith("."))) {
        const folder = new URL(target, `file:///${path}`).pathname.split("/")[2]!;
        if (folder !== own && !ALLOWED[own]?.includes(folder)) wrong.push(`${path} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("has no file that is too long to read", () => {
    const long = code.filter((path) => !isTest(path) && read(path).split("\n").length > MAX_LINES);
    expect(long).toEqual([]);
  });

  it("opens every file with what it owns (a test opens with its titles)", () => {
    const opens = (path: string): boolean =>
      read(path)
        .replace(/^#!.*\n/, "")
        .startsWith("// ");
    const silent = code.filter((path) => !/\.test\.tsx?$/.test(path) && !opens(path));
    expect(silent).toEqual([]);
  });

  it("has no folder or file whose name says nothing, and only kebab-case ones", () => {
    const names = all.flatMap((path) => path.split("/").map((part) => part.split(".")[0]!));
    expect(names.filter((name) => EMPTY_NAMES.test(name))).toEqual([]);
    expect(code.filter((path) => !/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(path.split("/").at(-1)!))).toEqual([]);
  });

  it("exports by name (tools' own configuration aside)", () => {
    const wrong = product.filter((path) => !path.endsWith(".config.ts") && /^export default\b/m.test(read(path)));
    expect(wrong).toEqual([]);
  });

  it("never turns an agent's text into markup (L10)", () => {
    const markup = product.filter((path) =>
      /dangerouslySetInnerHTML|\.(innerHTML|outerHTML)\s*=|insertAdjacentHTML|document\.write/.test(read(path)),
    );
    expect(markup).toEqual([]);
  });

  it("states one version", () => {
    const manifest = JSON.parse(read("package.json")) as { version: string };
    expect(PRODUCT_VERSION).toBe(manifest.version);
    expect(read("CHANGELOG.md")).toContain(`## ${manifest.version}`);
  });
});
