// Owns the proof, in a real browser, that tabs converge with the board through everything that happens to them in a day.
// Does not own the words of the indicator (connection.test.ts). What a tab shows is compared with what the API says.

import net from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createPlace, launchBrowser, openPage, type Place, put, type Serving, type Watched } from "./stage.ts";

let browser: Browser;
let place: Place | undefined;
const opened: Watched[] = [];
const wires: { close(): void }[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => browser.close());
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  for (const wire of wires.splice(0)) wire.close();
  await place?.close();
  place = undefined;
});

const phaseOf = (page: Page): Promise<string | null> => page.locator(".connection").getAttribute("data-phase");
const becomes = (page: Page, phase: string, timeout = 20_000): Promise<void> =>
  page.locator(`.connection[data-phase="${phase}"]`).waitFor({ timeout });
const shows = (page: Page, key: string, text: string, timeout = 10_000): Promise<void> =>
  page
    .locator(`.entry[data-key=${JSON.stringify(key)}] .entry-value`)
    .getByText(text, { exact: true })
    .waitFor({ timeout });

async function tab(url: string): Promise<Watched> {
  const watched = await openPage(browser);
  opened.push(watched);
  await watched.page.goto(`${url}/blackboard`);
  // A reload would take this along.
  await watched.page.evaluate("window.isStillThere = true");
  await becomes(watched.page, "live");
  return watched;
}

async function note(serving: Serving, event: string): Promise<void> {
  const answer = await fetch(`${serving.url}/api/v1/boards/default/audit`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ event }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  await answer.text();
}

/** The tab shows each of these events once, and nothing was reloaded. */
async function showsOnce(page: Page, events: readonly string[]): Promise<void> {
  for (const event of events) await page.locator("#audit").getByText(event).first().waitFor({ timeout: 10_000 });
  for (const event of events) expect(await page.locator("#audit .audit").filter({ hasText: event }).count()).toBe(1);
  expect(await page.evaluate("window.isStillThere")).toBe(true);
}

/** A TCP wire to the server that can be cut, and mended. */
async function wireTo(port: number): Promise<{ url: string; cut(): void; mend(): void }> {
  const sockets = new Set<net.Socket>();
  let isCut = false;
  const server = net.createServer((near) => {
    if (isCut) return void near.destroy();
    const far = net.connect(port, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
    return undefined;
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  wires.push({
    close() {
      cut();
      server.close();
    },
  });
  const { port: own } = server.address() as net.AddressInfo;
  return {
    url: `http://127.0.0.1:${own}`,
    cut,
    mend() {
      isCut = false;
    },
  };
}

describe("tabs and the board", () => {
  it("three tabs show a change within a second, and all of them what came while the server was killed and back", async () => {
    place = createPlace(undefined);
    const serving = await place.serve();
    await put(serving, "k", "before");
    const tabs = [await tab(serving.url), await tab(serving.url), await tab(serving.url)];
    const pages = tabs.map(({ page }) => page);
    await put(serving, "k", "seen");
    await Promise.all(pages.map((page) => shows(page, "k", "seen", 1000)));
    await note(serving, "before-the-crash");
    await Promise.all(pages.map((page) => showsOnce(page, ["before-the-crash"])));

    await serving.kill();
    await Promise.all(pages.map((page) => becomes(page, "offline")));
    const again = await place.serve(serving.port);
    await put(again, "k", "after");
    await note(again, "after-the-crash");
    for (const page of pages) {
      await becomes(page, "live");
      await shows(page, "k", "after");
      await showsOnce(page, ["before-the-crash", "after-the-crash"]);
    }
  });

  it("a tab that was offline for 30 s says so all the while, and then has everything once", async () => {
    place = createPlace(undefined);
    const serving = await place.serve();
    await put(serving, "k", "before");
    await put(serving, "gone", "soon");
    await note(serving, "heard");
    const wire = await wireTo(serving.port);
    const { page } = await tab(wire.url);
    await showsOnce(page, ["heard"]);
    wire.cut();
    const until = performance.now() + 30_000;
    await becomes(page, "offline", 12_000);
    for (let n = 0; n < 5; n++) await note(serving, `missed-${n}`);
    await put(serving, "k", "after");
    await fetch(`${serving.url}/api/v1/boards/default/entries/gone`, { method: "DELETE" }).then((answer) =>
      answer.text(),
    );
    while (performance.now() < until) {
      expect(await phaseOf(page)).not.toBe("live");
      await page.waitForTimeout(1000);
    }
    wire.mend();
    await becomes(page, "live");
    await shows(page, "k", "after");
    expect(await page.locator('.entry[data-key="gone"]').count()).toBe(0);
    await showsOnce(page, ["heard", ...Array.from({ length: 5 }, (_, n) => `missed-${n}`)]);
  });

  it("a page that slept, and a tab in the background, have everything when they are looked at again", async () => {
    place = createPlace(undefined);
    const serving = await place.serve();
    await put(serving, "k", "before");
    const { page } = await tab(serving.url);
    const session = await page.context().newCDPSession(page);
    await session.send("Page.setWebLifecycleState", { state: "frozen" });
    await new Promise((done) => setTimeout(done, 5000));
    await put(serving, "k", "while it slept");
    await note(serving, "slept");
    await session.send("Page.setWebLifecycleState", { state: "active" });
    await shows(page, "k", "while it slept");
    await becomes(page, "live");

    const front = await page.context().newPage();
    await front.bringToFront();
    await put(serving, "k", "behind");
    await note(serving, "background");
    await new Promise((done) => setTimeout(done, 3000));
    await page.bringToFront();
    await shows(page, "k", "behind");
    await showsOnce(page, ["slept", "background"]);
    expect(await phaseOf(page)).toBe("live");
  });

  it("W-BEAT-1: a beat arrives every 2 s although nothing changes", async () => {
    place = createPlace(undefined);
    const serving = await place.serve();
    const watched = await openPage(browser);
    opened.push(watched);
    let beats = 0;
    watched.page.on("websocket", (socket) =>
      socket.on("framereceived", ({ payload }) => {
        if (String(payload).includes('"method":"beat"')) beats++;
      }),
    );
    await watched.page.goto(`${serving.url}/blackboard`);
    await becomes(watched.page, "live");
    const before = beats;
    await watched.page.waitForTimeout(7000);
    expect(beats - before).toBeGreaterThanOrEqual(3);
    expect(beats - before).toBeLessThanOrEqual(5);
    expect(await phaseOf(watched.page)).toBe("live");
  });
});
