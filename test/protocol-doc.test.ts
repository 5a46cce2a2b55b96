// Owns that docs/protocol.md is true where a machine can see it: its examples, its tables, and the rules that tests cite.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { CLOSE, SESSION_LIMITS, welcomeSchema } from "../src/protocol/index.ts";
import { CLIENT_MESSAGES, clientMessageSchema, serverMessageSchema } from "../src/protocol/wire/envelope.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(`${ROOT}${path}`, "utf8");
const page = read("docs/protocol.md");

interface RpcMessage {
  readonly jsonrpc: string;
  readonly method?: string;
  readonly params?: unknown;
}

/** The page's JSON blocks that are messages. "…" in them stands for text, and is text. */
const examples = Array.from(page.matchAll(/^```json\n([\s\S]*?)^```$/gm), (match) => JSON.parse(match[1] ?? "")).filter(
  (one): one is RpcMessage => typeof one === "object" && one !== null && "jsonrpc" in one,
);

describe("docs/protocol.md: examples and tables", () => {
  it("shows only messages that the schemas know, with no member that they do not", () => {
    expect(examples.length).toBeGreaterThanOrEqual(2);
    for (const example of examples) {
      const isCall = example.method !== undefined && example.method in CLIENT_MESSAGES;
      const parsed = (isCall ? clientMessageSchema : serverMessageSchema).safeParse(example);
      expect(parsed.error).toBeUndefined();
      // Unknown members are left out by the schema: a misspelt one shows here.
      expect(parsed.data).toStrictEqual(example);
    }
  });

  it("W-CONN-4: the welcome of the page tells the limits that the server has", () => {
    const welcome = examples.find((one) => one.method === "welcome");
    expect(welcomeSchema.parse(welcome?.params).limits).toStrictEqual({ ...SESSION_LIMITS });
  });

  it("W-CONN-5: the table of requests has every request, with the parameters of its schema", () => {
    const section = page.slice(page.indexOf("\n## 3 "), page.indexOf("\n## 4 "));
    const rows = new Map(
      Array.from(section.matchAll(/^\| `(\w+)`(?: \(a notification\))? \| `\{(.*?)\}` \|/gm), (match) => [
        match[1] ?? "",
        (match[2] ?? "").split(", ").filter((name) => name !== ""),
      ]),
    );
    expect([...rows.keys()].sort()).toStrictEqual(Object.keys(CLIENT_MESSAGES).sort());
    for (const [method, { shape }] of Object.entries(CLIENT_MESSAGES)) {
      const params = "unwrap" in shape.params ? shape.params.unwrap() : shape.params;
      const told = (rows.get(method) ?? []).map((name) => name.replace(/\?$/, ""));
      const known = Object.keys(params.shape);
      expect([method, told.filter((name) => name !== "…filter" && !known.includes(name))]).toStrictEqual([method, []]);
      if (!told.includes("…filter")) expect([method, told]).toStrictEqual([method, known]);
    }
  });

  it("W-BACK-4: the table of close codes has every code", () => {
    const codes = Array.from(page.matchAll(/^\| (\d{4}(?:, \d{4})*) \|/gm), (match) => match[1] ?? "");
    expect(codes.flatMap((cell) => cell.split(", ")).map(Number)).toStrictEqual(
      Object.values(CLOSE).map(({ code }) => code),
    );
  });
});

const RULE = /\bW-[A-Z]+-\d+\b/g;
const defined = Array.from(page.matchAll(/\*\*(W-[A-Z]+-\d+)\*\*/g), (match) => match[1] ?? "");

const files = ["src", "test", "docs"].flatMap((folder) =>
  readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(tsx?|mjs|md)$/.test(path) && !/(^|\/)(fixtures|node_modules)\//.test(path))
    .map((path) => `${folder}/${path}`),
);

/** Rule ids in a test's texts, which is where its titles are; comments aside. */
function citedBy(path: string): string[] {
  const lines = read(path).split("\n");
  return lines.filter((line) => !/^\s*(\/\/|\*|\/\*)/.test(line)).flatMap((line) => line.match(RULE) ?? []);
}

describe("docs/protocol.md: rules", () => {
  it("gives each rule an id of its own", () => {
    expect(defined.length).toBeGreaterThan(40);
    expect(defined.filter((id, i) => defined.indexOf(id) !== i)).toStrictEqual([]);
  });

  it("has every rule that a title, a comment or a page cites", () => {
    const unknown = files.flatMap((path) =>
      (read(path).match(RULE) ?? []).filter((id) => !defined.includes(id)).map((id) => `${path} cites ${id}`),
    );
    expect(unknown).toStrictEqual([]);
  });

  it("has no rule that no test's title cites", () => {
    const cited = new Set(files.filter((path) => /\.test\.tsx?$/.test(path)).flatMap(citedBy));
    expect(defined.filter((id) => !cited.has(id))).toStrictEqual([]);
  });
});
