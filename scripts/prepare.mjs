// Owns the set-up that `npm start` and `npm test` share: Node's version, dependencies, the build.
// Does not own what runs afterwards. Invariant: when everything is fresh it starts no process and takes milliseconds.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
export const MAIN = join(ROOT, "dist/cli/main.js");
const BUILD_STAMP = join(ROOT, "dist/.build/sources.sha256");
const MIN_NODE = [20, 19];

/** The version check comes before any import of a dependency, so that an old Node says this and not a syntax error. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])) return;
  console.error(
    `Swarmboard needs Node ${MIN_NODE.join(".")} or newer; this is ${process.versions.node} (${process.execPath}).`,
  );
  console.error("Install a newer one from https://nodejs.org or your distribution, then run the same command again.");
  process.exit(1);
}

/** Run a program with its output shown. Returns whether it ended with 0. */
export function run(program, args, options = {}) {
  const result = spawnSync(program, args, { cwd: ROOT, stdio: "inherit", ...options });
  if (result.error) console.error(`${program}: ${result.error.message}`);
  return result.status === 0;
}

/** Run a program that a dependency installs, by its script, so that no shell and no PATH are needed. */
export function runTool(name, args, options = {}) {
  const manifest = JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8"));
  const bin = typeof manifest.bin === "string" ? manifest.bin : (manifest.bin[name] ?? Object.values(manifest.bin)[0]);
  return run(process.execPath, [join(ROOT, "node_modules", name, bin), ...args], options);
}

export function npm(args, options = {}) {
  const env = { ...process.env };
  // npm wants to write its cache below HOME; where that cannot be (a service user, a read-only home) it gets another place.
  if (!env.npm_config_cache && !writable(homedir())) env.npm_config_cache = join(tmpdir(), "swarmboard-npm-cache");
  const cli = process.env.npm_execpath;
  if (cli?.endsWith(".js")) return run(process.execPath, [cli, ...args], { env, ...options });
  return run("npm", args, { env, ...options });
}

function writable(folder) {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** `npm ci` unless what is installed is what the lock file names. */
export function installDependencies() {
  const stale = staleDependency();
  if (stale === undefined) return true;
  console.error(`Installing dependencies (${stale}) …`);
  return npm(["ci", "--include=dev", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]);
}

/** Why the installed packages differ from the lock file, or undefined. npm keeps its own list of what it installed. */
function staleDependency() {
  const installedPath = join(ROOT, "node_modules/.package-lock.json");
  if (!existsSync(installedPath)) return "none are installed yet";
  const locked = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(readFileSync(installedPath, "utf8")).packages;
  for (const [path, wanted] of Object.entries(locked)) {
    // Optional packages are left out where they are for another platform.
    if (path === "" || (wanted.optional && !installed[path])) continue;
    if (installed[path]?.version !== wanted.version)
      return `${path.replace("node_modules/", "")} ${wanted.version} is missing`;
  }
  return undefined;
}

/** Build the program and the dashboard unless they are as new as their sources. */
export function buildWhenStale() {
  const sources = fingerprint();
  if (existsSync(MAIN) && existsSync(BUILD_STAMP) && readFileSync(BUILD_STAMP, "utf8") === sources) return true;
  console.error("Building …");
  return build(["src/cli"], sources);
}

/** `projects` are what to type-check and compile; none for everything, tests included. */
export function build(projects, sources = fingerprint()) {
  rmSync(BUILD_STAMP, { force: true });
  dropOrphans("");
  const compiled = runTool("typescript", ["-b", ...projects]);
  const bundled = runTool("vite", ["build", "src/dashboard", "--logLevel", "warn"]);
  if (!compiled || !bundled) return false;
  mkdirSync(join(ROOT, "dist/.build"), { recursive: true });
  writeFileSync(BUILD_STAMP, sources);
  return true;
}

/** Changes whenever a file that the build reads is added, removed or changed. */
function fingerprint() {
  const hash = createHash("sha256");
  const add = (path) => {
    const stat = statSync(join(ROOT, path));
    if (stat.isFile()) hash.update(`${path} ${stat.mtimeMs} ${stat.size}\n`);
  };
  for (const path of readdirSync(join(ROOT, "src"), { recursive: true }).toSorted((a, b) => (a < b ? -1 : 1))) {
    if (!path.includes(".test.")) add(join("src", path));
  }
  for (const path of ["package.json", "package-lock.json", "tsconfig.base.json"]) add(path);
  return hash.digest("hex");
}

/** Compiled files whose source is gone would go on to be packed and imported. */
function dropOrphans(folder) {
  const target = join(ROOT, "dist", folder);
  if (!existsSync(target)) return;
  for (const item of readdirSync(target, { withFileTypes: true })) {
    const path = join(folder, item.name);
    if (item.isDirectory()) {
      if (path !== ".build" && path !== "dashboard") dropOrphans(path);
      continue;
    }
    const source = path.match(/^(.*?)(\.d\.ts|\.js)$/)?.[1];
    if (source === undefined || [".ts", ".tsx"].some((end) => existsSync(join(ROOT, "src", source + end)))) continue;
    // tsc believes its own notes about what it wrote, so they go too.
    rmSync(join(ROOT, "dist", path));
    rmSync(join(ROOT, "dist/.build"), { recursive: true, force: true });
  }
}
