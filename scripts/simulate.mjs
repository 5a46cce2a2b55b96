// Owns `npm run simulate -- [--scenarios N] [--seed N] [--jobs N] [--trace]`: plays N scenarios of test/simulation from a seed on,
// on all cores, and says which failed and how to play one of them again. Does not own what a scenario is.

import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "vite";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const OUT = join(ROOT, "dist/.build/simulation");
const MAX_FAILURES = 10;
/** A scenario that takes so long never ends. */
const HANGS_AFTER_MS = 120_000;

const { values } = parseArgs({
  options: {
    scenarios: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    jobs: { type: "string", default: String(availableParallelism()) },
    trace: { type: "boolean", default: false },
  },
});
const first = Number(values.seed);
const count = Number(values.scenarios);

// Bundled from the sources as they are: a type error does not keep a simulation from running.
await build({
  configFile: false,
  root: ROOT,
  logLevel: "error",
  build: {
    ssr: "test/simulation/play.ts",
    outDir: OUT,
    emptyOutDir: true,
    minify: false,
    target: "node20",
    rolldownOptions: { output: { entryFileNames: "play.mjs" } },
  },
});
const program = join(OUT, "play.mjs");

function tell({ seed, wrongs, trace }) {
  console.log(`\nSeed ${seed} failed:`);
  for (const wrong of wrongs) console.log(`  ${wrong}`);
  if (!values.trace) for (const line of trace) console.log(`    ${line}`);
  console.log(`Play it again: npm run simulate -- --seed ${seed} --scenarios 1 --trace`);
}

if (values.trace) {
  const { playScenario } = await import(program);
  for (let seed = first; seed < first + count; seed++) {
    const verdict = await playScenario(seed, { print: (line) => console.log(line) });
    console.log(`seed ${seed}, trace ${verdict.hash}, ${JSON.stringify(verdict.facts)}`);
    if (verdict.wrongs.length > 0) tell(verdict);
  }
  process.exit(0);
}

const startedMs = performance.now();
let next = first;
let done = 0;
const failed = [];
const sums = {};

const progress = () => {
  const perSecond = (done / (performance.now() - startedMs)) * 1000;
  return `${done} of ${count} scenarios, ${perSecond.toFixed(1)} a second, ${failed.length} failed`;
};
const ticker = setInterval(() => console.log(progress()), process.stdout.isTTY ? 1000 : 10_000);

/** One process, which plays seeds until none is left. A crash is the failure of the seed that it played. */
const worker = () =>
  new Promise((resolve) => {
    const child = fork(program, { execArgv: ["--max-semi-space-size=64"] });
    let playing;
    let watchdog;
    const give = () => {
      if (next >= first + count || failed.length >= MAX_FAILURES) return child.disconnect();
      playing = next++;
      watchdog = setTimeout(() => child.kill("SIGKILL"), HANGS_AFTER_MS);
      return child.send(playing);
    };
    child.on("message", (verdict) => {
      done++;
      playing = undefined;
      clearTimeout(watchdog);
      for (const [name, value] of Object.entries(verdict.facts)) sums[name] = (sums[name] ?? 0) + value;
      if (verdict.wrongs.length > 0) {
        failed.push(verdict.seed);
        tell(verdict);
      }
      give();
    });
    child.on("exit", (code, signal) => {
      clearTimeout(watchdog);
      if (playing !== undefined) {
        failed.push(playing);
        tell({ seed: playing, wrongs: [`the process ended with ${signal ?? code}`], trace: [] });
      }
      resolve();
    });
    give();
  });

await Promise.all(Array.from({ length: Math.min(Number(values.jobs), count) }, worker));
clearInterval(ticker);
console.log(`\nSeeds ${first} to ${next - 1}: ${progress()}.`);
const figures = Object.entries(sums).map(([name, sum]) => `${name} ${Math.round(sum).toLocaleString("en")}`);
console.log(figures.join(", "));
if (failed.length > 0) console.log(`Failed seeds: ${failed.sort((a, b) => a - b).join(" ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
