// Owns the benchmark of reading a large board in the dashboard: a real Chromium scrolls a million entries by wheel, by jumps and by
// dragging. Peer in the same run: the same on the smallest board that is read so, because the size should cost nothing.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";
import { percentile } from "./figures.mjs";

const CLI = new URL("../dist/cli/main.js", import.meta.url).pathname;
const SMALL = 8000;
const BATCH = 5000;
/** A frame that took longer was late by one or more, in ms. */
const LATE_FRAME_MS = 25;
const GESTURES = [
  { name: "wheel 100 px every 50 ms", steps: 200, px: 100, pauseMs: 50 },
  { name: "wheel 300 px every 16 ms", steps: 200, px: 300, pauseMs: 16 },
  { name: "fling, 2000 px every 16 ms", steps: 100, px: 2000, pauseMs: 16 },
];

/** Writes the entries of these numbers, in one batch. */
async function put(url, numbers) {
  const commands = numbers.map((n) => ({
    type: "entry.put",
    key: `task:${String(n).padStart(7, "0")}:result`,
    value: { state: "done", owner: `agent-${n % 97}`, tokens: n * 3, summary: "what came out of it".repeat(3) },
  }));
  const answer = await fetch(`${url}/api/v1/boards/default/commands`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Swarmboard-Agent": "bench" },
    body: JSON.stringify({ type: "batch", commands }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
}

/** 1000 writes a second, all over the board, until the result is called. */
function writeOn(url, count) {
  const startedAt = performance.now();
  let written = 0;
  let isOn = true;
  const done = (async () => {
    while (isOn) {
      await put(
        url,
        Array.from({ length: 20 }, () => Math.floor(Math.random() * count)),
      );
      written += 20;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, startedAt + written - performance.now())));
    }
  })();
  return async () => {
    isOn = false;
    await done;
  };
}

async function serve(count) {
  const child = spawn(process.execPath, [CLI, "serve", "--memory", "--port", "0", "--log-level", "warn"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
      const found = /listening on (http:\/\/\S+)/.exec(text);
      if (found) resolve(found[1]);
    });
    child.once("exit", () => reject(new Error("the server did not start")));
  });
  for (let n = 0; n < count; n += BATCH)
    await put(
      url,
      Array.from({ length: Math.min(BATCH, count - n) }, (_, i) => n + i),
    );
  return {
    url,
    async rssMb() {
      const status = await readFile(`/proc/${child.pid}/status`, "utf8");
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
    },
    async stop() {
      child.kill("SIGTERM");
      await new Promise((resolve) => child.once("exit", resolve));
    },
  };
}

/** In the page: records the length of every frame, and in how many a row in sight was not there yet. */
function watchFrames() {
  const list = document.querySelector(".large-list");
  const frames = [];
  let holes = 0;
  let last = performance.now();
  let isOn = true;
  const tick = (at) => {
    frames.push(at - last);
    last = at;
    const box = list.getBoundingClientRect();
    const isHole = [...list.querySelectorAll('.entry[aria-busy="true"]')].some((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return bottom > box.top + 28 && top < box.bottom;
    });
    if (isHole) holes++;
    if (isOn) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  window.endOfWatch = () => {
    isOn = false;
    return { frames: frames.slice(1), holes };
  };
}

/** In the page: jumps to a part of the list, and waits until all rows in sight are drawn. Returns ms. */
async function jump(share) {
  const list = document.querySelector(".large-list");
  const startedAt = performance.now();
  list.scrollTop = share * (list.scrollHeight - list.clientHeight);
  for (;;) {
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const box = list.getBoundingClientRect();
    const rows = [...list.querySelectorAll(".entry")].filter((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return bottom > box.top + 28 && top < box.bottom;
    });
    if (rows.length > 5 && rows.every((row) => row.dataset.key !== undefined)) return performance.now() - startedAt;
    if (performance.now() - startedAt > 10_000) throw new Error("the rows do not come");
  }
}

async function browse(browser, count, quick) {
  const server = await serve(count);
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable");
  const taken = async () =>
    Object.fromEntries(
      (await cdp.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value * 1000]),
    );
  const heapMb = async () => {
    await cdp.send("HeapProfiler.collectGarbage");
    return (await cdp.send("Runtime.getHeapUsage")).usedSize / 1e6;
  };
  const figures = {};
  const startedAt = performance.now();
  await page.goto(`${server.url}/blackboard`);
  await page.locator(".large-list .entry[data-key]").first().waitFor({ timeout: 60_000 });
  figures["page opened → first rows"] = [performance.now() - startedAt, "ms"];
  await page.waitForTimeout(2000);
  figures["heap of the page, before"] = [await heapMb(), "MB"];
  await page.locator(".large-list").hover();
  for (const { name, steps, px, pauseMs } of GESTURES) {
    const times = quick ? steps / 5 : steps;
    await page.evaluate(watchFrames);
    const before = await taken();
    for (let i = 0; i < times; i++) {
      // Not awaited: a wheel does not wait for the page either.
      void cdp.send("Input.dispatchMouseEvent", { type: "mouseWheel", x: 500, y: 500, deltaX: 0, deltaY: px });
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    await page.waitForTimeout(600);
    const after = await taken();
    const { frames, holes } = await page.evaluate("endOfWatch()");
    const per = (what) => (after[what] - before[what]) / times;
    figures[`${name}: script per step`] = [per("ScriptDuration"), "ms"];
    figures[`${name}: style and layout per step`] = [per("RecalcStyleDuration") + per("LayoutDuration"), "ms"];
    figures[`${name}: late frames`] = [(100 * frames.filter((ms) => ms > LATE_FRAME_MS).length) / frames.length, "%"];
    figures[`${name}: longest frame`] = [Math.max(...frames), "ms"];
    figures[`${name}: frames with a row not there yet`] = [(100 * holes) / frames.length, "%"];
    await page.evaluate(() => document.querySelector(".large-list").scrollTo(0, 0));
    await page.waitForTimeout(500);
  }
  const jumps = [];
  for (let i = 1; i <= (quick ? 30 : 100); i++) jumps.push(await page.evaluate(jump, (i * 0.618_034) % 1));
  figures["jump anywhere → rows drawn, median"] = [percentile(jumps, 0.5), "ms"];
  figures["jump anywhere → rows drawn, p99"] = [percentile(jumps, 0.99), "ms"];
  await page.evaluate(() => document.querySelector(".large-list").scrollTo(0, 0));
  const stop = writeOn(server.url, count);
  for (const order of ["By key", "Recent first"]) {
    await page.getByRole("button", { name: order }).click();
    await page.waitForTimeout(2500);
    const before = await taken();
    const from = performance.now();
    await page.waitForTimeout(quick ? 3000 : 10_000);
    const after = await taken();
    const seconds = (performance.now() - from) / 1000;
    for (const [what, metric] of [
      ["script", "ScriptDuration"],
      ["everything", "TaskDuration"],
    ])
      figures[`1000 writes/s, ${order.toLowerCase()}: ${what} per second`] = [
        (after[metric] - before[metric]) / seconds,
        "ms",
      ];
  }
  await stop();
  figures["heap of the page, after"] = [await heapMb(), "MB"];
  figures["RSS of the server"] = [await server.rssMb(), "MB"];
  await page.context().close();
  await server.stop();
  return figures;
}

export async function run({ figures, quick }) {
  const executablePath =
    process.env.CHROMIUM_PATH ?? ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-quic"] });
  const count = quick ? 300_000 : 1_000_000;
  const small = await browse(browser, SMALL, quick);
  const large = await browse(browser, count, quick);
  figures.note(`${count} entries in Chromium, 1440 x 900, beside a board of ${SMALL}:`);
  for (const [name, [value, unit]] of Object.entries(large)) {
    const [beside] = small[name];
    figures.add({
      name,
      value,
      unit,
      ...(beside > 0 ? { peer: `${beside.toPrecision(3)} ${unit}`, ratio: value / beside } : {}),
    });
  }
  await browser.close();
}
