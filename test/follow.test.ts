// Owns the proof that a followed workspace is shown as it is: whole, as its own (rules 20, 21), without its secrets.

import { execFileSync } from "node:child_process";
import { appendFile, chmod, mkdir, readFile, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import type * as FilePromises from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createFollower } from "../src/follow/index.ts";
import { jsonTextOf } from "../src/protocol/index.ts";
import type { Outcome } from "../src/protocol/index.ts";
import { aWhile, follow, networkAiBoard, until, workspace, zejzlBoard } from "./followed-board.ts";
import type { Followed } from "./followed-board.ts";

// The follower's one way to open a file, with a record of what it opened; everything else about it is real.
const openedPaths = vi.hoisted((): string[] => []);
vi.mock("node:fs/promises", async (importOriginal) => {
  const real = await importOriginal<typeof FilePromises>();
  return {
    ...real,
    open: (path: string, ...rest: [flags?: string | number, mode?: number]) => {
      openedPaths.push(path);
      return real.open(path, ...rest);
    },
  };
});

const open: Followed[] = [];
const opened = (followed: Followed): Followed => {
  open.push(followed);
  return followed;
};
afterEach(async () => {
  for (const followed of open.splice(0)) await followed.close();
});
const at = (text: string) => (): number => Date.parse(text);

describe("both fixtures load completely", () => {
  it("zejzl: 34 keys, 11 budget tasks, 14 audit entries", async () => {
    const { board, follower, value } = opened(await follow(await workspace("zejzl")));
    expect(board.state.entries.size).toBe(34);
    expect(board.state.budgets.size).toBe(11);
    expect(board.state.audit.total).toBe(14);
    expect(value("task:deploy:progress")).toBe("50");
    expect(board.state.entries.get("task:deploy:status")?.at).toBe(Date.parse("2026-02-05T10:43:37.482Z"));
    expect(board.state.budgets.get("test_budget_001")).toMatchObject({ usedTokens: 5500, limitTokens: 5000 });
    expect(follower.status()).toMatchObject({ state: "ok", paused: false, refused: [] });
  });

  it("network-ai v5 at 20:30Z: 6 live keys, 2 budget tasks, 28 audit records, and all the rest", async () => {
    const followed = opened(await follow(await workspace("network-ai-v5"), { now: at("2026-11-22T20:30:00Z") }));
    const { state } = followed.board;
    expect([...state.entries.keys()].sort()).toEqual([
      "agent:writer:1:state",
      "agent:writer:2:state",
      "federated-budget",
      "task:1:status",
      "task:2:status",
      "task:3:status",
    ]);
    expect(state.entries.get("task:1:status")?.by).toBe("writer");
    expect([...state.budgets.keys()]).toEqual(["task_001", "task_002"]);
    expect(state.budgets.get("task_002")?.saidExhausted).toBe(true);
    expect(state.audit.total).toBe(28);
    expect(state.requests.get("chg_162138ef")).toMatchObject({
      kind: "change",
      state: "open",
      subject: "task:3:status",
    });
    expect([...state.requests.values()].find((request) => request.kind === "permission")).toMatchObject({
      state: "granted",
      agent: "data_analyst",
      grantedUntil: Date.parse("2026-11-22T20:32:30.518Z"),
    });
    expect(state.agents.get("orchestrator")).toMatchObject({ trust: 0.9, namespaces: ["*"] });
    expect(state.agents.get("writer")).toMatchObject({ trust: 0.8, state: "active", task: "task_001" });
    expect(state.agents.get("claude-code")?.state).toBe("PreToolUse Bash allow");
    expect(state.tasks.get("task_001")?.details).toContain('"to":"analyst"');
    expect(state.sources.get("follow:swarm")).toMatchObject({ state: "ok", paused: true, detail: "Project Demo." });
  });

  it("network-ai v5 after 21:28Z: what has run out is absent, 4 keys", async () => {
    const { board } = opened(await follow(await workspace("network-ai-v5"), { now: at("2026-11-22T21:28:00Z") }));
    expect(board.state.entries.size).toBe(4);
    expect([...board.state.requests.values()].filter((request) => request.state === "granted")).toEqual([]);
  });

  it("the data folder leads to the same board under the same sources as the base", async () => {
    const dir = await workspace("network-ai-v5");
    const options = { now: at("2026-11-22T20:30:00Z") };
    const above = opened(await follow(dir, options));
    const below = opened(await follow(join(dir, "data"), options));
    expect([...below.board.state.marks.keys()].sort()).toEqual([...above.board.state.marks.keys()].sort());
    expect(below.board.state.entries.size).toBe(6);
  });
});

describe("secrets", () => {
  it("no token, signature or grant of the workspace is in any record", async () => {
    const followed = opened(await follow(await workspace("network-ai-v5"), { now: at("2026-11-22T20:30:00Z") }));
    const records = JSON.stringify(await followed.records());
    expect(records).not.toMatch(/grant_[0-9a-f]{8}/);
    for (const secret of ["Zibg6ynjsx5NkS", "0847c35c079dab46", "ce76abfd680d61fb", "ff3ea0d448a148c6"]) {
      expect(records).not.toContain(secret);
    }
    expect(records).toContain("sha256:");
  });

  it(".signing_key is never opened, not even through a link that has another name", async () => {
    const dir = await workspace("network-ai-v5");
    for (const folder of [dir, join(dir, "data"), join(dir, "data", "pending_changes")]) {
      await writeFile(join(folder, ".signing_key"), '{"change_id":"stolen","key":"key"}');
    }
    const proposals = join(dir, "data", "pending_changes");
    await symlink(join(proposals, ".signing_key"), join(proposals, "chg_0.json"));
    openedPaths.length = 0;
    const followed = opened(await follow(dir, { now: at("2026-11-22T20:30:00Z") }));
    await writeFile(join(dir, "data", ".signing_key"), "another");
    await aWhile();
    expect(openedPaths.filter((path) => path.includes("audit_log.jsonl"))).not.toEqual([]);
    expect(openedPaths.filter((path) => /signing_key|wal|lock|archive|chg_0/.test(path))).toEqual([]);
    expect(followed.board.state.requests.has("stolen")).toBe(false);
    expect(followed.board.state.entries.size).toBe(6);
  });

  it("nothing in the workspace is changed, locked or created", async () => {
    const dir = await workspace("network-ai-v5");
    const listing = (): string =>
      execFileSync("find", [dir, "-type", "f", "-printf", "%P %s %T@ %m\n"], { encoding: "utf8" });
    const before = listing();
    await (await follow(dir, { now: at("2026-11-22T20:30:00Z") })).follower.close();
    expect(listing()).toBe(before);
    await rm(dir, { recursive: true });
  });
});

describe("rule 21: a restart imports nothing twice and loses nothing", () => {
  it("starting again on an unchanged workspace sends no record at all", async () => {
    const followed = opened(await follow(await workspace("network-ai-v5"), { now: at("2026-11-22T20:30:00Z") }));
    const before = followed.board.position.seq;
    await followed.restart();
    await aWhile();
    expect(followed.board.position.seq).toBe(before);
  });

  it("what changed while nobody followed is imported at the next start", async () => {
    const dir = await workspace();
    await writeFile(join(dir, "blackboard.md"), zejzlBoard({ a: "1", b: "2" }));
    const followed = opened(await follow(dir));
    await followed.follower.close();
    await writeFile(join(dir, "blackboard.md"), zejzlBoard({ b: "3", c: "4" }));
    await followed.restart();
    expect([...followed.board.state.entries.keys()].sort()).toEqual(["b", "c"]);
    expect(followed.value("b")).toBe("3");
  });
});

describe("rule 20: a file owns only what it imported", () => {
  const direct = (followed: Followed, key: string, value: unknown): Promise<Outcome> =>
    followed.board.submit({
      actor: "agent",
      source: "http",
      command: { type: "entry.put", key, value: jsonTextOf(value) },
    });

  it("a key that others overwrote stays theirs, through rewrites and the delete in the file", async () => {
    const dir = await workspace();
    const path = join(dir, "swarm-blackboard.md");
    await writeFile(path, networkAiBoard({ mine: 1, shared: 1 }));
    const followed = opened(await follow(dir));
    await direct(followed, "shared", "theirs");
    await writeFile(path, networkAiBoard({ mine: 2, shared: 1 }));
    await until("mine changes", () => followed.value("mine") === 2);
    expect(followed.value("shared")).toBe("theirs");
    await writeFile(path, networkAiBoard({}));
    await until("mine goes", () => followed.value("mine") === undefined);
    expect(followed.value("shared")).toBe("theirs");
  });

  it("a key that the file changes is taken over, and the conflict is shown", async () => {
    const dir = await workspace();
    const path = join(dir, "swarm-blackboard.md");
    await writeFile(path, networkAiBoard({ shared: 1 }));
    const followed = opened(await follow(dir));
    await direct(followed, "shared", "theirs");
    await writeFile(path, networkAiBoard({ shared: 2 }));
    await until("the file's value", () => followed.value("shared") === 2);
    expect(followed.follower.status().conflicts).toEqual(["shared"]);
  });
});

describe("files that others write", () => {
  it("an empty, cut-off or unparsable file deletes nothing, is shown as stale, and recovers", async () => {
    const dir = await workspace("network-ai-v5");
    const followed = opened(await follow(dir, { now: at("2026-11-22T20:30:00Z") }));
    const path = join(dir, "swarm-blackboard.md");
    const whole = await readFile(path, "utf8");
    for (const torn of ["", whole.slice(0, 900), "\0\0\0"]) {
      await writeFile(path, torn);
      await writeFile(join(dir, "data", "budget_tracking.json"), torn);
      await until("shown as stale", () => followed.follower.status().state === "stale");
      expect(followed.board.state.entries.size).toBe(6);
      expect(followed.board.state.budgets.size).toBe(2);
      await writeFile(path, whole);
      await writeFile(join(dir, "data", "budget_tracking.json"), "{}");
      await until("recovered", () => followed.follower.status().state === "ok");
      expect(followed.board.state.budgets.size).toBe(0);
      await writeFile(
        join(dir, "data", "budget_tracking.json"),
        '{"a":{"max_tokens":10,"used_tokens":1},"b":{"max_tokens":10}}',
      );
      await until("budgets again", () => followed.board.state.budgets.size === 2);
    }
  });

  it("a file that is replaced by rename is followed on, each time", async () => {
    const dir = await workspace();
    const path = join(dir, "swarm-blackboard.md");
    await writeFile(path, networkAiBoard({ n: 0 }));
    const followed = opened(await follow(dir, { pollMs: 60_000 }));
    for (let n = 1; n <= 10; n++) {
      await writeFile(`${path}.tmp`, networkAiBoard({ n }));
      await rename(`${path}.tmp`, path);
      await until(`replacement ${n}`, () => followed.value("n") === n);
    }
  });

  it("what runs out leaves the board by itself, and a rewrite of the file does not bring it back", async () => {
    const dir = await workspace();
    const path = join(dir, "swarm-blackboard.md");
    await writeFile(path, networkAiBoard({ passing: 1 }, 1));
    const followed = opened(await follow(dir, { now: at("2026-11-22T20:27:27.260Z") }));
    expect(followed.value("passing")).toBe(1);
    await until("it runs out", () => followed.value("passing") === undefined);
    await writeFile(path, networkAiBoard({ passing: 1, other: 2 }, 1));
    await until("the other key", async () =>
      (await followed.commands()).some((command) => command.type === "entry.put" && command.key === "other"),
    );
    expect(followed.value("passing")).toBeUndefined();
  });

  it("without events, polling finds every change", async () => {
    const dir = await workspace();
    await writeFile(join(dir, "blackboard.md"), zejzlBoard({ n: "0" }));
    const followed = opened(await follow(dir, { watch: false, pollMs: 50 }));
    expect(followed.follower.status().watching).toBe("polling");
    await writeFile(join(dir, "blackboard.md"), zejzlBoard({ n: "1" }));
    await until("the change", () => followed.value("n") === "1");
  });

  it("a proposal opens a request and leaves with it; the pause flag comes and goes", async () => {
    const dir = await workspace();
    await mkdir(join(dir, "data", "pending_changes"), { recursive: true });
    await writeFile(join(dir, "swarm-blackboard.md"), networkAiBoard({}));
    const followed = opened(await follow(dir));
    const proposal = join(dir, "data", "pending_changes", "chg_1.json");
    await writeFile(proposal, JSON.stringify({ change_id: "chg_1", key: "k", value: 1, source_agent: "writer" }));
    await until("the request", () => followed.board.state.requests.get("chg_1")?.state === "open");
    await unlink(proposal);
    await until("its end", () => followed.board.state.requests.get("chg_1")?.state === "closed");
    await writeFile(join(dir, "SYSTEM_PAUSED"), "paused");
    await until("paused", () => followed.board.state.sources.get("follow:swarm")?.paused === true);
    await unlink(join(dir, "SYSTEM_PAUSED"));
    await until("not paused", () => followed.board.state.sources.get("follow:swarm")?.paused === false);
  });

  it("a federated budget is shown as a budget only where no budget file counts the same tokens", async () => {
    const dir = await workspace();
    const stated = JSON.stringify({ ceiling: 10_000, spent: { writer: 5200 }, totalSpent: 8100 });
    await writeFile(join(dir, "swarm-blackboard.md"), networkAiBoard({ "federated-budget": stated }));
    const followed = opened(await follow(dir));
    expect(followed.board.state.budgets.get("federated-budget")).toMatchObject({
      limitTokens: 10_000,
      usedTokens: 8100,
    });
    await writeFile(join(dir, "budget_tracking.json"), '{"t":{"max_tokens":1}}');
    await until("one budget", () => [...followed.board.state.budgets.keys()].join(",") === "t");
  });

  it("items that no board takes are left out and named; the others come in", async () => {
    const dir = await workspace();
    const long = "k".repeat(600);
    const fitting = "k".repeat(512);
    await writeFile(
      join(dir, "swarm-blackboard.md"),
      networkAiBoard({ a: 1, [long]: 2, [fitting]: 3, big: "x".repeat(2 ** 20), z: 4 }),
    );
    const followed = opened(await follow(dir));
    expect([...followed.board.state.entries.keys()].sort()).toEqual(["a", fitting, "z"].sort());
    expect(followed.follower.status().refused).toHaveLength(2);
    const before = followed.board.position.seq;
    await followed.restart();
    await writeFile(join(dir, "swarm-blackboard.md"), networkAiBoard({ a: 1 }));
    await until("the long key goes too", () => followed.board.state.entries.size === 1);
    expect(followed.board.position.seq).toBeGreaterThan(before);
  });
});

describe("folders that come and go", () => {
  it("a missing workspace is reported, and imported when it appears", async () => {
    const parent = await workspace();
    const dir = join(parent, "later");
    const followed = opened(await follow(dir));
    expect(followed.board.state.sources.get("follow:swarm")?.state).toBe("missing");
    await mkdir(dir);
    await writeFile(join(dir, "blackboard.md"), zejzlBoard({ a: "1" }));
    await until("the import", () => followed.value("a") === "1");
    await until("ok", () => followed.board.state.sources.get("follow:swarm")?.state === "ok");
    await rm(parent, { recursive: true });
  });

  it("a workspace that vanishes keeps its last good state, and is followed on when it is back", async () => {
    const dir = await workspace("network-ai-v5");
    const followed = opened(await follow(dir, { now: at("2026-11-22T20:30:00Z") }));
    await rename(dir, `${dir}-away`);
    await until("missing", () => followed.board.state.sources.get("follow:swarm")?.state === "missing");
    expect(followed.board.state.entries.size).toBe(6);
    await rename(`${dir}-away`, dir);
    await until("ok", () => followed.board.state.sources.get("follow:swarm")?.state === "ok");
    await appendFile(join(dir, "data", "audit_log.jsonl"), '{"timestamp":"2026-11-22T20:29:00Z","action":"back"}\n');
    await until("the line", () => followed.board.state.audit.total === 29);
  });

  it("a file that cannot be read is an error of that file only", async () => {
    const dir = await workspace("zejzl");
    await rm(join(dir, "budget_tracking.json"));
    await mkdir(join(dir, "budget_tracking.json"));
    await chmod(dir, 0o755);
    const followed = opened(await follow(dir));
    expect(followed.board.state.entries.size).toBe(34);
    expect(followed.board.state.audit.total).toBe(14);
  });
});

describe("a board in trouble", () => {
  it("work waits while the log is unavailable, is sent with the same id, and nothing is lost", async () => {
    const dir = await workspace("zejzl");
    const inner = opened(await follow(await workspace()));
    const ids: (string | undefined)[] = [];
    let failures = 5;
    const follower = await createFollower({
      dir,
      name: "troubled",
      target: {
        state: inner.board.state,
        async submit(submission) {
          ids.push(submission.id);
          if (failures-- > 2) return { ok: false, code: "log_unavailable" };
          const outcome = await inner.board.submit(submission);
          // The command did take effect, but nobody says so.
          return failures >= 0 ? { ok: false, code: "indeterminate" } : outcome;
        },
      },
    });
    await follower.ready;
    expect(new Set(ids.slice(0, 6)).size).toBe(1);
    expect(inner.board.state.budgets.size).toBe(11);
    expect(inner.board.state.entries.size).toBe(34);
    expect(inner.board.state.audit.total).toBe(14);
    await follower.close();
    await rm(dir, { recursive: true });
  });
});
