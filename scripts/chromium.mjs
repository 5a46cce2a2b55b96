// Owns finding a Chromium for the end-to-end tests, and installing Debian's where there is none.
// Does not download browsers from anywhere else.

import { existsSync } from "node:fs";
import { run } from "./prepare.mjs";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Path of a browser, or undefined after saying what to do. */
export function ensureChromium() {
  const named = process.env.CHROMIUM_PATH;
  if (named) {
    if (existsSync(named)) return named;
    console.error(`CHROMIUM_PATH names ${named}, which does not exist.`);
    return undefined;
  }
  const found = PLACES.find((path) => existsSync(path));
  if (found) return found;
  if (existsSync("/usr/bin/apt-get")) {
    const asRoot = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const apt = (...args) => {
      const [program, ...rest] = [...asRoot, "apt-get", "-q", ...args];
      return run(program, rest, { env });
    };
    console.log("Installing Chromium …");
    // A stale package list names files that mirrors no longer have; a failed update may still leave a usable one.
    apt("update");
    if (apt("install", "-y", "--no-install-recommends", "chromium") && existsSync(PLACES[0])) return PLACES[0];
  }
  console.error(
    "The end-to-end tests need Chromium. Install it (Debian: apt-get install chromium) or set CHROMIUM_PATH.",
  );
  return undefined;
}
