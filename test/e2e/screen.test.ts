// Owns the proof, in a real browser, that the screen is safe, calm under updates, and usable by everybody.
// Does not own the connection (connection.test.ts).

import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPlace, launchBrowser, openPage, type Place, put, type Serving, type Watched } from "./stage.ts";

let browser: Browser;
let place: Place;
let serving: Serving;

beforeAll(async () => {
  browser = await launchBrowser();
  place = createPlace("zejzl");
  serving = await place.serve();
});
afterAll(async () => {
  await browser.close();
  await place.close();
});

async function visit(
  use: (page: Page, watched: Watched) => Promise<void>,
  options: Parameters<typeof openPage>[1] = {},
  path = "/blackboard",
) {
  const watched = await openPage(browser, options);
  try {
    await watched.page.goto(serving.url + path);
    await watched.page.locator(".connection[data-phase=live]").waitFor({ timeout: 15_000 });
    await use(watched.page, watched);
  } finally {
    await watched.close();
  }
}

const entry = (page: Page, key: string) => page.locator(`.entry[data-key=${JSON.stringify(key)}]`);

describe("the screen", () => {
  it("asks nobody but its own server, under a strict CSP, without a complaint", async () => {
    await visit(async (page, watched) => {
      await page.waitForTimeout(2500);
      const hosts = new Set(watched.requests.map((url) => new URL(url).host));
      expect([...hosts]).toEqual([new URL(serving.url).host]);
      expect(watched.complaints).toEqual([]);
      const answer = await fetch(`${serving.url}/blackboard`);
      expect(answer.headers.get("content-security-policy")).not.toContain("unsafe");
      expect(await answer.text()).not.toMatch(/<script>|<style|style=/);
    });
  });

  it("shows hostile keys and values as text, never as markup", async () => {
    const hostile: readonly [string, unknown][] = [
      ["<img src=x onerror=alert(1)>", "<script>alert(2)</script><b>bold</b>"],
      ["hostile:__proto__", { __proto__x: "x", constructor: { prototype: "<svg onload=alert(3)>" } }],
      ["__proto__", "own member"],
      ['hostile:"><style>*{display:none}</style>', "javascript:alert(4)"],
      ["hostile:bidi\u202E\u2066", "safe \u202Egnp.exe"],
      ["hostile:emoji 👩‍👩‍👧‍👦 مرحبا", ["👍🏽", "\u0000\u0007", "Z̷a̷l̷g̷o̷"]],
      ["hostile:deep", JSON.parse("[".repeat(100) + "]".repeat(100))],
      ["hostile:long", "x".repeat(1_000_000)],
      ["hostile:number", 1.5e300],
    ];
    for (const [key, value] of hostile) await put(serving, key, value);
    await fetch(`${serving.url}/api/v1/boards/default/audit`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        event: "<i>event</i>",
        agent: "<b>agent</b>",
        resource: "<u>r</u>",
        granted: false,
        reason: "<img src=x onerror=alert(5)>",
      }),
    });
    await visit(async (page, watched) => {
      for (const [key] of hostile) {
        await entry(page, key).waitFor();
        await entry(page, key).locator(".unfold").click();
        await entry(page, key).locator(".details").waitFor();
      }
      await page.locator(".audit").getByText("<i>event</i>").click();
      await page.locator(".drawer[data-kind=record]").getByText("<img src=x onerror=alert(5)>").first().waitFor();
      await page.keyboard.press("Escape");
      expect(await page.locator("main :is(b, i, u, img, script, style, iframe)").count()).toBe(0);
      expect(await entry(page, "<img src=x onerror=alert(1)>").locator(".entry-value").textContent()).toBe(
        "<script>alert(2)</script><b>bold</b>",
      );
      expect(await entry(page, "hostile:bidi\u202E\u2066").locator(".entry-value").textContent()).toBe(
        "safe ‹U+202E›gnp.exe",
      );
      expect(await entry(page, "__proto__").locator(".entry-value").textContent()).toBe("own member");
      expect(await page.getByText("[object Object]").count()).toBe(0);
      expect(watched.complaints).toEqual([]);
    });
    for (const [key] of hostile) {
      await fetch(`${serving.url}/api/v1/boards/default/entries?key=${encodeURIComponent(key)}`, {
        method: "DELETE",
        headers: { "Content-Type": "application/json" },
      });
    }
  });

  it("keeps the order of a value with right-to-left words and codes, each part for itself", async () => {
    await put(serving, "rtl:value", "שלום \u202E abc");
    await visit(async (page) => {
      const value = entry(page, "rtl:value").locator(".entry-value");
      expect(await value.textContent()).toBe("שלום ‹U+202E› abc");
      const lefts = await value
        .locator(".line-text > bdi")
        .evaluateAll((parts) => parts.map((part) => part.getBoundingClientRect().left));
      expect(lefts).toHaveLength(3);
      expect(lefts).toEqual(lefts.toSorted((a, b) => a - b));
    });
    await fetch(`${serving.url}/api/v1/boards/default/entries?key=rtl:value`, {
      method: "DELETE",
      headers: { "Content-Type": "application/json" },
    });
  });

  it("keeps scroll, selection, focus and open rows through updates, and lights up what changed", async () => {
    await visit(async (page) => {
      const body = page.locator("#blackboard .panel-body");
      const search = page.getByLabel("Search keys, values and writers");
      await entry(page, "task:deploy:status").locator(".unfold").click();
      await page.keyboard.press("/");
      await search.pressSequentially("task");
      await body.evaluate((element) => {
        element.scrollTop = 160;
      });
      await page.evaluate(() => {
        const text = document.querySelector('.entry[data-key="task:test_task_001:description"] .line-text')?.firstChild;
        if (text === null || text === undefined) throw new Error("no text to select");
        getSelection()?.setBaseAndExtent(text, 0, text, 10);
        (document.querySelector("#blackboard input") as HTMLElement).dataset["mark"] = "same";
      });
      await search.focus();
      const selected = await page.evaluate(() => getSelection()?.toString());
      await put(serving, "task:deploy:progress", "99");
      await entry(page, "task:deploy:progress").getByText("99").waitFor({ state: "attached", timeout: 10_000 });
      await entry(page, "task:deploy:progress").locator(".lit").waitFor({ state: "attached" });
      expect(await page.locator(".lit").count()).toBe(1);
      expect(await body.evaluate((element) => element.scrollTop)).toBe(160);
      expect(await page.evaluate(() => (document.activeElement as HTMLElement).dataset["mark"])).toBe("same");
      expect(await search.inputValue()).toBe("task");
      expect(await page.evaluate(() => getSelection()?.toString())).toBe(selected);
      expect(await entry(page, "task:deploy:status").locator(".details").count()).toBe(1);
    });
  });

  it("finds by key, value and writer, folds namespaces, and filters the audit log", async () => {
    await put(serving, "find:me", { nested: ["needle in here"] });
    await visit(async (page) => {
      await entry(page, "find:me").waitFor();
      await page.keyboard.press("/");
      await page.keyboard.type("needle");
      await page
        .locator("#blackboard .count")
        .getByText(/1 of \d+/)
        .waitFor();
      expect(await page.locator(".entry").count()).toBe(1);
      await page.keyboard.press("Escape");
      await entry(page, "task:deploy:status").waitFor();
      const namespace = page.getByRole("button", { name: /^task \d+$/ });
      await namespace.press("Enter");
      expect(await entry(page, "task:deploy:status").count()).toBe(0);
      expect(await namespace.getAttribute("aria-expanded")).toBe("false");

      await page.getByRole("button", { name: "Denied", exact: true }).click();
      await expect.poll(() => page.locator(".audit").getByText("GRANTED").count()).toBe(0);
      await page.locator(".audit").first().waitFor();
      expect(await page.locator(".audit").getByText("DENIED").count()).toBeGreaterThan(5);
      await page.getByLabel("Filter the audit log").fill("pantheon payments");
      await expect.poll(() => page.locator(".audit").count()).toBe(1);
    });
  });

  it("shows budgets with four figures, thresholds and a row per task", async () => {
    await visit(async (page) => {
      const figures = await page.locator("#budgets .four dt").allTextContents();
      expect(figures).toEqual(["Used", "Limit", "Remaining", "Percentage"]);
      expect(await page.locator("#budgets .four dd").first().textContent()).toBe("20,776");
      await page.getByText("All open budgets; closed ones are not counted").waitFor();
      await page.locator(".tile").getByText("Tokens used · open budgets").waitFor();
      const row = page.locator('.budget[data-task="test_budget_001"]');
      expect(await row.textContent()).toMatch(/5,500 \/ 5,000.*110%.*Exhausted/);
      expect(await row.getByRole("meter").getAttribute("aria-valuetext")).toBe("110% used");
    });
  });

  it("teaches an empty board three ways to be fed", async () => {
    const empty = createPlace(undefined);
    try {
      const server = await empty.serve();
      const watched = await openPage(browser);
      await watched.page.goto(server.url);
      await watched.page.getByText("This board is empty, and listening").waitFor();
      const ways = await watched.page.locator(".way pre").allTextContents();
      expect(ways).toHaveLength(3);
      expect(ways.join("\n")).toMatch(/curl -X PUT[\s\S]*--follow[\s\S]*demo/);
      await put(server, "hello", "world");
      await entry(watched.page, "hello").getByText("world").waitFor({ timeout: 10_000 });
      await watched.close();
    } finally {
      await empty.close();
    }
  });

  it("stays usable with 5 000 keys, and draws them in slices", async () => {
    const large = createPlace(undefined);
    try {
      const server = await large.serve();
      const commands = Array.from({ length: 5000 }, (_, n) => ({
        type: "entry.put",
        key: `doc:${String(n).padStart(5, "0")}`,
        value: { n },
      }));
      const answer = await fetch(`${server.url}/api/v1/boards/default/commands`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ type: "batch", commands }),
      });
      expect(await answer.text()).toContain("seq");
      const watched = await openPage(browser);
      const { page } = watched;
      await page.goto(server.url);
      await page.locator("#blackboard .count").getByText("5,000").first().waitFor();
      expect(await page.locator(".entry").count()).toBe(200);
      await page.getByRole("button", { name: "Show 200 more of 4,800" }).click();
      expect(await page.locator(".entry").count()).toBe(400);
      await page.keyboard.press("/");
      await page.keyboard.type("04711");
      await page.locator("#blackboard .count").getByText("1 of 5,000").waitFor();
      await watched.close();
    } finally {
      await large.close();
    }
  });

  it("gives the board the window's height whatever else there is, and moves no panel when something is added", async () => {
    const sparse = createPlace(undefined);
    try {
      const server = await sparse.serve();
      const send = async (command: Record<string, unknown>) => {
        const answer = await fetch(`${server.url}/api/v1/boards/default/commands`, {
          method: "POST",
          headers: { "Content-Type": "application/json", "X-Swarmboard-Agent": "tester" },
          body: JSON.stringify(command),
        });
        expect(await answer.text()).toContain("seq");
      };
      const commands = Array.from({ length: 300 }, (_, n) => ({ type: "entry.put", key: `doc:${1000 + n}`, value: n }));
      await send({ type: "batch", commands });
      const watched = await openPage(browser, { viewport: { width: 1280, height: 800 } });
      const { page } = watched;
      await page.goto(server.url);
      await entry(page, "doc:1000").waitFor();
      const boxes = async () =>
        page
          .locator(".panel")
          .evaluateAll((panels) =>
            panels.map((panel) => `${panel.id} ${JSON.stringify(panel.getBoundingClientRect())}`),
          );
      const before = await boxes();
      const body = await page.locator("#blackboard .panel-body").boundingBox();
      const rows = await page
        .locator(".entry")
        .evaluateAll(
          (all, bottom) => all.filter((row) => row.getBoundingClientRect().bottom <= bottom).length,
          (body?.y ?? 0) + (body?.height ?? 0),
        );
      expect(rows).toBeGreaterThanOrEqual(15);
      expect((await page.locator("#audit").boundingBox())?.height).toBeLessThan(160);

      await send({ type: "request.open", kind: "permission", request: "r-1", subject: "door", reason: "to go out" });
      await page.locator("#requests").getByText("to go out").waitFor({ timeout: 10_000 });
      await send({ type: "budget.open", task: "closed-shop", limitTokens: 0 });
      const budget = page.locator('.budget[data-task="closed-shop"]');
      await budget.waitFor({ timeout: 10_000 });
      expect(await budget.textContent()).toMatch(/no tokens allowed.*Exhausted/);
      expect(await boxes()).toEqual(before);
      const clipped = await page
        .locator(".tile-note, .tile-label")
        .evaluateAll((texts) => texts.filter((text) => text.scrollWidth > text.clientWidth + 1).length);
      expect(clipped).toBe(0);

      // Details of the last row in sight get real space, by scrolling if need be.
      await entry(page, "doc:1014").locator(".unfold").click();
      const details = await entry(page, "doc:1014").locator(".details").boundingBox();
      expect((details?.y ?? 0) + (details?.height ?? 0)).toBeLessThanOrEqual((body?.y ?? 0) + (body?.height ?? 0) + 1);
      await watched.close();
    } finally {
      await sparse.close();
    }
  });

  it.each(["light", "dark"] as const)("has no serious axe finding in the %s theme", async (theme) => {
    await visit(
      async (page) => {
        await entry(page, "task:deploy:status").locator(".unfold").click();
        await page.locator(".audit").first().waitFor();
        const check = async () => {
          const { violations } = await new AxeBuilder({ page }).analyze();
          return violations
            .filter(({ impact }) => impact === "serious" || impact === "critical")
            .map(({ id, nodes }) => [id, nodes.map((node) => node.html)]);
        };
        expect(await check()).toEqual([]);
        await page.getByRole("button", { name: "Settings" }).click();
        expect(await check()).toEqual([]);
        // The looks of data that may be stale have to be readable as well.
        await page.keyboard.press("Escape");
        await page.evaluate(() => document.querySelector("main")?.setAttribute("data-stale", "true"));
        expect(await check()).toEqual([]);
      },
      { colorScheme: theme === "light" ? "light" : "dark" },
    );
  });

  it("keeps the chosen theme, against the system's", async () => {
    await visit(
      async (page) => {
        const back = async () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
        const light = await back();
        await page.getByRole("button", { name: "Settings" }).click();
        await page.getByRole("button", { name: "Dark", exact: true }).click();
        const dark = await back();
        expect(dark).not.toBe(light);
        await page.reload();
        await page.locator(".connection[data-phase=live]").waitFor();
        expect(await back()).toBe(dark);
      },
      { colorScheme: "light" },
    );
  });

  it("fits a phone of 375 px without scrolling sideways", async () => {
    await visit(
      async (page) => {
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow).toBeLessThanOrEqual(0);
        await page.getByRole("button", { name: /Live Updates: ON/ }).click();
        await page.getByRole("button", { name: /Live Updates: OFF/ }).click();
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      },
      { viewport: { width: 375, height: 812 } },
    );
  });
});
