// docs/budgets-gateway.md, as one program: every block is type-checked and run against a board server, which has the page's own
// file of prices, and a model server. It prints what the page says.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import * as gateway from "../../src/client/gateway/index.ts";
import { carriedTable } from "../../src/server/prices/price-table.ts";
import { serve, startProgram, stopAll } from "../cli/program.ts";
import { type ModelServer, startModelServer } from "./model-server.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TSCONFIG = {
  extends: `${ROOT}/tsconfig.base.json`,
  compilerOptions: {
    composite: false,
    declaration: false,
    rootDir: ".",
    outDir: ".",
    lib: ["ES2023", "ESNext.String", "DOM", "DOM.Iterable"],
    types: ["node"],
  },
  files: ["page.ts"],
};

let folder: string;
let page: string;
let model: ModelServer;
beforeAll(async () => {
  page = await readFile(join(ROOT, "docs/budgets-gateway.md"), "utf8");
  folder = await mkdtemp(join(tmpdir(), "swarmboard-gateway-docs-"));
  await mkdir(join(folder, "node_modules"));
  await symlink(ROOT, join(folder, "node_modules/swarmboard"));
  await symlink(join(ROOT, "node_modules/@types"), join(folder, "node_modules/@types"));
  model = await startModelServer();
});
afterAll(async () => {
  await stopAll();
  await model.close();
  await rm(folder, { recursive: true, force: true });
});

const blocksOf = (language: string): string[] =>
  Array.from(page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm")), (match) => match[1] ?? "");

it("every block of docs/budgets-gateway.md compiles, runs, and prints what the page says", async () => {
  const [prices] = blocksOf("json");
  await writeFile(join(folder, "prices.json"), prices ?? "");
  const server = await serve(["--port", "0", "--data", join(folder, "data"), "--prices", join(folder, "prices.json")]);
  const blocks = blocksOf("ts");
  expect(blocks.length).toBeGreaterThan(4);
  const program = blocks
    .join("\n")
    .replaceAll("http://127.0.0.1:8000", server.url)
    .replaceAll("http://127.0.0.1:9000", model.url);
  await writeFile(join(folder, "package.json"), '{"type": "module"}');
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG));
  await writeFile(join(folder, "page.ts"), program);
  const compiled = await promisify(execFile)(process.execPath, [
    join(ROOT, "node_modules/typescript/bin/tsc"),
    "-p",
    folder,
  ]).catch((error: { stdout: string }) => error);
  expect(compiled.stdout).toBe("");
  const { code, stdout, stderr } = await startProgram(process.execPath, ["page.js"], { cwd: folder }).ended;
  expect([code, stderr]).toEqual([0, expect.not.stringContaining("Error")]);
  expect(stdout.trim().split("\n")).toEqual(Array.from(page.matchAll(/\/\/ → (.*)$/gm), (match) => match[1]));
});

it("names everything that swarmboard/gateway exports, and tells how large the table is", () => {
  const names = Object.keys(gateway);
  expect(names.length).toBeGreaterThan(3);
  expect(names.filter((name) => !page.includes(`\`${name}\``) && !page.includes(`${name}(`))).toEqual([]);
  const { models } = carriedTable();
  const providers = new Set(models.map(({ name }) => name.split("/")[0]));
  expect(page).toContain(`${models.length} models of ${providers.size} providers`);
});
