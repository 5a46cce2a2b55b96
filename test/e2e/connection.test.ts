// Owns the proof, in a real browser, that the page follows the board through every kind of broken connection.
// Does not own the states' table (src/client/connection/machine.test.ts).

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page, WebSocket as PageSocket, WebSocketRoute } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createPlace, launchBrowser, openPage, type Place, put, type Watched } from "./stage.ts";

let browser: Browser;
let place: Place | undefined;
let watched: Watched | undefined;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => browser.close());
afterEach(async () => {
  await watched?.close();
  await place?.close();
  watched = undefined;
  place = undefined;
});

const indicator = (page: Page) => page.locator(".connection");
const valueOf = (page: Page, key: string) => page.locator(`.entry[data-key=${JSON.stringify(key)}] .entry-value`);

async function setStage(options: Parameters<typeof openPage>[1] = {}) {
  place = createPlace("zejzl");
  const serving = await place.serve();
  watched = await openPage(browser, options);
  return { place, serving, watched, page: watched.page };
}

async function becomes(page: Page, phase: string, withinMs = 15_000): Promise<void> {
  await indicator(page)
    .and(page.locator(`[data-phase="${phase}"]`))
    .waitFor({ timeout: withinMs });
}

describe("the page and its connection", () => {
  it("shows the followed workspace, and a change that another process writes to its file", async () => {
    const { place, serving, page, watched } = await setStage();
    await page.goto(`${serving.url}/blackboard`);
    await becomes(page, "live");
    expect(await page.locator("#blackboard .panel-head .count").textContent()).toBe("34");
    expect(await page.locator("#budgets .budget").count()).toBe(11);
    await expect.poll(() => page.locator("#audit .audit").count()).toBe(14);
    expect(await valueOf(page, "task:deploy:progress").textContent()).toBe("50");

    const file = join(place.workspace, "blackboard.md");
    writeFileSync(file, readFileSync(file, "utf8").replace('"50"', '"75 percent"'));
    await valueOf(page, "task:deploy:progress").getByText("75 percent").waitFor({ timeout: 10_000 });
    expect(watched.complaints).toEqual([]);
  });

  it("says what the seed's console says, and goes red and green again when the server restarts", async () => {
    const { place, serving, page, watched } = await setStage();
    await page.goto(`${serving.url}/`);
    await becomes(page, "live");
    expect(await indicator(page).textContent()).toBe("Connected");
    expect(watched.said).toContain("WebSocket connected");
    expect(
      watched.said.some((line) =>
        line.startsWith(`Connecting to WebSocket: ws://127.0.0.1:${serving.port}/ws/blackboard`),
      ),
    ).toBe(true);

    expect(await page.locator("main").getAttribute("data-stale")).toBe("false");
    await serving.kill();
    await becomes(page, "offline");
    expect(await indicator(page).textContent()).toMatch(/^Disconnected — reconnecting in \d s$/);
    // At once, not only when the data is old: values are dimmed and no figure speaks of the present.
    expect(await page.locator("main").getAttribute("data-stale")).toBe("true");
    expect(await page.locator(".tile-note").allTextContents()).toEqual(
      expect.arrayContaining([expect.stringMatching(/active at \d\d:\d\d:\d\d$/)]),
    );
    expect(await page.getByText("in 1 min").count()).toBe(0);
    expect(
      await page
        .locator(".panel")
        .first()
        .evaluate((panel) => getComputedStyle(panel).filter),
    ).toContain("gray");
    await page.getByText(/This data is \d+s old/).waitFor({ timeout: 15_000 });
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    expect((await indicator(page).boundingBox())?.y).toBeGreaterThanOrEqual(0);
    expect((await page.locator(".notice").boundingBox())?.y).toBeGreaterThan(20);
    expect(await page.locator("#blackboard .entry").count()).toBe(34);

    await place.serve(serving.port);
    await becomes(page, "live");
    expect(watched.said).toContain("Attempting to reconnect...");
    expect(await page.getByText(/This data is/).count()).toBe(0);
    expect(await page.locator("main").getAttribute("data-stale")).toBe("false");
  });

  it("polls over HTTP while only the socket is blocked, says so, and returns to the socket by itself", async () => {
    const { serving, page } = await setStage();
    let isBlocked = true;
    await page.routeWebSocket(/ws\/blackboard/, (route) => {
      if (isBlocked) void route.close({ code: 1011, reason: "blocked" });
      else route.connectToServer();
    });
    await page.goto(`${serving.url}/blackboard`);
    await becomes(page, "polling", 20_000);
    expect(await indicator(page).textContent()).toMatch(/^Polling over HTTP · (event stream|long polling)/);
    await put(serving, "test:polled", "by http");
    await valueOf(page, "test:polled").getByText("by http").waitFor({ timeout: 10_000 });
    expect(await page.locator(".freshness[data-old=true]").count()).toBe(0);
    isBlocked = false;
    await becomes(page, "live");
  });

  it("tells its states apart by shape as well as colour, and cuts no word of them off on a phone", async () => {
    const { serving, page } = await setStage({ viewport: { width: 390, height: 844 } });
    const sockets: WebSocketRoute[] = [];
    let isBlocked = false;
    await page.routeWebSocket(/ws\/blackboard/, (route) => {
      if (isBlocked) return void route.close({ code: 1011, reason: "blocked" });
      route.connectToServer();
      return void sockets.push(route);
    });
    const shape = async () => page.locator(".lamp").getAttribute("data-shape");
    /** With the longest times that there may be. */
    const fits = async () => {
      for (const width of [390, 375, 360]) {
        await page.setViewportSize({ width, height: 844 });
        const cut = await page.locator(".top-state").evaluate((line) => {
          const age = line.querySelector(".freshness-age")!;
          const count = line.querySelector(".countdown")?.lastElementChild?.nextSibling;
          const [ageText, countText] = [age.textContent, count?.textContent];
          age.textContent = "59m old";
          if (count) count.textContent = "30";
          const { right } = line.getBoundingClientRect();
          const parts = Array.from(line.querySelectorAll("*"));
          const wrong = parts
            .filter(
              (part) => part.getBoundingClientRect().right > right + 0.5 || part.scrollWidth > part.clientWidth + 1,
            )
            // Elements in a line have no width of their own to be cut at.
            .filter((part) => part instanceof HTMLElement && getComputedStyle(part).display !== "inline")
            .map((part) => part.className);
          age.textContent = ageText;
          if (count) count.textContent = countText ?? "";
          return wrong;
        });
        expect(cut, `${width} px`).toEqual([]);
      }
    };
    await page.goto(`${serving.url}/blackboard`);
    await becomes(page, "live");
    expect(await shape()).toBe("disc");
    await fits();
    isBlocked = true;
    await sockets.at(-1)?.close({ code: 1011 });
    await becomes(page, "polling", 20_000);
    expect(await shape()).toBe("half");
    await fits();
    isBlocked = false;
    await becomes(page, "live", 30_000);
    await sockets.at(-1)?.close({ code: 4403, reason: "no access" });
    await becomes(page, "stopped");
    expect(await shape()).toBe("square");
    await fits();
    await page.reload();
    await becomes(page, "live");
    await serving.kill();
    await becomes(page, "offline");
    expect(await shape()).toBe("cross");
    await fits();
  });

  it.each([
    ["throws", "window.WebSocket = class { constructor() { throw new Error('blocked'); } };"],
    ["is missing", "delete window.WebSocket;"],
  ])("polls over HTTP where the WebSocket constructor %s", async (_how, script) => {
    const { serving, page, watched } = await setStage();
    await page.addInitScript(script);
    await page.goto(`${serving.url}/blackboard`);
    await becomes(page, "polling", 20_000);
    expect(await indicator(page).textContent()).toMatch(/^Polling over HTTP · (event stream|long polling)/);
    await put(serving, "test:polled", "by http");
    await valueOf(page, "test:polled").getByText("by http").waitFor({ timeout: 10_000 });
    expect(watched.complaints).toEqual([]);
  });

  it("freezes with Live Updates OFF, counts what waits, and catches up with ON", async () => {
    const { serving, page } = await setStage();
    await page.goto(`${serving.url}/blackboard`);
    await becomes(page, "live");
    await put(serving, "test:frozen", "before");
    await valueOf(page, "test:frozen").getByText("before").waitFor();
    await page.getByRole("button", { name: "⏸️ Live Updates: ON", exact: true }).click();
    await put(serving, "test:frozen", "after");
    await put(serving, "test:other", 1);
    await page.getByText("2 updates waiting").waitFor({ timeout: 10_000 });
    expect(await valueOf(page, "test:frozen").textContent()).toBe("before");
    await page.getByRole("button", { name: "⏸️ Live Updates: OFF", exact: true }).click();
    expect(await valueOf(page, "test:frozen").textContent()).toBe("after");
    expect(await page.locator(".waiting").textContent()).toBe("");
  });

  it("offers ws and connectWebSocket() on the console, and a reader's own onmessage stops nothing", async () => {
    const { serving, page } = await setStage();
    const open = new Set<PageSocket>();
    page.on("websocket", (socket) => {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
    });
    await page.goto(`${serving.url}/blackboard`);
    await becomes(page, "live");
    expect(await page.evaluate("ws.readyState")).toBe(1);
    await page.evaluate("ws.onmessage = (event) => { window.heard = JSON.parse(event.data).method; }");
    await put(serving, "test:heard", "yes");
    await valueOf(page, "test:heard").getByText("yes").waitFor({ timeout: 10_000 });
    expect(await page.evaluate("window.heard")).toMatch(/^(sync|beat)$/);

    await page.evaluate("connectWebSocket(); connectWebSocket(); connectWebSocket();");
    await becomes(page, "live");
    await page.waitForFunction("ws.readyState === 1");
    await expect.poll(() => open.size, { timeout: 10_000 }).toBe(1);
  });

  it("reconnects when Live Updates is switched on without a live socket", async () => {
    const { place, serving, page } = await setStage();
    await page.goto(`${serving.url}/blackboard`);
    await becomes(page, "live");
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByLabel("Reconnect within").fill("30");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /Live Updates: ON/ }).click();
    await serving.kill();
    await becomes(page, "offline");
    await place.serve(serving.port);
    await page.getByRole("button", { name: /Live Updates: OFF/ }).click();
    await becomes(page, "live", 8000);
  });

  it("says so when there is no such board, and shows it as soon as there is one", async () => {
    const { serving, page } = await setStage();
    await page.goto(`${serving.url}/blackboard?board=later`);
    await page.getByText("There is no board with this name").waitFor({ timeout: 15_000 });
    await fetch(`${serving.url}/api/v1/boards`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name: "later" }),
    });
    await page.getByText("This board is empty, and listening").waitFor({ timeout: 15_000 });
    await becomes(page, "live");
    expect(await page.getByLabel("Board", { exact: true }).inputValue()).toBe("later");
    await page.locator(".others").getByRole("link", { name: "default" }).click();
    await page.locator("#blackboard .count").getByText("34").first().waitFor();
  });
});
