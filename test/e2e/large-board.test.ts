// Owns the proof, in a real browser, that a board with too many entries to hold is read like a short list.
// Does not own the arithmetic of a scaled scroll (src/dashboard/state/row-scale.test.ts).

import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createPlace, launchBrowser, openPage, type Place, put, type Serving, type Watched } from "./stage.ts";

const COUNT = 22_000;
/** More than is drawn unscaled (8 million px of 32 px rows). */
const SCALED_COUNT = 300_000;
const keyOf = (n: number) => `item:${String(n).padStart(6, "0")}`;

let browser: Browser;
let place: Place;
let serving: Serving;
let scaled: Serving;
let scaledPlace: Place;
const opened: Watched[] = [];

async function send(to: Serving, command: Record<string, unknown>): Promise<void> {
  const answer = await fetch(`${to.url}/api/v1/boards/default/commands`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Swarmboard-Agent": "tester" },
    body: JSON.stringify(command),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
}

async function fill(to: Serving, count: number): Promise<void> {
  for (let n = 0; n < count; n += 5000) {
    const commands = Array.from({ length: Math.min(5000, count - n) }, (_, i) => ({
      type: "entry.put",
      key: keyOf(n + i),
      value: { n: n + i, state: "new" },
    }));
    await send(to, { type: "batch", commands });
  }
}

beforeAll(async () => {
  browser = await launchBrowser();
  place = createPlace(undefined);
  serving = await place.serve();
  await fill(serving, COUNT);
  scaledPlace = createPlace(undefined);
  scaled = await scaledPlace.serve();
  await fill(scaled, SCALED_COUNT);
}, 120_000);
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});
afterAll(async () => {
  await browser.close();
  await place.close();
  await scaledPlace.close();
});

async function look(at: Serving = serving, options: Parameters<typeof openPage>[1] = {}): Promise<Page> {
  const watched = await openPage(browser, options);
  opened.push(watched);
  await watched.page.goto(`${at.url}/blackboard`);
  await watched.page.locator(".large-list .entry[data-key]").first().waitFor({ timeout: 20_000 });
  return watched.page;
}

interface Seen {
  readonly index: number;
  readonly key: string | null;
  /** Of the row, from the top of the list's rows in sight, in px. */
  readonly top: number;
}

/** The rows that can be seen, from top to bottom. */
const seen = async (page: Page): Promise<readonly Seen[]> =>
  page.locator(".large-list").evaluate((list) => {
    const box = list.getBoundingClientRect();
    const top = box.top + (list.querySelector<HTMLElement>(".entry-columns")?.offsetHeight ?? 0);
    return Array.from(list.querySelectorAll(".entry"))
      .map((row) => ({ row, at: row.getBoundingClientRect() }))
      .filter(({ at }) => at.bottom > top + 1 && at.top < box.bottom - 1)
      .map(({ row, at }) => ({
        index: Number(row.getAttribute("aria-rowindex")) - 2,
        key: row.getAttribute("data-key"),
        top: at.top - top,
      }))
      .toSorted((a, b) => a.top - b.top);
  });

/** Waits until every row in sight is there, without a hole, each with the key that belongs to its index. */
async function isRight(page: Page, keyAt: (index: number) => string = keyOf): Promise<readonly Seen[]> {
  let rows: readonly Seen[] = [];
  await expect
    .poll(
      async () => {
        rows = await seen(page);
        const wrong = rows.filter(
          ({ index, key }, i) => key !== keyAt(index) || (i > 0 && index !== rows[i - 1]!.index + 1),
        );
        return rows.length > 5 && wrong.length === 0 ? "right" : JSON.stringify(wrong.slice(0, 3));
      },
      { timeout: 10_000 },
    )
    .toBe("right");
  return rows;
}

const scrollTo = async (page: Page, share: number): Promise<void> =>
  page.locator(".large-list").evaluate((list, part) => {
    list.scrollTop = part * (list.scrollHeight - list.clientHeight);
  }, share);

const entry = (page: Page, key: string) => page.locator(`.large-list .entry[data-key=${JSON.stringify(key)}]`);
/** Frames in which nothing more is drawn. */
const settled = async (page: Page): Promise<void> => page.waitForTimeout(400);

describe("a board of 22 000 entries", () => {
  it("is scrolled by wheel row for row, and draws only what is near", async () => {
    const page = await look();
    await page.locator(".large-list").hover();
    await isRight(page);
    for (let i = 0; i < 30; i++) {
      await page.mouse.wheel(0, 320);
      await page.waitForTimeout(30);
    }
    await settled(page);
    const rows = await isRight(page);
    expect(rows[0]?.index).toBe(300);
    expect(await page.locator(".large-list .entry").count()).toBeLessThan(80);
    expect(await page.locator(".large-list").getAttribute("aria-rowcount")).toBe(String(COUNT + 1));
  });

  it("is dragged to its middle and its end, and back", async () => {
    const page = await look();
    for (const [share, index] of [
      [0.5, COUNT / 2],
      [1, COUNT],
      [0.25, COUNT / 4],
      [0, 0],
    ] as const) {
      await scrollTo(page, share);
      const rows = await isRight(page);
      expect(Math.abs(rows[0]!.index - index)).toBeLessThan(40);
    }
    await scrollTo(page, 1);
    expect((await isRight(page)).at(-1)?.key).toBe(keyOf(COUNT - 1));
  });

  it("is read by keyboard alone: End, Home, pages and arrows; the row it is at is told to those who hear the page", async () => {
    const page = await look();
    await page.locator(".large-list").focus();
    const active = async () =>
      page.locator(".large-list").evaluate((list) => {
        const row = document.querySelector(`#${list.getAttribute("aria-activedescendant")}`);
        return [row?.getAttribute("data-key"), row?.getAttribute("aria-selected"), row?.getAttribute("aria-rowindex")];
      });
    await page.keyboard.press("End");
    expect((await isRight(page)).at(-1)?.key).toBe(keyOf(COUNT - 1));
    await expect.poll(active).toEqual([keyOf(COUNT - 1), "true", String(COUNT + 1)]);
    // Where the keyboard is can be seen.
    for (const ringed of [page.locator("#blackboard"), entry(page, keyOf(COUNT - 1))])
      expect(await ringed.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe("solid");
    await page.keyboard.press("ArrowUp");
    await expect.poll(active).toEqual([keyOf(COUNT - 2), "true", String(COUNT)]);
    const inSight = (await isRight(page)).length;
    await page.keyboard.press("PageUp");
    const paged = (await isRight(page))[0]!.index;
    expect(paged).toBeGreaterThanOrEqual(COUNT - 2 * inSight);
    await page.keyboard.press("Home");
    await expect.poll(active).toEqual([keyOf(0), "true", "2"]);
    for (let i = 0; i < 100; i++) await page.keyboard.press("ArrowDown");
    await isRight(page);
    await expect.poll(active).toEqual([keyOf(100), "true", "102"]);
    await page.keyboard.press("PageDown");
    await isRight(page);
    const [key] = await active();
    expect(key).toBe(keyOf(100 + Math.max(1, inSight - 2)));
  });

  it("is narrowed by a search in keys, or by how they begin", async () => {
    const page = await look();
    await scrollTo(page, 0.5);
    await isRight(page);
    await page.keyboard.press("/");
    await page.keyboard.type("1234");
    const count = page.locator("#blackboard .panel-head .count");
    const hits = Array.from({ length: COUNT }, (_, n) => keyOf(n)).filter((key) => key.includes("1234"));
    await count.getByText(new RegExp(`^1–\\d+ of ${hits.length}$`)).waitFor();
    await expect
      .poll(async () => (await seen(page)).map(({ key }) => key))
      .toEqual(hits.slice(0, (await seen(page)).length));
    await page.keyboard.press("Escape");
    await count.getByText(`of ${COUNT.toLocaleString("en-US")}`).waitFor();
    expect((await isRight(page))[0]?.index).toBe(0);
    await page.getByRole("button", { name: "Begins with" }).click();
    await page.keyboard.press("/");
    await page.keyboard.type("item:0200");
    await count.getByText(/of 100$/).waitFor();
    await isRight(page, (index) => keyOf(20_000 + index));
    await page.keyboard.press("Control+a");
    await page.keyboard.type("nothing begins so");
    await page.getByText("No key matches the search.").waitFor();
  });

  it("shows a fresh write at the top, recent first, and lights up that row alone", async () => {
    const page = await look();
    await page.getByRole("button", { name: "Recent first" }).click();
    await entry(page, keyOf(COUNT - 1)).waitFor();
    await put(serving, keyOf(7), { n: 7, state: "fresh" });
    await expect.poll(async () => (await seen(page))[0]).toMatchObject({ index: 0, key: keyOf(7) });
    await entry(page, keyOf(7)).getByText("fresh").waitFor();
    await entry(page, keyOf(7)).locator(".lit").waitFor({ state: "attached" });
    expect(await page.locator(".large-list .lit").count()).toBe(1);
    // Who reads further down is not disturbed by what comes to be above.
    await scrollTo(page, 0.1);
    await settled(page);
    const before = await seen(page);
    for (let n = 10; n < 15; n++) await put(serving, keyOf(n), { n, state: "fresh" });
    await expect.poll(async () => (await seen(page))[0]?.index).toBe(before[0]!.index + 5);
    expect((await seen(page)).map(({ key, top }) => [key, Math.round(top)])).toEqual(
      before.map(({ key, top }) => [key, Math.round(top)]),
    );
  });

  it("changes the row that changed and touches no other, wherever the list is", async () => {
    const page = await look();
    await scrollTo(page, 0.5);
    const rows = await isRight(page);
    await settled(page);
    const { key } = rows[5]!;
    await page.evaluate(() => {
      const touched = new Set<string>();
      Object.assign(window, { touched });
      const list = document.querySelector(".large-rows")!;
      new MutationObserver((changes) => {
        for (const { target } of changes) {
          const row = (target instanceof Element ? target : target.parentElement)?.closest(".entry");
          // Times move on by themselves.
          if ((target instanceof Element ? target : target.parentElement)?.closest(".ago") === null)
            touched.add(row?.getAttribute("data-key") ?? "the list");
        }
      }).observe(list, { subtree: true, childList: true, characterData: true, attributes: true });
    });
    await put(serving, key!, { n: 0, state: "changed in place" });
    await entry(page, key!).getByText("changed in place").waitFor();
    expect(await page.evaluate("[...window.touched]")).toEqual([key]);
    expect((await seen(page)).map((row) => row.key)).toEqual(rows.map((row) => row.key));
  });

  it("stays where it is when entries are added below and above, and takes its rows through a restart", async () => {
    const own = createPlace(undefined);
    try {
      let server = await own.serve();
      await fill(server, 8000);
      const page = await look(server);
      await scrollTo(page, 0.5);
      await isRight(page);
      await settled(page);
      const before = await seen(page);
      const places = (rows: readonly Seen[]) => rows.map(({ key, top }) => [key, Math.round(top)]);
      const scrollTop = async () => page.locator(".large-list").evaluate((list) => list.scrollTop);
      const top = await scrollTop();
      for (let n = 0; n < 10; n++) await put(server, `zzz:${n}`, "below");
      await page.locator("#blackboard .count").getByText("of 8,010").first().waitFor();
      expect(await scrollTop()).toBe(top);
      expect(places(await seen(page))).toEqual(places(before));
      for (let n = 0; n < 10; n++) await put(server, `aaa:${n}`, "above");
      await expect.poll(async () => (await seen(page))[0]?.index).toBe(before[0]!.index + 10);
      expect(places(await seen(page))).toEqual(places(before));

      // Nor is a reader who is scrolling taken back by it, not by a pixel.
      await page.locator(".large-list").hover();
      const writes = (async () => {
        for (let n = 10; n < 60; n++) await put(server, `zzz:${n}`, "below, while the wheel turns");
      })();
      for (let i = 0; i < 20; i++) {
        await page.mouse.wheel(0, 160);
        await page.waitForTimeout(15);
      }
      await writes;
      await settled(page);
      const after = await seen(page);
      expect(after[0]!.index * 32 - after[0]!.top).toBe((before[0]!.index + 10) * 32 - before[0]!.top + 3200);
      for (let i = 0; i < 20; i++) await page.mouse.wheel(0, -160);
      await expect.poll(async () => places(await seen(page))).toEqual(places(before));

      const { port } = server;
      await server.kill();
      await page.locator('.connection[data-phase="offline"]').waitFor({ timeout: 20_000 });
      // The notice that the data is old takes room above; the rows stay.
      expect((await seen(page)).map(({ key }) => key)[0]).toBe(before[0]!.key);
      server = await own.serve(port);
      await page.locator('.connection[data-phase="live"]').waitFor({ timeout: 20_000 });
      await put(server, before[3]!.key!, "after the restart");
      await entry(page, before[3]!.key!).getByText("after the restart").waitFor();
      expect((await seen(page))[0]?.key).toBe(before[0]!.key);
    } finally {
      await own.close();
    }
  });

  it("keeps the chosen row's details open and true while the list goes elsewhere", async () => {
    const page = await look();
    await page.locator(".large-list").hover();
    await entry(page, keyOf(4)).click();
    const details = page.locator(".large-details");
    await details.getByText("Written by").waitFor();
    const heights = await page.locator(".large-list .entry").evaluateAll((rows) => rows.map((row) => row.clientHeight));
    expect(new Set(heights).size).toBe(1);
    await scrollTo(page, 0.8);
    await isRight(page);
    expect(await page.locator('.large-list .entry[aria-selected="true"]').count()).toBe(0);
    await put(serving, keyOf(4), { state: "told from afar" });
    await details.getByText("told from afar").waitFor();
    await scrollTo(page, 0);
    await isRight(page);
    expect(await entry(page, keyOf(4)).getAttribute("aria-selected")).toBe("true");
    await page.locator(".large-list").focus();
    await page.keyboard.press("ArrowDown");
    await details.locator(".details-key").getByText(keyOf(5)).waitFor();
    await page.keyboard.press("Escape");
    await details.waitFor({ state: "detached" });
    await page.keyboard.press("Enter");
    await details.locator(".details-key").getByText(keyOf(5)).waitFor();
    await scrollTo(page, 0.8);
    await send(serving, { type: "entry.delete", key: keyOf(5) });
    await details.getByText("no longer on the board").waitFor();
    await put(serving, keyOf(5), { n: 5, state: "new" });
    await details.getByText("no longer on the board").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Close the details" }).click();
    expect(await page.evaluate(() => document.activeElement?.className)).toBe("large-list");
  });

  it("stands still with Live Updates OFF, can be scrolled all the same, and catches up with ON", async () => {
    const page = await look();
    await isRight(page);
    const value = entry(page, keyOf(2)).locator(".entry-value");
    await page.getByRole("button", { name: /Live Updates: ON/ }).click();
    const old = await value.textContent();
    await put(serving, keyOf(2), { n: 2, state: "unseen" });
    await page.getByText("1 update waiting").waitFor();
    expect(await value.textContent()).toBe(old);
    await scrollTo(page, 0.5);
    await isRight(page);
    await scrollTo(page, 0);
    await isRight(page);
    await page.getByRole("button", { name: /Live Updates: OFF/ }).click();
    await value.getByText("unseen").waitFor();
  });

  it("is read over HTTP all the same where no WebSocket opens", async () => {
    const watched = await openPage(browser);
    opened.push(watched);
    const { page } = watched;
    await page.routeWebSocket(/ws\/blackboard/, (route) => void route.close({ code: 1011, reason: "blocked" }));
    await page.goto(`${serving.url}/blackboard`);
    await page.locator('.connection[data-phase="polling"]').waitFor({ timeout: 20_000 });
    await isRight(page);
    await scrollTo(page, 0.5);
    const rows = await isRight(page);
    await put(serving, rows[3]!.key!, { state: "told by HTTP" });
    await entry(page, rows[3]!.key!).getByText("told by HTTP").waitFor();
    await scrollTo(page, 1);
    expect((await isRight(page)).at(-1)?.key).toBe(keyOf(COUNT - 1));
  });

  it.each(["light", "dark"] as const)("has no serious axe finding in the %s theme", async (colorScheme) => {
    const page = await look(serving, { colorScheme });
    await entry(page, keyOf(3)).click();
    await page.locator(".large-details .details").waitFor();
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(
      violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => [id, nodes.map((node) => node.html)]),
    ).toEqual([]);
  });

  it("is a list of two-line rows on a phone, without scrolling sideways", async () => {
    const page = await look(serving, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    await page.locator("#blackboard").scrollIntoViewIfNeeded();
    const rows = await seen(page);
    expect(rows[1]!.top - rows[0]!.top).toBe(48);
    await scrollTo(page, 1);
    await expect.poll(async () => (await seen(page)).at(-1)?.key).toBe(keyOf(COUNT - 1));
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  });
});

describe("a board of 300 000 entries, higher than browsers draw", () => {
  it("is scrolled by wheel pixel for pixel wherever it is, and reaches both ends", async () => {
    const page = await look(scaled);
    const list = page.locator(".large-list");
    expect(await list.evaluate((element) => element.scrollHeight)).toBeLessThan(8_100_000);
    await scrollTo(page, 0.5);
    let rows = await isRight(page);
    expect(Math.abs(rows[0]!.index - SCALED_COUNT / 2)).toBeLessThan(40);
    await list.hover();
    const before = rows[0]!;
    for (let i = 0; i < 10; i++) {
      await page.mouse.wheel(0, 160);
      await page.waitForTimeout(30);
    }
    await settled(page);
    rows = await isRight(page);
    const gone = (rows[0]!.index - before.index) * 32 - (rows[0]!.top - before.top);
    expect(Math.abs(gone - 1600)).toBeLessThanOrEqual(2);
    await scrollTo(page, 1);
    expect((await isRight(page)).at(-1)?.key).toBe(keyOf(SCALED_COUNT - 1));
    await page.mouse.wheel(0, -3200);
    await settled(page);
    expect((await isRight(page)).at(-1)?.index).toBe(SCALED_COUNT - 101);
    await scrollTo(page, 0);
    expect((await isRight(page))[0]?.index).toBe(0);
    await list.focus();
    await page.keyboard.press("End");
    expect((await isRight(page)).at(-1)?.key).toBe(keyOf(SCALED_COUNT - 1));
    await page.keyboard.press("Home");
    expect((await isRight(page))[0]?.key).toBe(keyOf(0));
  });

  it("says that a search found about so many where it does not count them all", async () => {
    const page = await look(scaled);
    await page.keyboard.press("/");
    await page.keyboard.type("item");
    await page.locator("#blackboard .count").getByText("about 10,000").waitFor({ timeout: 20_000 });
    await page.keyboard.type(":299999");
    await page
      .locator("#blackboard .count")
      .getByText(/^1–1 of 1$/)
      .waitFor({ timeout: 20_000 });
    expect((await seen(page)).map(({ key }) => key)).toEqual([keyOf(299_999)]);
  });
});
