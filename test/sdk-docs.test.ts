// docs/sdk.md, as one program: every block is type-checked and run against a server, and prints what the page says. The README's
// block is type-checked.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { serve, startProgram, stopAll } from "./cli/program.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MODULES = ["ws", "zod", "react", "react-dom", "happy-dom", "@types"];
const TSCONFIG = {
  extends: `${ROOT}tsconfig.base.json`,
  compilerOptions: {
    composite: false,
    declaration: false,
    rootDir: ".",
    outDir: ".",
    lib: ["ES2023", "ESNext.String", "DOM", "DOM.Iterable"],
    jsx: "react-jsx",
    types: ["node"],
  },
  files: ["page.tsx", "readme.ts"],
};
/** Shows what the page exports, when all of it has run. */
const SHOW = `
import { app } from "./page.js";
import { Window } from "happy-dom";
const window = new Window();
const { document, navigator } = window;
for (const [name, value] of Object.entries({ window, document, navigator }))
  Object.defineProperty(globalThis, name, { value, configurable: true });
const { createRoot } = await import("react-dom/client");
const place = document.createElement("div");
const root = createRoot(place);
root.render(app);
while (!place.textContent.includes("task:3")) await new Promise((resolve) => setTimeout(resolve, 10));
console.log(place.querySelector("ul").title, place.textContent);
root.unmount();
app.props.client.close();
await window.happyDOM.close();
`;

const blocksOf = (text: string): string[] =>
  Array.from(text.matchAll(/^```(?:ts|tsx|js)\n([\s\S]*?)^```$/gm), (match) => match[1] ?? "");

let folder: string;
let page: string;
beforeAll(async () => {
  page = await readFile(`${ROOT}docs/sdk.md`, "utf8");
  folder = await mkdtemp(join(tmpdir(), "swarmboard-sdk-docs-"));
  await mkdir(join(folder, "node_modules"));
  await symlink(ROOT, join(folder, "node_modules/swarmboard"));
  for (const name of MODULES) await symlink(`${ROOT}node_modules/${name}`, join(folder, "node_modules", name));
});
afterAll(async () => {
  await stopAll();
  await rm(folder, { recursive: true, force: true });
});

it("every block of docs/sdk.md compiles, runs, and prints what the page says", async () => {
  const server = await serve();
  const blocks = blocksOf(page);
  expect(blocks.length).toBeGreaterThan(12);
  const program = blocks.join("\n").replaceAll("http://127.0.0.1:8000", server.url);
  await writeFile(join(folder, "package.json"), '{"type": "module"}');
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG));
  await writeFile(join(folder, "page.tsx"), program);
  await writeFile(join(folder, "readme.ts"), blocksOf(await readFile(`${ROOT}README.md`, "utf8")).join("\n"));
  await writeFile(join(folder, "show.js"), SHOW);
  const compiled = await promisify(execFile)(process.execPath, [
    `${ROOT}node_modules/typescript/bin/tsc`,
    "-p",
    folder,
  ]).catch((error: { stdout: string }) => error);
  expect(compiled.stdout).toBe("");

  const { code, stdout, stderr } = await startProgram(process.execPath, ["show.js"], { cwd: folder }).ended;
  expect([code, stderr]).toEqual([0, expect.not.stringContaining("Error")]);
  const promised = Array.from(program.matchAll(/\/\/ → (.*)$/gm), (match) => match[1]);
  const shown = [
    'live task:1: {"status":"claimed","note":"shown at once"}task:2: {"status":"done"}task:3: {"status":"unheard of"}',
  ];
  expect(stdout.trim().split("\n")).toEqual([...promised, ...shown]);
});

it("names every code of the client's own, and every function that the packages export", async () => {
  const exported = async (path: string) =>
    Array.from((await readFile(`${ROOT}${path}`, "utf8")).matchAll(/export (?:type )?\{([^}]*)\}/g), (match) =>
      (match[0].startsWith("export type") ? "" : (match[1] ?? "")).split(",").map((name) => name.trim()),
    )
      .flat()
      .filter((name) => name !== "" && !name.startsWith("type "));
  const names = [...(await exported("src/client/index.ts")), ...(await exported("src/react/index.ts"))];
  expect(names.length).toBeGreaterThan(10);
  expect(names.filter((name) => !page.includes(name))).toEqual([]);
  for (const code of ["unreachable", "closed", "stopped"]) expect(page).toContain(`\`${code}\``);
});
