// Owns finding a Chromium for the end-to-end tests, and having Debian's installed where there is none (debian.mjs).
// Does not download browsers from anywhere else.

import { existsSync } from "node:fs";
import { ensurePackage } from "./debian.mjs";

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
  const installed = ensurePackage("chromium", "chromium");
  if (installed) return installed;
  console.error(
    "The end-to-end tests need Chromium. Install it (Debian: apt-get install chromium) or set CHROMIUM_PATH.",
  );
  return undefined;
}
