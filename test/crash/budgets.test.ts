// Owns the proof of law L8 by force: 64 clients in four processes, half over HTTP and half over sockets, spend of one tree of
// budgets; the server is killed with SIGKILL and started again under them, and one of the processes is killed, too.
// `SWARMBOARD_KILLS=50 npx vitest run --project system test/crash/budgets.test.ts` kills more often. The seed is in the title.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { apply, createBoardState, digestOf } from "../../src/board/index.ts";
import { openBoard } from "../../src/engine/index.ts";
import { sha256 } from "../../src/engine/recovery.ts";
import { createFileStore } from "../../src/log/index.ts";
import { type Budget, type Outcome, seq } from "../../src/protocol/index.ts";
import { serve, type Server, stopAll } from "../cli/program.ts";

const KILLS = Number(process.env["SWARMBOARD_KILLS"] ?? 3);
const SEED = Number(process.env["SWARMBOARD_SEED"] ?? 1);
const PROCESSES = 4;
const CLIENTS = 16;
const SPENDERS = fileURLToPath(new URL("spenders.mjs", import.meta.url));
const LEAVES = ["a", "b", "c", "d"];
/** Fewer than 64 clients ask for at once, so that reserves are refused all the time. */
const LIMIT = 2500;
const LEAF_LIMIT = 900;
/** A token costs 2 or 4: now tokens run out and now money. */
const LIMIT_NANO_USD = 6500;
/** Of the leaf `a`. */
const LEAF_LIMIT_NANO_USD = 1500;

interface Told {
  readonly did: "start" | "reserve" | "extend" | "settle" | "release";
  readonly id: string;
  readonly ok: boolean;
  readonly hold: string;
  readonly tokens: number | undefined;
  readonly code: string | undefined;
  readonly facts: Readonly<Record<string, unknown>> | undefined;
}

const children = new Set<ChildProcess>();
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await stopAll();
});

/** One process of clients, and all that it says. */
function startSpenders(url: string, n: number): { child: ChildProcess; told: Told[]; ended: Promise<string> } {
  // Long enough that none ends while the server is away: late settlements are charges, which no limit holds. Those of the
  // process that will be killed with the first server have to end by themselves.
  const ttlMs = n === PROCESSES - 1 ? 5000 : 300_000;
  const args = { url, name: `p${n}`, clients: CLIENTS, seed: SEED * 10 + n, leaves: LEAVES, ttlMs };
  const child = spawn(process.execPath, [SPENDERS, JSON.stringify(args)], { stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  const told: Told[] = [];
  let rest = "";
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) told.push(JSON.parse(line) as Told);
  });
  const ended = new Promise<string>((resolve) => child.once("close", () => resolve(errors)));
  return { child, told, ended };
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });

async function api(server: Server, method: string, path: string, body?: object) {
  const response = await fetch(`${server.url}/api/v1/boards/default/${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  expect(response.ok).toBe(true);
  return (await response.json()) as {
    readonly holds: readonly unknown[];
    readonly held: object;
    readonly usedTokens: number;
  };
}

it(
  `L8, L9: 64 clients, kill -9 and retries cannot overspend by one token, nor lose or double a hold (${KILLS} kills, seed ${SEED})`,
  { timeout: 90_000 + KILLS * 15_000, retry: 0 },
  async () => {
    const dir = await mkdtemp(join(tmpdir(), "swarmboard-spend-"));
    const port = await freePort();
    const data = join(dir, "data");
    const args = ["--port", String(port), "--data", data, "--max-connections-per-ip", "1000", "--log-level", "error"];
    const begin = () => serve(args);
    let server = await begin();
    await api(server, "POST", "budgets/root", { limitTokens: LIMIT, limitNanoUsd: LIMIT_NANO_USD });
    for (const leaf of LEAVES)
      await api(server, "POST", `budgets/${leaf}`, { parent: "root", limitTokens: LEAF_LIMIT });

    await api(server, "PATCH", "budgets/a", { limitNanoUsd: LEAF_LIMIT_NANO_USD });
    const processes = Array.from({ length: PROCESSES }, (_, n) => startSpenders(server.url, n));
    let random = SEED;
    const heard = (): number => processes.reduce((sum, one) => sum + one.told.length, 0);
    /** By what was done, not by time: a busy machine kills as early in the work as an idle one. */
    const more = async (count: number): Promise<void> => {
      const from = heard();
      while (heard() < from + count) await pause(5);
    };
    for (let kill = 0; kill < KILLS; kill++) {
      random = (random * 48_271) % 2_147_483_647;
      await more(150 + (random % 300));
      await server.stop("SIGKILL");
      // A process of clients dies with it: what it holds frees itself.
      if (kill === 0) processes[PROCESSES - 1]?.child.kill("SIGKILL");
      server = await begin();
    }
    await more(150);
    for (const { child } of processes) child.kill("SIGTERM");
    const errors = await Promise.all(processes.map(({ ended }) => ended));
    expect(errors).toEqual(errors.map(() => ""));
    // The longest time to live of what the dead process left.
    const end = Date.now() + 30_000;
    while ((await api(server, "GET", "holds")).holds.length > 0 && Date.now() < end) await pause(100);
    const shown = await api(server, "GET", "budgets/root");
    expect(shown.held).toEqual({ tokens: 0, nanoUsd: 0, holds: 0 });
    await server.stop("SIGKILL");

    const told = processes.flatMap((one) => one.told);
    const acknowledged = told.filter(({ ok }) => ok);
    const refusals = told.filter(({ code }) => code === "over_budget");
    const short = (dimension: string): number =>
      refusals.filter(({ facts }) => facts?.["dimension"] === dimension).length;
    // Otherwise nothing was proven.
    expect([short("tokens") > 5, short("nanoUsd") > 5]).toEqual([true, true]);
    expect(acknowledged.length).toBeGreaterThan(200);
    expect(refusals.length).toBeGreaterThan(20);
    for (const { facts } of refusals) {
      expect(["root", ...LEAVES]).toContain(facts?.["budget"]);
      expect(facts).toMatchObject({ dimension: expect.stringMatching(/^(tokens|nanoUsd)$/) });
    }
    expect(new Set(told.map(({ code }) => code))).toEqual(new Set([undefined, "over_budget"]));

    const store = await createFileStore({ dir: data });
    const board = await openBoard({ name: "default", memory: await store.open("default") });
    const state = createBoardState(sha256);
    const first = new Map<string, { readonly outcome: Outcome; count: number }>();
    let spent = 0;
    const left = (budget: Budget | undefined, limit: number): number =>
      limit - (budget?.usedTokens ?? 0) - (budget?.account?.heldTokens ?? 0);
    for await (const records of board.read(seq(1))) {
      for (const record of records) {
        const { outcome } = apply(state, record);
        const applied = outcome.ok && outcome.duplicate !== true;
        if (record.id !== "") {
          const known = first.get(record.id);
          if (known === undefined) first.set(record.id, { outcome, count: applied ? 1 : 0 });
          else if (applied) known.count++;
        }
        if (applied && record.command.type === "hold.settle") spent += record.command.tokens ?? 0;
        // After every single record: the law itself.
        const root = state.budgets.get("root");
        if (root === undefined || !state.budgets.has("d")) continue;
        expect(left(root, LIMIT)).toBeGreaterThanOrEqual(0);
        expect(LIMIT_NANO_USD - (root.account?.nanoUsd ?? 0) - (root.account?.heldNanoUsd ?? 0)).toBeGreaterThanOrEqual(
          0,
        );
        const { account } = state.budgets.get("a") ?? {};
        expect((account?.nanoUsd ?? 0) + (account?.heldNanoUsd ?? 0)).toBeLessThanOrEqual(LEAF_LIMIT_NANO_USD);
        let used = 0;
        let held = 0;
        for (const leaf of LEAVES) {
          const budget = state.budgets.get(leaf);
          expect(left(budget, LEAF_LIMIT)).toBeGreaterThanOrEqual(0);
          used += budget?.usedTokens ?? 0;
          held += budget?.account?.heldTokens ?? 0;
        }
        expect([root.usedTokens, root.account?.heldTokens]).toEqual([used, held]);
        expect(used).toBe(spent);
      }
    }
    // Every acknowledged hold and end is in the log once, under the name that was told.
    const holds = new Set<string>();
    for (const { did, id, hold } of acknowledged) {
      if (did === "start") continue;
      const known = first.get(did === "reserve" ? id : did === "extend" ? `${id}-more` : `${id}-end`);
      expect([did, id, known?.count]).toEqual([did, id, 1]);
      if (did !== "reserve") continue;
      expect(known?.outcome).toMatchObject({ ok: true, made: { hold } });
      expect(holds.has(hold)).toBe(false);
      holds.add(hold);
    }
    for (const { count } of first.values()) expect(count).toBeLessThanOrEqual(1);
    const settled = acknowledged.reduce((sum, { did, tokens }) => sum + (did === "settle" ? (tokens ?? 0) : 0), 0);
    // What the killed process settled may not have been told.
    expect(spent).toBeGreaterThanOrEqual(settled);
    expect(state.budgets.get("root")).toMatchObject({ usedTokens: spent, account: { heldTokens: 0, holds: 0 } });
    expect(shown.usedTokens).toBe(spent);
    expect(digestOf(board.state)).toBe(digestOf(state));
    if (process.env["SWARMBOARD_KILLS"] !== undefined)
      console.log(`${KILLS} kills, ${holds.size} holds, ${refusals.length} refusals, ${spent} of ${LIMIT} spent`);
    await board.close();
    await store.close();
    await rm(dir, { recursive: true });
  },
);
