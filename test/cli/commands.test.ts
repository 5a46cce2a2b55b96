import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PRODUCT_VERSION } from "../../src/protocol/index.ts";
import { run as runBare, type Server, serve, stopAll, type Surroundings } from "./program.ts";

let server: Server;
const run = (args: readonly string[], surroundings: Surroundings = {}) =>
  runBare(args, { ...surroundings, env: { SWARMBOARD_URL: server.url, ...surroundings.env } });

beforeAll(async () => {
  server = await serve();
});
afterAll(stopAll);

describe("exit codes", () => {
  it("0: done; help and version are no failure", async () => {
    expect(await run(["--version"])).toMatchObject({ code: 0, stdout: `${PRODUCT_VERSION}\n`, stderr: "" });
    for (const args of [["--help"], ["put", "--help"], ["budget", "--help"], ["help", "watch"]]) {
      const { code, stdout } = await run(args);
      expect([args, code, stdout.includes("Usage: swarmboard")]).toEqual([args, 0, true]);
    }
    expect((await run(["--help"])).stdout).toContain("SWARMBOARD_URL");
  });

  it("1: the server refused, and the code says why", async () => {
    const ended = await run(["get", "nothing-here"]);
    expect(ended).toMatchObject({ code: 1, stdout: "" });
    expect(ended.stderr).toContain("refused (no_such_entry)");
    const asJson = await run(["get", "nothing-here", "--json"]);
    expect(asJson.code).toBe(1);
    expect(JSON.parse(asJson.stderr)).toMatchObject({ exitCode: 1, problem: { code: "no_such_entry", status: 404 } });
    expect((await run(["get", "--board", "elsewhere"])).stderr).toContain("no_such_board");
  });

  it("2: wrong usage, before anything is sent", async () => {
    for (const args of [
      ["bogus"],
      ["put"],
      ["put", "k", "v", "--ttl", "5"],
      ["put", "k", "v", "--if-rev", "1", "--if-absent"],
      ["--port", "99999"],
      ["watch", "--rate", "2m"],
      ["watch", "--prefix", "a", "--key", "b"],
      ["get", "--board", "No Such Name"],
      ["get", "--no-such-flag"],
      ["get", "--limit", "0", "--json"],
      ["history", "--limit", "0"],
      ["help", "frob"],
      ["get", "--url", "https://127.0.0.1:8000"],
      ["get", "--url", "http://127.0.0.1:8000/some/path"],
      ["--memory", "--follow", "X Y=/tmp"],
    ]) {
      const { code, stdout, stderr } = await run(args);
      // With --json, errors are JSON too.
      expect([args, code, stdout, /^(swarmboard: |\{"error")/.test(stderr)]).toEqual([args, 2, "", true]);
    }
  });

  it("3: no server answers", async () => {
    for (const args of [["get"], ["put", "k", "v"], ["watch"], ["budget"], ["audit"], ["demo"]]) {
      const { code, stderr } = await run([...args, "--url", "http://127.0.0.1:1"], {});
      expect([args, code, /cannot reach/.test(stderr)]).toEqual([args, 3, true]);
    }
  });
});

describe("entries", () => {
  it("keep JSON byte for byte, text as text, and any key (rule 19)", async () => {
    const value = '{"big":12345678901234567890,"one":1.0,"text":"\\u00e9"}';
    const keys = ["plain", "a/b c#?%", "..", "ключ", "__proto__"];
    const roundTrip = async (key: string): Promise<void> => {
      expect((await run(["put", key, value])).code).toBe(0);
      expect([key, (await run(["get", key])).stdout]).toEqual([key, `${value}\n`]);
      expect((await run(["delete", key])).code).toBe(0);
      expect((await run(["get", key])).code).toBe(1);
    };
    await Promise.all(keys.map(roundTrip));
    await run(["put", "said", "hello"]);
    expect((await run(["get", "said"])).stdout).toBe("hello\n");
    await run(["put", "said", "42", "--text"]);
    expect(JSON.parse((await run(["get", "said", "--json"])).stdout)).toMatchObject({
      key: "said",
      value: "42",
      by: "cli",
      rev: 2,
    });
  });

  it("that look like broken JSON are stored as text, and say so", async () => {
    expect(await run(["put", "broken", "{bad"])).toMatchObject({ code: 0, stderr: expect.stringContaining("as text") });
    for (const args of [["{bad", "--json"], ["{bad", "--text"], ["hello"], ["{}"]])
      expect([args, (await run(["put", "broken", ...args])).stderr]).toEqual([args, ""]);
  });

  it("come from standard input, carry their writer, and expire", async () => {
    const put = await run(["put", "report", "-", "--agent", "plänner", "--ttl", "1h", "--json"], {
      input: '{"lines": [1, 2]}\n',
    });
    expect(JSON.parse(put.stdout)).toMatchObject({ key: "report", value: { lines: [1, 2] }, by: "plänner" });
    const { ttlLeftMs } = JSON.parse((await run(["get", "report", "--json"])).stdout) as { ttlLeftMs: number };
    expect(ttlLeftMs).toBeGreaterThan(3_000_000);
    expect(ttlLeftMs).toBeLessThanOrEqual(3_600_000);
  });

  it("are written over only as the conditions say", async () => {
    await run(["put", "guarded", "1"]);
    expect((await run(["put", "guarded", "2", "--if-absent"])).stderr).toContain("(exists)");
    expect((await run(["put", "guarded", "2", "--if-rev", "7"])).stderr).toContain("(rev_mismatch)");
    expect((await run(["put", "guarded", "2", "--if-rev", "1"])).code).toBe(0);
    expect((await run(["delete", "guarded", "--if-rev", "1"])).code).toBe(1);
  });

  it("are listed by prefix, one JSON line each", async () => {
    for (const key of ["list:a", "list:b", "other"]) await run(["put", key, '{"k": 1}']);
    const lines = (await run(["get", "--prefix", "list:", "--json"])).stdout.trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { key: string }).key)).toEqual(["list:a", "list:b"]);
    expect((await run(["get", "--prefix", "list:"])).stdout).toMatch(/^KEY .*\nlist:a .*\nlist:b /);
  });

  it("cannot steer the terminal", async () => {
    await run(["put", "evil\u001b[2J", "\u001b]0;owned\u0007"]);
    const { stdout } = await run(["get"]);
    expect(stdout).toContain("evil\\u001b[2J");
    expect(stdout.includes("\u001b")).toBe(false);
  });
});

describe("budgets and audit", () => {
  it("are charged beyond the limit, and say so (L8)", async () => {
    await run(["budget", "open", "research", "10k", "--description", "reading"]);
    expect((await run(["budget", "charge", "research", "8000"])).stdout).toContain("80.0 %, warning");
    await run(["budget", "charge", "research", "3000", "--agent", "scout", "--reason", "late"]);
    const { budgets } = JSON.parse((await run(["budget", "list", "--json"])).stdout) as { budgets: unknown[] };
    expect(budgets).toMatchObject([
      {
        task: "research",
        usedTokens: 11_000,
        limitTokens: 10_000,
        status: "exhausted",
        lastCharge: { agent: "scout", reason: "late" },
      },
    ]);
    expect((await run(["budget", "limit", "research", "20k"])).stdout).toContain("55.0 %, active");
    expect((await run(["budget", "close", "research"])).code).toBe(0);
    expect((await run(["budget", "charge", "research", "1"])).stderr).toContain("(budget_closed)");
    expect((await run(["budget", "charge", "nobody", "1"])).stderr).toContain("(no_such_budget)");
  });

  it("hold every noted event, found by its verdict", async () => {
    await run([
      "audit",
      "note",
      "permission_denied",
      "--of",
      "ember",
      "--resource",
      "payments",
      "--denied",
      "--reason",
      "trust too low",
    ]);
    await run([
      "audit",
      "note",
      "permission_granted",
      "--of",
      "scout",
      "--resource",
      "web",
      "--granted",
      "--details",
      '{"scope":"read"}',
    ]);
    const denied = (await run(["audit", "list", "--denied", "--json"])).stdout.trim().split("\n");
    expect(denied.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      {
        event: "permission_denied",
        agent_id: "ember",
        resource_type: "payments",
        granted: false,
        reason: "trust too low",
      },
    ]);
    expect((await run(["audit", "--of", "scout"])).stdout).toMatch(/permission_granted\s+GRANTED\s+scout\s+web/);
  });
});
