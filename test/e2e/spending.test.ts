// Owns the proof, in a real browser, that budgets, holds, alerts and pauses are seen and steered by who uses the page.
// Does not own the figures' laws (test/law) or the audit (audit.test.ts).

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  command,
  createPlace,
  launchBrowser,
  openPage,
  type Place,
  type Serving,
  seriousFindings,
  type Watched,
} from "./stage.ts";

let browser: Browser;
let place: Place;
let serving: Serving;

beforeAll(async () => {
  browser = await launchBrowser();
  place = createPlace(undefined);
  serving = await place.serve();
  const day = { every: "day", timeZone: "Europe/Berlin", rollover: false };
  await send({ type: "budget.open", task: "team", limitNanoUsd: 2_000_000_000, policy: "soft", window: day });
  await send({ type: "budget.open", task: "build", limitTokens: 1000, parent: "team" });
  await send({ type: "budget.open", task: "test", limitTokens: 1000, parent: "team", unknownModel: "tokensOnly" });
  await send({ type: "budget.open", task: "done", limitTokens: 10, parent: "team" });
  await send({ type: "budget.close", task: "done" });
  await send({
    type: "budget.charge",
    task: "build",
    tokens: 500,
    usage: { input: 400, cacheRead: 100 },
    nanoUsd: 1_234_500_000,
    agent: "ada",
    model: "demo/large",
    reason: "<b>plan</b>",
  });
  await send({ type: "budget.reserve", task: "build", tokens: 200, nanoUsd: 10_000_000, agent: "ada", ttlMs: 600_000 });
});
afterAll(async () => {
  await browser.close();
  await place.close();
});

async function send(body: Parameters<typeof command>[1], agent?: string) {
  const answer = await command(serving, body, agent);
  if (answer.code !== undefined) throw new Error(`${body.type}: ${answer.code}`);
  return answer;
}

async function visit(
  use: (page: Page, watched: Watched) => Promise<void>,
  options: Parameters<typeof openPage>[1] = {},
  before?: (page: Page) => Promise<void>,
) {
  const watched = await openPage(browser, options);
  watched.page.setDefaultTimeout(10_000);
  try {
    await before?.(watched.page);
    await watched.page.goto(`${serving.url}/blackboard`);
    await watched.page.locator(".connection[data-phase=live]").waitFor({ timeout: 15_000 });
    await use(watched.page, watched);
  } finally {
    await watched.close();
  }
}

const row = (page: Page, task: string) => page.locator(`.budget[data-task=${JSON.stringify(task)}]`);
const drawer = (page: Page) => page.getByRole("dialog");
const noHistory = async (page: Page): Promise<void> => {
  await page.route("**/history?bucket=*", (route) => route.fulfill({ status: 503, body: "{}" }));
};

describe("the budgets", () => {
  it("are a tree with what is spent, held and left, in tokens and exact money", async () => {
    await visit(async (page) => {
      const team = page.getByRole("treeitem", { name: /team/ });
      await team.first().waitFor();
      expect(await row(page, "team").getAttribute("aria-level")).toBe("1");
      expect(await row(page, "build").getAttribute("aria-level")).toBe("2");
      expect(await row(page, "build").textContent()).toMatch(/500 \/ 1,000.*50%.*Active.*200 held.*300 left/);
      expect(await row(page, "team").textContent()).toMatch(
        /\$1\.2345 of \$2\.00.*\$0\.01 held.*\$0\.7555 left.*daily.*soft/,
      );
      expect(await row(page, "build").getByRole("meter").getAttribute("aria-valuetext")).toBe("50% used, 20% held");
      // The fullest first, and closed ones only when they are asked for.
      const tasks = await page
        .locator(".budget")
        .evaluateAll((all) => all.map((each) => (each as HTMLElement).dataset["task"]));
      expect(tasks).toEqual(["team", "build", "test"]);
      await page.getByLabel("1 closed").check();
      expect(await row(page, "done").textContent()).toMatch(/Closed/);
    });
  });

  it("show a settlement beyond the limit as debt, and name tokens without a price", async () => {
    await send({ type: "budget.open", task: "over", limitTokens: 100, parent: "team", unknownModel: "tokensOnly" });
    await send({ type: "budget.charge", task: "over", tokens: 130, model: "nobody/knows", agent: "ada" });
    await visit(
      async (page) => {
        await row(page, "over").waitFor();
        expect(await row(page, "over").textContent()).toMatch(/130%.*Exhausted.*0 left.*30 debt.*130 unpriced/);
      },
      {},
      noHistory,
    );
    await send({ type: "budget.close", task: "over" });
  });

  it("are reached and folded by keyboard, open a drawer, and have the focus back when it closes", async () => {
    await visit(
      async (page) => {
        await row(page, "team").waitFor();
        const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset["task"]);
        await row(page, "team").focus();
        await page.keyboard.press("ArrowDown");
        expect(await focused()).toBe("build");
        await page.keyboard.press("End");
        expect(await focused()).toBe("test");
        await page.keyboard.press("ArrowLeft");
        expect(await focused()).toBe("team");
        await page.keyboard.press("ArrowLeft");
        expect(await row(page, "team").getAttribute("aria-expanded")).toBe("false");
        expect(await row(page, "build").count()).toBe(0);
        await page.keyboard.press("ArrowRight");
        await page.keyboard.press("ArrowRight");
        expect(await focused()).toBe("build");
        await page.keyboard.press("Enter");
        await drawer(page).getByText("Usage by kind of token, ever").waitFor();
        const text = await drawer(page).textContent();
        expect(text).toMatch(/Limit1,000no limit.*Spent500\$1\.2345.*Held200\$0\.01.*Left300no limit.*Debt0\$0\.00/);
        expect(text).toMatch(/Hard: a reserve never.*Input400.*Read from a cache100/);
        expect(text).toMatch(/Open holds \(1\).*ada.*200.*\$0\.01/);
        expect(text).toContain("500 tokens ($1.2345) by ada with demo/large: <b>plan</b>");
        expect(await drawer(page).locator("b").count()).toBe(0);
        await page.keyboard.press("Escape");
        await drawer(page).waitFor({ state: "detached" });
        await expect.poll(focused).toBe("build");
      },
      {},
      noHistory,
    );
  });

  it("draw only the rows that changed, and keep the focus on a row that changes its place", async () => {
    await send({ type: "budget.open", task: "left", limitTokens: 1000 });
    await send({ type: "budget.open", task: "right", limitTokens: 1000 });
    await visit(async (page) => {
      await row(page, "right").waitFor();
      await row(page, "right").focus();
      await page.evaluate(() => {
        const seen = new Set<string>();
        const told = (record: MutationRecord) => {
          const element = record.target instanceof Element ? record.target : record.target.parentElement;
          const task = element?.closest<HTMLElement>(".budget")?.dataset["task"];
          if (task !== undefined) seen.add(task);
        };
        new MutationObserver((records) => records.forEach(told)).observe(document.querySelector(".budgets")!, {
          subtree: true,
          childList: true,
          characterData: true,
          attributes: true,
        });
        Object.assign(window, { changedRows: seen });
      });
      await send({ type: "budget.charge", task: "right", tokens: 420 });
      await row(page, "right").getByText("42%").waitFor();
      const changed = await page.evaluate(() => [...(window as unknown as { changedRows: Set<string> }).changedRows]);
      // Its sibling now stands at another place, which it says.
      expect(changed.toSorted()).toEqual(["left", "right"]);
      expect(await row(page, "right").evaluate((element) => element === document.activeElement)).toBe(true);
      await page.evaluate(() => (window as unknown as { changedRows: Set<string> }).changedRows.clear());
      await send({ type: "budget.charge", task: "right", tokens: 10 });
      await row(page, "right").getByText("43%").waitFor();
      expect(await page.evaluate(() => [...(window as unknown as { changedRows: Set<string> }).changedRows])).toEqual([
        "right",
      ]);
    });
    await send({ type: "budget.close", task: "left" });
    await send({ type: "budget.close", task: "right" });
  });

  it("load the chart only with a drawer, from the history, and tell who spent it", async () => {
    await visit(async (page, watched) => {
      await row(page, "build").waitFor();
      expect(watched.requests.filter((url) => url.includes("burn-down-chart"))).toEqual([]);
      await row(page, "build").click();
      await drawer(page).locator(".chart[data-from=history] canvas").waitFor();
      expect(watched.requests.some((url) => url.includes("burn-down-chart"))).toBe(true);
      expect(await drawer(page).getByRole("figure").getAttribute("aria-label")).toMatch(
        /^Left at .*: 500 tokens; at .*: 1,000 tokens\. The limit is 1,000 tokens\./,
      );
      await drawer(page).getByText("The chart as a table").click();
      const told = await drawer(page).locator(".chart-text td").allTextContents();
      expect([told[0], told.at(-1)]).toEqual(["1,000 tokens", "500 tokens"]);
      await drawer(page).getByRole("button", { name: "minute", exact: true }).click();
      await drawer(page).locator(".chart[data-from=history] canvas").waitFor();
      await drawer(page).getByRole("button", { name: "Money" }).click();
      await drawer(page)
        .getByRole("figure", { name: /^Spent at .*: \$1\.2345; at .*: \$0\.00\. There is no limit\./ })
        .waitFor();
      await drawer(page).getByRole("button", { name: "Model" }).click();
      expect(await drawer(page).locator(".spent-by tbody tr").allTextContents()).toEqual(["demo/large$1.2345100%"]);
      const csv = await drawer(page).getByRole("link", { name: "Download as CSV" }).getAttribute("href");
      expect(await (await fetch(serving.url + csv)).text()).toMatch(/^at,tokens,nanoUsd[\s\S]*,500,1234500000,/);
      expect(watched.complaints).toEqual([]);
    });
  });

  it("say so where there is no history, and draw the live points that the page saw", async () => {
    await visit(
      async (page) => {
        await row(page, "test").waitFor();
        await row(page, "test").click();
        await drawer(page).locator(".chart[data-from=page] canvas").waitFor();
        await drawer(page).getByText("Live points only, seen by this page since it was opened.").waitFor();
        await send({ type: "budget.charge", task: "test", tokens: 7, nanoUsd: 0 });
        await drawer(page)
          .getByRole("figure", { name: /^Left at .*: 993 tokens; at .*: 1,000 tokens/ })
          .waitFor();
      },
      {},
      noHistory,
    );
  });
});

describe("holds, alerts and pauses", () => {
  it("show an open hold with its owner, model, amount and time, mark it stale, and let it go when it ends", async () => {
    await visit(async (page) => {
      await page.locator(".hold").first().waitFor();
      const { made } = await send({
        type: "budget.reserve",
        task: "test",
        tokens: 50,
        agent: "<i>bob</i>",
        model: "demo/small",
        operation: "review",
        ttlMs: 6000,
        nanoUsd: 1,
      });
      const hold = page.locator(`#holds [data-hold=${made?.hold}]`);
      await hold.waitFor();
      expect(await hold.textContent()).toMatch(/<i>bob<\/i>.*by tester.*test.*demo\/small.*review.*50.*<\$0\.0001/);
      await hold.getByText("Stale").waitFor();
      await hold.waitFor({ state: "detached" });
      expect(await page.locator("#holds i").count()).toBe(0);
    });
  });

  it("have an alert acknowledged by name and with a reason, for everybody, and unacknowledged ones first", async () => {
    await send({ type: "budget.open", task: "alarm", limitTokens: 100 });
    await send({ type: "budget.charge", task: "alarm", tokens: 85 });
    await visit(async (page) => {
      const alert = page.locator("#alerts .alert").filter({ hasText: "alarm" });
      await alert.getByText("80% reached").waitFor();
      expect(await alert.textContent()).toContain("85 of 100");
      await alert.getByRole("button", { name: "Acknowledge alarm" }).press("Enter");
      await drawer(page).getByLabel("Your name, for the log").fill("  Grace ");
      await drawer(page).getByLabel("Reason (optional)").fill("<u>seen</u>");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await drawer(page).waitFor({ state: "detached" });
      await alert.getByText(/Seen by Grace, .*: <u>seen<\/u>/).waitFor();
      await visit(async (other) => {
        await other.locator("#alerts .alert[data-seen=true]").filter({ hasText: "Seen by Grace" }).waitFor();
      });
      await send({ type: "budget.charge", task: "alarm", tokens: 6 });
      await page.locator("#alerts .alert").first().getByText("90% reached").waitFor();
      // The name is asked for once.
      await page.reload();
      await page.locator("#alerts").getByRole("button", { name: "Acknowledge alarm" }).click();
      expect(await drawer(page).getByLabel("Your name, for the log").inputValue()).toBe("Grace");
    });
    await send({ type: "budget.close", task: "alarm" });
  });

  it("pause an agent, a task and the board after a question, say who did, and resume", async () => {
    const reserve = async (agent: string) =>
      (await command(serving, { type: "budget.reserve", task: "build", tokens: 1, nanoUsd: 1, agent, ttlMs: 50 })).code;
    await visit(
      async (page) => {
        await page.getByRole("button", { name: "Pause spending…" }).click();
        await drawer(page).getByLabel("Agent").check();
        await drawer(page)
          .getByRole("textbox", { name: "Agent" })
          .or(drawer(page).getByRole("combobox", { name: "Agent" }))
          .fill("ada");
        await drawer(page).getByLabel("Your name, for the log").fill("Grace");
        await drawer(page).getByLabel("Reason (optional)").fill("too eager");
        // Nothing happens until it is said.
        expect(await reserve("ada")).toBe(undefined);
        await drawer(page).getByRole("button", { name: "Pause", exact: true }).click();
        const line = page.locator(".paused-lines");
        await line.getByText(/Agent ada is paused by Grace, .*: too eager/).waitFor();
        expect([await reserve("ada"), await reserve("bob")]).toEqual(["paused", undefined]);

        await row(page, "team").click();
        await drawer(page).getByRole("button", { name: "Pause this task" }).click();
        await page
          .getByRole("dialog", { name: /Pause Task team/ })
          .getByRole("button", { name: "Pause", exact: true })
          .click();
        await drawer(page)
          .getByText(/Task team is paused by Grace/)
          .waitFor();
        expect(await reserve("bob")).toBe("paused");
        await drawer(page).getByRole("button", { name: "Resume this task" }).click();
        await page
          .getByRole("dialog", { name: /Resume/ })
          .getByRole("button", { name: "Resume", exact: true })
          .click();
        await drawer(page).getByRole("button", { name: "Pause this task" }).waitFor();
        await page.keyboard.press("Escape");

        await page.getByRole("button", { name: "Pause spending…" }).click();
        await drawer(page).getByRole("button", { name: "Pause", exact: true }).click();
        await line.getByText(/The whole board is paused by Grace/).waitFor();
        await row(page, "build").getByText("Paused").waitFor();
        for (const what of ["the board", "ada"]) {
          await page
            .locator("#pauses")
            .getByRole("button", { name: `Resume ${what}` })
            .click();
          await drawer(page).getByRole("button", { name: "Resume", exact: true }).click();
          await drawer(page).waitFor({ state: "detached" });
        }
        await line.waitFor({ state: "detached" });
        expect([await reserve("ada"), await reserve("bob")]).toEqual([undefined, undefined]);
      },
      {},
      noHistory,
    );
  });

  it("show in the server's words what was refused, and keep what was typed", async () => {
    await visit(async (page) => {
      await page.getByRole("button", { name: "Pause spending…" }).click();
      await drawer(page).getByLabel("Task").check();
      const name = drawer(page).locator("input[list]");
      await name.fill("x".repeat(600));
      await drawer(page).getByLabel("Your name, for the log").fill("Grace");
      await drawer(page).getByRole("button", { name: "Pause", exact: true }).click();
      await drawer(page)
        .getByRole("alert")
        .getByText(/Not done: .*\(\w+\)/)
        .waitFor();
      expect(await name.inputValue()).toHaveLength(600);
    });
  });
});

describe("the spending panels", () => {
  it.each(["light", "dark"] as const)(
    "have no serious axe finding in the %s theme, with drawer and dialog",
    async (theme) => {
      await send({ type: "pause.set", scope: "agent", name: "eve", reason: "for the picture" });
      await visit(
        async (page) => {
          await page.locator(".hold").first().waitFor();
          expect(await seriousFindings(page)).toEqual([]);
          await row(page, "build").click();
          await drawer(page).locator(".chart canvas").waitFor();
          expect(await seriousFindings(page)).toEqual([]);
          await drawer(page).getByRole("button", { name: "Pause this task" }).click();
          await page.getByRole("dialog", { name: /Pause Task/ }).waitFor();
          expect(await seriousFindings(page)).toEqual([]);
        },
        { colorScheme: theme },
        noHistory,
      );
      await send({ type: "pause.clear", scope: "agent", name: "eve" });
    },
  );

  it("fit a phone of 390 px without scrolling sideways, drawer and dialog too", async () => {
    await visit(
      async (page) => {
        const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        await row(page, "build").click();
        await drawer(page).locator(".chart canvas").waitFor();
        const sideways = await drawer(page)
          .locator(".drawer-body")
          .evaluate((body) => body.scrollWidth - body.clientWidth);
        expect([await overflow(), sideways]).toEqual([0, 0]);
        await drawer(page).getByRole("button", { name: "Pause this task" }).click();
        const box = await page.getByRole("dialog", { name: /Pause Task/ }).boundingBox();
        expect(box?.x).toBeGreaterThanOrEqual(0);
        expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(390);
      },
      { viewport: { width: 390, height: 844 } },
      noHistory,
    );
  });

  it("asks for nothing that the content security policy forbids", async () => {
    await visit(
      async (page, watched) => {
        await row(page, "build").click();
        await drawer(page).locator(".chart canvas").waitFor();
        await drawer(page).getByRole("button", { name: "Pause this task" }).click();
        await page.getByRole("dialog", { name: /Pause Task/ }).waitFor();
        expect(watched.complaints.filter((text) => !text.includes("503"))).toEqual([]);
        expect(await page.locator("style").count()).toBe(0);
      },
      {},
      noHistory,
    );
  });
});
