// docs/budgets.md is true: its commands are run against a server in their order, and print what the page says; its program
// compiles, runs between them, and prints what it promises.

import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { serve, startProgram, stopAll } from "./cli/program.ts";
import { ask } from "./server/harness.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TSCONFIG = {
  extends: `${ROOT}tsconfig.base.json`,
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
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "swarmboard-budgets-docs-"));
  await mkdir(join(folder, "node_modules"));
  await symlink(ROOT, join(folder, "node_modules/swarmboard"));
  await symlink(`${ROOT}node_modules/@types`, join(folder, "node_modules/@types"));
  await writeFile(join(folder, "swarmboard"), `#!/bin/sh\nexec "${process.execPath}" "${ROOT}dist/cli/main.js" "$@"\n`);
  await chmod(join(folder, "swarmboard"), 0o755);
});
afterAll(async () => {
  await stopAll();
  await rm(folder, { recursive: true, force: true });
});

/** Columns are as wide as what is in them, which is not always the same. */
const columns = (text: string): string =>
  text
    .replaceAll(/[ \t]+$/gm, "")
    .replaceAll(/ {2,}/g, "  ")
    .trimEnd();

/** What the page says as a pattern: `…` stands for anything within a line. */
const pattern = (text: string): RegExp =>
  new RegExp(`^${text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("…", "[^\\n]*?")}$`);

it("every command and program of docs/budgets.md does what the page says", { retry: 0, timeout: 120_000 }, async () => {
  const page = await readFile(`${ROOT}docs/budgets.md`, "utf8");
  const server = await serve();
  const local = (text: string): string => text.replaceAll("http://127.0.0.1:8000", server.url);
  const env = { SWARMBOARD_URL: server.url, PATH: `${folder}:${process.env["PATH"] ?? ""}` };
  const shell = async (line: string): Promise<string> => {
    const { stdout, stderr } = await startProgram("/bin/sh", ["-c", line], { env, cwd: folder }).ended;
    return columns(`${stdout}${stderr}`);
  };
  let commands = 0;
  let programs = 0;
  for (const [, language, block = ""] of page.matchAll(/^```(console|ts)\n([\s\S]*?)^```$/gm)) {
    if (language === "ts") {
      programs++;
      await writeFile(join(folder, "package.json"), '{"type": "module"}');
      await writeFile(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG));
      await writeFile(join(folder, "page.ts"), local(block));
      const tsc = [`${ROOT}node_modules/typescript/bin/tsc`, "-p", folder];
      const compiled = await promisify(execFile)(process.execPath, tsc).catch((error: { stdout: string }) => error);
      expect(compiled.stdout).toBe("");
      const ran = await startProgram(process.execPath, ["page.js"], { cwd: folder }).ended;
      expect([ran.code, ran.stderr]).toEqual([0, ""]);
      const promised = Array.from(block.matchAll(/\/\/ → (.*)$/gm), (match) => match[1]);
      expect(ran.stdout.trim().split("\n")).toEqual(promised);
      continue;
    }
    for (const step of block.split(/^\$ /m).slice(1)) {
      commands++;
      const [line = "", ...said] = step.trimEnd().split("\n");
      const expected = columns(said.join("\n"));
      expect([line, await shell(local(line))]).toEqual([line, expect.stringMatching(pattern(expected))]);
    }
  }
  expect([commands > 15, programs]).toEqual([true, 1]);

  // Every route that the page names is there.
  const { paths } = (await ask({ port: Number(new URL(server.url).port) }, "GET", "/api/openapi.json")).json as {
    paths: Record<string, Record<string, unknown>>;
  };
  const named = Array.from(page.matchAll(/`(?:(GET|POST|PATCH|DELETE) )((?:budgets|holds|alerts|pauses)[^`?]*)/g));
  expect(named.length).toBeGreaterThan(10);
  for (const [, method = "", path = ""] of named)
    expect([method, path, paths[`/api/v1/boards/{board}/${path}`]]).toEqual([
      method,
      path,
      expect.objectContaining({ [method.toLowerCase()]: expect.anything() }),
    ]);
});
