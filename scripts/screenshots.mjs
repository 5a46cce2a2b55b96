// Owns the pictures of README and docs: starts the real product, looks at it with Chromium, writes docs/images/*.png.
// Does not own the page. Run it after a change of the page: node scripts/screenshots.mjs (needs a build and Chromium).

import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const MAIN = join(ROOT, "dist/cli/main.js");
const IMAGES = join(ROOT, "docs/images");
/** How long the demo works before its picture is taken, in ms: long enough for budgets to fill and requests to wait. */
const DEMO_MS = 40_000;

/** Entries of the large board, and of one batch that makes it. */
const MANY = 300_000;
const STEP = 3000;

const DESK = { width: 1440, height: 900 };
const PHONE = { width: 375, height: 812 };

/** Starts `swarmboard` with these arguments; resolves with its address and how to end it. */
function start(args) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve, reject) => {
    let text = "";
    child.once("exit", (code) => reject(new Error(`swarmboard ended with ${code}:\n${text}`)));
    child.stdout.on("data", (bytes) => {
      text += bytes;
      const url = /listening on (http:\/\/\S+)/.exec(text)?.[1];
      if (url) resolve({ url, end: () => child.kill("SIGTERM"), crash: () => child.kill("SIGKILL") });
    });
  });
}

async function look(browser, url, { viewport = DESK, colorScheme = "light", scale = 1 } = {}) {
  const context = await browser.newContext({
    viewport,
    colorScheme,
    deviceScaleFactor: scale,
    reducedMotion: "no-preference",
  });
  const page = await context.newPage();
  await page.goto(`${url}/blackboard`);
  await page.locator(".connection[data-phase=live]").waitFor();
  return page;
}

/** Writes so many entries to a board, as a swarm might have them. */
async function fill(url, count) {
  const states = ["pending", "in_progress", "done", "blocked"];
  for (let n = 0; n < count; n += STEP) {
    const commands = Array.from({ length: STEP }, (_, i) => {
      const at = n + i;
      const task = `task:${String(Math.floor(at / 3)).padStart(6, "0")}`;
      if (at % 3 === 0) return { type: "entry.put", key: `${task}:owner`, value: `agent-${at % 97}` };
      if (at % 3 === 1) return { type: "entry.put", key: `${task}:status`, value: states[at % 4] };
      return { type: "entry.put", key: `${task}:result`, value: { tokens: at * 7, notes: ["checked", "merged"] } };
    });
    const answer = await fetch(`${url}/api/v1/boards/default/commands`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Swarmboard-Agent": `agent-${(n / STEP) % 97}` },
      body: JSON.stringify({ type: "batch", commands }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    await answer.text();
  }
}

async function take(page, name) {
  await page.screenshot({ path: join(IMAGES, `${name}.png`) });
  console.log(`docs/images/${name}.png`);
}

const executablePath =
  process.env.CHROMIUM_PATH ?? ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-quic"] });
mkdirSync(IMAGES, { recursive: true });

const demo = await start(["demo", "--memory", "--port", "0"]);
const empty = await start(["serve", "--memory", "--port", "0"]);
try {
  await take(await look(browser, empty.url), "empty");

  const light = await look(browser, demo.url);
  const dark = await look(browser, demo.url, { colorScheme: "dark" });
  const phone = await look(browser, demo.url, { viewport: PHONE, colorScheme: "dark", scale: 2 });
  await light.waitForTimeout(DEMO_MS);
  await take(light, "dashboard-light");
  await take(dark, "dashboard-dark");
  await take(phone, "dashboard-phone");

  await light.locator(".entry .unfold").nth(1).click();
  await light.waitForTimeout(400);
  await take(light, "details");

  await dark.getByRole("button", { name: /Live Updates/ }).click();
  await dark.waitForTimeout(6000);
  await take(dark, "frozen");
  await dark.getByRole("button", { name: /Live Updates/ }).click();

  await fill(empty.url, MANY);
  const large = await look(browser, empty.url);
  const list = large.locator(".large-list");
  await list.locator(".entry[data-key]").first().waitFor();
  await list.evaluate((element) => {
    element.scrollTop = element.scrollHeight / 2;
  });
  await large.waitForTimeout(1000);
  await list.locator(".entry[data-key$=':result']").nth(6).click();
  await large.waitForTimeout(400);
  await take(large, "large");

  demo.crash();
  await light.getByText(/This data is/).waitFor({ timeout: 20_000 });
  await light.locator(".connection[data-phase=offline]").waitFor();
  await light.evaluate(() => scrollTo(0, 0));
  await take(light, "disconnected");
} finally {
  await browser.close();
  empty.end();
  demo.end();
}
