// Owns the compiling of the load programs in this folder: once, and again only when a source has changed.
// Not into dist, which is what gets published.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const TARGET = fileURLToPath(new URL("../../node_modules/.cache/swarmboard-bench/", import.meta.url));

/** Compile `<name>.c` and return the program's path. */
export function compile(name) {
  const hash = createHash("sha256");
  for (const file of readdirSync(FOLDER).sort()) {
    if (file === `${name}.c` || file.endsWith(".h")) hash.update(readFileSync(FOLDER + file));
  }
  const program = `${TARGET}${name}-${hash.digest("hex").slice(0, 12)}`;
  if (existsSync(program)) return program;
  mkdirSync(TARGET, { recursive: true });
  // Only the reading of compressed frames needs zlib; the program asks for its header itself.
  const args = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", program, `${FOLDER}${name}.c`];
  const results = [];
  for (const compiler of ["gcc", "cc"]) {
    for (const more of [["-lz"], ["-DNO_ZLIB"]]) {
      const result = spawnSync(compiler, [...args, ...more], { encoding: "utf8" });
      if (result.status === 0) return program;
      results.push(result);
    }
  }
  if (results.every((result) => result.error?.code === "ENOENT")) {
    throw new Error(
      "The load of this benchmark is a C program and there is no compiler: apt-get install gcc libc6-dev",
    );
  }
  throw new Error(`${name}.c does not compile:\n${results.find((result) => !result.error)?.stderr}`);
}
