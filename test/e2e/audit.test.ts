// Owns the proof, in a real browser, that the audit is looked through, followed and checked by who uses the page.
// Does not own what the routes answer (test/audit) or what verifies the whole log (audit verify).

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
const RECORDS = 1500;

beforeAll(async () => {
  browser = await launchBrowser();
  place = createPlace(undefined);
  serving = await place.serve();
  for (let from = 0; from < RECORDS; from += 500) {
    const commands = Array.from({ length: 500 }, (_, i) => ({
      type: "audit.note",
      event: "step_done",
      agent: `agent-${(from + i) % 3}`,
      resource: `step ${from + i}`,
      reason: from + i === 700 ? "a needle in the hay" : "as planned",
      ...((from + i) % 10 === 0 ? { granted: false } : {}),
    }));
    await command(serving, { type: "batch", commands });
  }
  await command(serving, { type: "entry.put", key: "big", value: 1 });
  await command(serving, { type: "entry.put", key: "big", value: 2, if: { rev: 77 } });
});
afterAll(async () => {
  await browser.close();
  await place.close();
});

async function visit(use: (page: Page, watched: Watched) => Promise<void>, search = "", more = {}) {
  const watched = await openPage(browser, more);
  watched.page.setDefaultTimeout(10_000);
  try {
    await watched.page.goto(`${serving.url}/blackboard${search}`);
    await watched.page.locator(".connection[data-phase=live]").waitFor({ timeout: 15_000 });
    await use(watched.page, watched);
  } finally {
    await watched.close();
  }
}

const rows = (page: Page) => page.locator("#audit .audit");
const drawer = (page: Page) => page.getByRole("dialog");
const note = (event: string, more = {}) => command(serving, { type: "audit.note", event, agent: "late", ...more });

describe("the audit table", () => {
  it("draws only what is in sight, however much there is, and reads older pages on the way down", async () => {
    await visit(async (page) => {
      await rows(page).first().waitFor();
      const body = page.locator("#audit .audit-body");
      for (let step = 0; step < 40; step++) {
        expect(await rows(page).count()).toBeLessThan(50);
        await body.evaluate((element) => element.scrollTo(0, element.scrollHeight));
        if (await rows(page).getByText("step 0", { exact: true }).isVisible()) break;
        await page.waitForTimeout(100);
      }
      await rows(page).getByText("step 0", { exact: true }).waitFor();
      await page.locator("#audit .count").getByText("1,500").waitFor();
      expect(await page.getByRole("grid", { name: "Audit records" }).getAttribute("aria-rowcount")).toBe("1500");
      // Every record once, in order, without a hole.
      const seen = new Map<number, string>();
      for (let top = 0; top <= 1500 * 32; top += 400) {
        await body.evaluate((element, y) => element.scrollTo(0, y), top);
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        for (const [index, name] of await rows(page).evaluateAll((all) =>
          all.map((row) => [Number(row.dataset["index"]), row.querySelector(".audit-resource")?.textContent] as const),
        ))
          seen.set(index, name ?? "");
      }
      expect([...seen].toSorted(([a], [b]) => a - b).map(([, name]) => name)).toEqual(
        Array.from({ length: RECORDS }, (_, i) => `step ${RECORDS - 1 - i}`),
      );
    });
  });

  it("is gone through by keyboard, the focus staying in sight, and opens a record and comes back", async () => {
    await visit(async (page) => {
      await rows(page).first().waitFor();
      await rows(page).first().focus();
      const focused = () =>
        page.evaluate(() => {
          const box = document.activeElement?.getBoundingClientRect();
          const body = document.querySelector(".audit-body")?.getBoundingClientRect();
          const isSeen = box && body && box.top >= body.top - 1 && box.bottom <= body.bottom + 1;
          return [(document.activeElement as HTMLElement).dataset["index"], isSeen];
        });
      await page.keyboard.press("ArrowDown");
      await expect.poll(focused).toEqual(["1", true]);
      for (const _ of [1, 2, 3]) await page.keyboard.press("PageDown");
      const [at] = await focused();
      expect(Number(at)).toBeGreaterThan(10);
      await page.keyboard.press("End");
      await expect.poll(async () => Number((await focused())[0])).toBeGreaterThanOrEqual(99);
      await page.keyboard.press("Home");
      await expect.poll(focused).toEqual(["0", true]);
      await page.keyboard.press("Enter");
      await drawer(page).getByText("All members").waitFor();
      await page.keyboard.press("Escape");
      await expect.poll(focused).toEqual(["0", true]);
    });
  });

  it("has its filters in the address: a link and a reload show the same, other choices stay", async () => {
    await visit(async (page) => {
      await rows(page).first().waitFor();
      await page.getByLabel("Filter the audit log").fill("needle");
      await expect.poll(() => rows(page).count()).toBe(1);
      expect(await rows(page).first().textContent()).toContain("a needle in the hay");
      expect(new URL(page.url()).searchParams.get("q")).toBe("needle");
      await page.reload();
      await expect.poll(() => rows(page).count()).toBe(1);
      expect(await page.getByLabel("Filter the audit log").inputValue()).toBe("needle");
      await page.getByLabel("Filter the audit log").fill("");
      await page.getByRole("button", { name: "Denied", exact: true }).click();
      await expect.poll(() => rows(page).getByText("DENIED").count()).toBeGreaterThan(10);
      expect(await rows(page).getByText("EVENT").count()).toBe(0);
    });
    await visit(async (page) => {
      await expect.poll(() => rows(page).count()).toBe(1);
      expect(await rows(page).first().textContent()).toMatch(/REFUSED.*tester.*entry\.put.*big.*rev_mismatch/);
    }, "?audit=refused&actor=tester&about=bi");
  });

  it("says in the server's words what it does not take, and goes on when it is put right", async () => {
    await visit(async (page) => {
      await page
        .locator("#audit")
        .getByRole("alert")
        .getByText(/outcome is no outcome/)
        .waitFor();
      await page.getByLabel("Outcome").fill("ok");
      await rows(page).first().waitFor();
      expect(await page.locator("#audit").getByRole("alert").count()).toBe(0);
    }, "?audit=all&outcome=nonsense");
  });

  it("follows what is written with the same filter, counts what a pause keeps back, and moves no row that is looked at", async () => {
    await visit(async (page) => {
      await rows(page).first().waitFor();
      await note("first_of_tail");
      await rows(page).getByText("first of tail").waitFor();
      await page.getByRole("button", { name: "Pause", exact: true }).click();
      await note("kept_back");
      await note("not_for_this_filter", { granted: false });
      await page.getByRole("button", { name: "Paused · 2 new" }).waitFor();
      expect(await rows(page).getByText("kept back").count()).toBe(0);
      await page.getByRole("button", { name: "Paused · 2 new" }).click();
      await rows(page).getByText("kept back").waitFor();

      const body = page.locator("#audit .audit-body");
      await body.evaluate((element) => element.scrollTo(0, 1600));
      const top = async () => (await rows(page).getByText("step 1450", { exact: true }).boundingBox())?.y;
      await rows(page).getByText("step 1450", { exact: true }).waitFor();
      const before = await top();
      await note("above_the_fold");
      await expect.poll(() => body.evaluate((element) => element.scrollTop)).toBe(1632);
      expect(await top()).toBeCloseTo(before ?? 0, 0);
      await body.evaluate((element) => element.scrollTo(0, 0));
      await rows(page).getByText("above the fold").waitFor();
    });
  });

  it("opens a record with all its members as text, and copies it as JSON and as a curl that reads it", async () => {
    await note("<i>hostile</i>", { reason: "<img src=x onerror=alert(1)>", details: { big: 1 } });
    const options = { permissions: ["clipboard-read", "clipboard-write"] };
    await visit(
      async (page, watched) => {
        await rows(page).getByText("<i>hostile</i>").click();
        await drawer(page).getByText("<img src=x onerror=alert(1)>").first().waitFor();
        expect(await page.locator(":is(.drawer, #audit) :is(i, img)").count()).toBe(0);
        await drawer(page).getByRole("button", { name: "Copy JSON" }).click();
        await drawer(page).getByText("Copied").first().waitFor();
        const json = JSON.parse(await page.evaluate(() => navigator.clipboard.readText())) as {
          seq: number;
          action: string;
        };
        expect(json.action).toBe("<i>hostile</i>");
        await drawer(page).getByRole("button", { name: "Copy curl" }).click();
        await drawer(page).getByText("Copied").nth(1).waitFor();
        const curl = await page.evaluate(() => navigator.clipboard.readText());
        const address = /^curl '([^']+)'$/.exec(curl)?.[1] ?? "";
        const answer = (await (await fetch(address)).json()) as { records: { seq: number }[] };
        expect(answer.records[0]?.seq).toBe(json.seq);
        const proof = await drawer(page)
          .getByRole("link", { name: /tlog-proof/ })
          .getAttribute("href");
        expect((await (await fetch(serving.url + proof)).text()).startsWith("c2sp.org/tlog-proof@v1")).toBe(true);
        await drawer(page).getByRole("link", { name: "late" }).click();
        await expect.poll(() => new URL(page.url()).searchParams.get("agent")).toBe("late");
        await rows(page).first().waitFor();
        expect(watched.complaints).toEqual([]);
      },
      "",
      options,
    );
  });
});

describe("the badge of proofs", () => {
  const badge = (page: Page) => page.locator("#audit .proof-badge");

  it("verifies the newest checkpoint's signature, and that the log goes on from the first one that the page saw", async () => {
    await visit(async (page, watched) => {
      await badge(page)
        .getByText(/^verified to #[\d,]+$/)
        .waitFor();
      const first = await badge(page).textContent();
      await badge(page).press("Enter");
      await drawer(page).getByText("is the first that this page saw").waitFor();
      await drawer(page).getByText("The signature is by the key that this server states").waitFor();
      await note("one_more");
      await expect
        .poll(
          async () => {
            await drawer(page).getByRole("button", { name: "Check again" }).click();
            return badge(page).textContent();
          },
          { timeout: 30_000, interval: 1000 },
        )
        .not.toBe(first);
      await drawer(page)
        .getByText(/The log grew from #[\d,]+, which this page saw first, to #[\d,]+/)
        .waitFor();
      expect(await drawer(page).textContent()).toMatch(
        /What that does not show.*rewrite the past.*swarmboard audit verify export\.jsonl/s,
      );
      expect(await drawer(page).locator(".note").first().textContent()).toMatch(/^swarmboard\/default\/\S+\n\d+\n/);
      expect(watched.complaints).toEqual([]);
    });
  });

  it("says so when a checkpoint was changed, and when the log does not go on from what it saw", async () => {
    const watched = await openPage(browser);
    const { page } = watched;
    let mode: "true" | "changed" = "changed";
    await page.route("**/audit/checkpoint", async (route) => {
      const answer = await route.fetch();
      const text = await answer.text();
      const [origin, size, ...rest] = text.split("\n");
      await route.fulfill({
        response: answer,
        body: mode === "true" ? text : [origin, String(Number(size) - 1), ...rest].join("\n"),
      });
    });
    await page.goto(`${serving.url}/blackboard`);
    await badge(page)
      .getByText(/^does not verify at #/)
      .waitFor();
    await badge(page).click();
    await drawer(page).getByText("The signature does NOT hold").waitFor();

    mode = "true";
    await page.reload();
    await badge(page)
      .getByText(/^verified to #/)
      .waitFor();
    await page.route("**/audit/consistency?*", (route) => route.fulfill({ json: { hashes: [] } }));
    await badge(page).click();
    await note("after_the_lie");
    await expect
      .poll(
        async () => {
          await drawer(page).getByRole("button", { name: "Check again" }).click();
          return badge(page).textContent();
        },
        { timeout: 30_000, interval: 1000 },
      )
      .toMatch(/^does not verify at #/);
    await drawer(page)
      .getByText(/does NOT go on from that of #/)
      .waitFor();
    await watched.close();
  });
});

describe("the audit's panels", () => {
  it.each(["light", "dark"] as const)("have no serious axe finding in the %s theme", async (theme) => {
    await visit(
      async (page) => {
        await rows(page).first().waitFor();
        expect(await seriousFindings(page)).toEqual([]);
        await rows(page).first().click();
        await drawer(page).getByText("All members").waitFor();
        expect(await seriousFindings(page)).toEqual([]);
        await page.keyboard.press("Escape");
        await page.locator("#audit .proof-badge").click();
        await drawer(page).getByText("Verify it yourself").waitFor();
        expect(await seriousFindings(page)).toEqual([]);
      },
      "?audit=all&actor=tester",
      { colorScheme: theme },
    );
  });
});
