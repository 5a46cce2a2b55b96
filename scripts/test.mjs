// Owns `npm test`: set up what is missing, then every check there is, each in a section of its own.
// Arguments go to vitest (`npm test -- test/cli`). A failed section fails the run, but the others still run, so that one look shows all that is wrong.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureChromium } from "./chromium.mjs";
import { ensurePackage } from "./debian.mjs";
import { build, checkNode, installDependencies, npm, ROOT, run, runTool } from "./prepare.mjs";

const RESULTS = join(ROOT, "dist/.build/tests.json");
const failed = [];

function section(title, work) {
  console.log(`\n=== ${title} ===`);
  const startedMs = performance.now();
  const ok = work();
  console.log(`--- ${title}: ${ok ? "ok" : "FAILED"} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
  if (!ok) failed.push(title);
  return ok;
}

checkNode();
if (!section("Dependencies", installDependencies)) process.exit(1);
section("Chromium", () => {
  const path = ensureChromium();
  if (path) process.env.CHROMIUM_PATH = path;
  return path !== undefined;
});
section("nginx", () => {
  const path = ensurePackage("nginx", "nginx");
  if (path) process.env.NGINX_PATH = path;
  else console.error("The tests of a reverse proxy need nginx. Install it (Debian: apt-get install nginx).");
  // Makes the certificate of those tests.
  return path !== undefined && ensurePackage("openssl", "openssl") !== undefined;
});
const built = section("Types and build (tsc, vite)", () => build([]));
section("Format (oxfmt)", () => runTool("oxfmt", ["--check"]));
section("Lint (oxlint, type-aware)", () => runTool("oxlint", ["--type-aware"]));
section("Dead code (knip)", () => runTool("knip", ["--no-progress"]));
section("Tests (vitest)", () => {
  rmSync(RESULTS, { force: true });
  const args = [
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${RESULTS}`,
    ...process.argv.slice(2),
  ];
  if (built) return runTool("vitest", args);
  console.log("The build failed, so only the unit tests run; the system tests need dist/.");
  runTool("vitest", [...args, "--project=unit"]);
  return false;
});
if (built) section("Package (publint, attw)", checkPackage);

function checkPackage() {
  const folder = mkdtempSync(join(tmpdir(), "swarmboard-pack-"));
  try {
    if (!npm(["pack", "--silent", "--ignore-scripts", "--pack-destination", folder])) return false;
    const tarball = join(folder, readdirSync(folder)[0]);
    const linted = runTool("publint", ["run", tarball, "--strict"]);
    const attw = join(ROOT, "node_modules/@arethetypeswrong/cli/dist/index.js");
    return run(process.execPath, [attw, tarball, "--profile", "esm-only", "--no-emoji"]) && linted;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Vitest's own count. A file that failed before its first test is one failure. */
function testCounts() {
  try {
    const results = JSON.parse(readFileSync(RESULTS, "utf8"));
    const brokenFiles = results.testResults.filter(
      (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
    );
    return {
      passed: results.numPassedTests,
      failed: results.numFailedTests + brokenFiles.length,
      skipped: results.numPendingTests + results.numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

const counts = testCounts();
console.log(`\n${failed.length === 0 ? "All sections are ok." : `FAILED: ${failed.join("; ")}`}`);
if (counts.skipped > 0) console.log(`${counts.skipped} tests skipped`);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
