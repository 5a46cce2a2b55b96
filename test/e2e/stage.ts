// Owns what every end-to-end test stands on: the real server as a process, and a real Chromium that looks at it.
// Does not own what is tested. Everything that is started here is stopped by `close`, also when a test fails.

import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const root = fileURLToPath(new URL("../../", import.meta.url));
const main = join(root, "dist/cli/main.js");

/** Where Chromium may be; the first that exists is used. CHROMIUM_PATH wins. */
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const CHROMIUM_ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
];

export async function launchBrowser(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM_PATH"] ?? CHROMIUM.find((path) => existsSync(path));
  if (executablePath === undefined) throw new Error("Chromium was not found; set CHROMIUM_PATH to its path.");
  return chromium.launch({ executablePath, args: CHROMIUM_ARGS });
}

export interface Serving {
  readonly url: string;
  readonly port: number;
  /** Ends the process at once, as a crash would. */
  kill(): Promise<void>;
}

export interface Place {
  readonly dir: string;
  readonly workspace: string;
  serve(port?: number): Promise<Serving>;
  close(): Promise<void>;
}

async function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      const url = /listening on (http:\/\/\S+)/.exec(text)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.stderr?.on("data", (bytes: Buffer) => {
      text += bytes.toString();
    });
    child.once("exit", (code) => reject(new Error(`The server ended with ${code} before it listened:\n${text}`)));
  });
}

/** A folder of its own with a copy of a fixture to follow (none for an empty board), and servers on it. */
export function createPlace(fixture: "zejzl" | "network-ai-v5" | undefined): Place {
  const dir = mkdtempSync(join(tmpdir(), "swarmboard-e2e-"));
  const workspace = join(dir, "workspace");
  if (fixture !== undefined) cpSync(join(root, "test/fixtures", fixture), workspace, { recursive: true });
  const children = new Set<ChildProcess>();

  async function end(child: ChildProcess): Promise<void> {
    children.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => {
      child.once("exit", resolve);
    });
    child.kill("SIGKILL");
    await gone;
  }

  return {
    dir,
    workspace,
    async serve(port = 0) {
      const follow = fixture === undefined ? [] : ["--follow", workspace];
      const child = spawn(
        process.execPath,
        [main, "serve", "--port", String(port), "--data", join(dir, "data"), ...follow],
        { stdio: ["ignore", "pipe", "pipe"] },
      );
      children.add(child);
      const url = await listening(child);
      return { url, port: Number(new URL(url).port), kill: () => end(child) };
    },
    async close() {
      for (const child of children) await end(child);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A page with everything that it complained about or asked for. */
export interface Watched {
  readonly page: Page;
  readonly complaints: readonly string[];
  readonly said: readonly string[];
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  const said: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    said.push(message.text());
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => {
    complaints.push(`a dialog opened: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => requests.push(request.url()));
  page.on("websocket", (socket) => requests.push(socket.url()));
  return { page, complaints, said, requests, close: () => context.close() };
}

export async function put(
  serving: Serving,
  key: string,
  value: unknown,
  more: Record<string, unknown> = {},
): Promise<void> {
  const answer = await fetch(`${serving.url}/api/v1/boards/default/entries?key=${encodeURIComponent(key)}`, {
    method: "PUT",
    headers: { "Content-Type": "application/json", "X-Swarmboard-Agent": "tester" },
    body: JSON.stringify({ value, ...more }),
  });
  // Read in any case: an answer that nobody reads keeps its connection.
  const text = await answer.text();
  if (!answer.ok) throw new Error(`PUT ${key}: ${answer.status} ${text}`);
}

/** Sends a command as `agent`; the answer, also of a refusal. */
export async function command(
  serving: Serving,
  body: { readonly type: string; readonly [member: string]: unknown },
  agent = "tester",
): Promise<{ readonly seq?: number; readonly code?: string; readonly made?: { readonly hold?: string } }> {
  const answer = await fetch(`${serving.url}/api/v1/boards/default/commands`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Swarmboard-Agent": agent },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as { seq?: number };
}

/** Axe's serious findings on the page as it is. */
export async function seriousFindings(page: Page): Promise<unknown[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => [id, nodes.map((node) => node.html)]);
}
