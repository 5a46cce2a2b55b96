// Owns finding a program that the tests need, and installing Debian's package of it where there is none.
// Does not start what it installs: a package's own service stays down. Nothing comes from anywhere but the package manager.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run } from "./prepare.mjs";

/** Where programs are, also those for administrators, which a user's PATH leaves out. */
const FOLDERS = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/usr/bin"];

const find = (binary) =>
  FOLDERS.filter((folder) => folder !== "")
    .map((folder) => join(folder, binary))
    .find((path) => existsSync(path));

/** Path of a program, installed first if need be, or undefined where it cannot be had. */
export function ensurePackage(binary, name) {
  const found = find(binary);
  if (found || !existsSync("/usr/bin/apt-get")) return found;
  // Runlevel 1 has no services, so that a package does not start one now. sudo would drop an environment of ours.
  const settings = ["DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1"];
  const asRoot = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  const apt = (...args) => {
    const [program, ...rest] = [...asRoot, "env", ...settings, "apt-get", "-q", ...args];
    return run(program, rest);
  };
  console.log(`Installing ${name} …`);
  // A stale package list names files that mirrors no longer have; a failed update may still leave a usable one.
  apt("update");
  apt("install", "-y", "--no-install-recommends", name);
  return find(binary);
}
