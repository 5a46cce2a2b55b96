// The audit on the command line: every record listed, followed over a server that is killed, downloaded; and checkpoints anchored.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseCheckpoints } from "../../src/log/checkpoint.ts";
import { run, serve, type Server, start, stopAll } from "./program.ts";

let dir: string;
let server: Server;
let port = "0";
const open = async (...more: string[]): Promise<void> => {
  server = await serve(["--port", port, "--data", join(dir, "data"), "--log-level", "warn", ...more]);
  port = new URL(server.url).port;
};
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "swarmboard-cli-audit-"));
  await open();
});
afterAll(async () => {
  await stopAll();
  await rm(dir, { recursive: true, force: true });
});
const ask = (...args: string[]) => run(args, { env: { SWARMBOARD_URL: server.url } });
const jsonOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("audit records", () => {
  it("lists what was done and what was refused, by any filter, as a table or as JSON that keeps its digits (rule 19)", async () => {
    await ask("put", "task:1", "12345678901234567890", "--agent", "ann");
    const refused = await ask("put", "task:1", "2", "--agent", "bob", "--if-rev", "7");
    expect(refused.code).toBe(1);
    await ask(
      "audit",
      "note",
      "permission_denied",
      "--of",
      "eve",
      "--denied",
      "--reason",
      "no need",
      "--agent",
      "boss",
    );
    const listed = await ask("audit", "records", "--outcome", "refused");
    expect(listed.stdout).toMatch(
      /^TIME +POSITION +BY +ACTION +OUTCOME +ABOUT +REASON\n\S+ +3 +bob +entry\.put +rev_mismatch +task:1 *\n$/,
    );
    const all = await ask("audit", "records", "--json", "--oldest");
    expect(all.stdout).toContain('"value":12345678901234567890');
    expect(jsonOf(all.stdout).map(({ seq, outcome }) => [seq, outcome])).toStrictEqual([
      [1, "ok"],
      [2, "ok"],
      [3, "rev_mismatch"],
      [4, "ok"],
    ]);
    const notes = await ask(
      "audit",
      "records",
      "--action",
      "permission_denied",
      "--of",
      "eve",
      "--denied",
      "--search",
      "need",
      "--json",
    );
    expect(jsonOf(notes.stdout)).toMatchObject([{ seq: 4, by: "boss", reason: "no need" }]);
    expect(await ask("audit", "records", "--by", "nobody")).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "nothing was found\n",
    });
    expect((await ask("audit", "records", "--outcome", "odd")).stderr).toContain("refused (bad_request)");
  });

  it("law L5: --follow tells each one once while the server is killed and comes back", async () => {
    const env = { SWARMBOARD_URL: server.url };
    const following = start(["audit", "records", "--follow", "--prefix", "f", "--json"], { env });
    const notes = start(["audit", "--follow", "--event", "seen"], { env });
    await following.until("following the audit of default");
    await notes.until("following the audit of default");
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 3; n++) expect((await ask("put", `f${round}.${n}`, "1")).code).toBe(0);
      await server.stop("SIGKILL");
      await open();
      await ask("put", "other", "1");
    }
    await ask("put", "f.last", "1");
    await ask("audit", "note", "seen", "--reason", "at the end");
    await ask("audit", "note", "unseen");
    await following.until("f.last");
    await notes.until("at the end");
    const keys = jsonOf((await following.stop()).stdout).map(({ about }) => about);
    const wanted = [0, 1, 2].flatMap((round) => [0, 1, 2].map((n) => `f${round}.${n}`));
    expect(keys).toStrictEqual([...wanted, "f.last"]);
    expect((await notes.stop()).stdout).toMatch(/^\S+ {2}\d+ {2}cli {2}seen {2}ok .*at the end\n$/);
    expect((await run(["audit", "--follow", "--url", "http://127.0.0.1:1"])).code).toBe(3);
  }, 60_000);

  it("audit download writes JSON lines, CSV that is no formula, and what audit verify takes", async () => {
    await ask("audit", "note", "=1+1", "--of", '"quoted", then', "--reason", "@SUM(A1)\nsecond line");
    const csv = join(dir, "audit.csv");
    expect(await ask("audit", "download", "--format", "csv", "--action", "=1+1", "-o", csv)).toMatchObject({
      code: 0,
      stdout: "",
    });
    const text = await readFile(csv, "utf8");
    expect(text).toContain(",'=1+1,ok,");
    expect(text).toContain(`,"""quoted"", then",`);
    expect(text).toContain(`,"'@SUM(A1)\nsecond line",`);
    expect(jsonOf((await ask("audit", "download", "--action", "=1+1")).stdout)).toMatchObject([{ action: "=1+1" }]);
    const proof = join(dir, "log.jsonl");
    await ask("audit", "download", "--format", "proof", "-o", proof);
    await writeFile(join(dir, "key"), (await ask("audit", "key", "--data", join(dir, "data"))).stdout);
    expect((await ask("audit", "verify", proof, "--key", join(dir, "key"))).stdout).toMatch(
      /^default: whole to #\d+, 0 records/,
    );
    expect((await ask("audit", "download", "--format", "proof", "--by", "ann")).code).toBe(1);
  });
});

describe("anchoring", () => {
  it("each signed checkpoint goes to the file and the address; the log verifies against all of them, and a changed one does not", async () => {
    const got: string[] = [];
    let isDown = true;
    const witness = createServer((request, response) => {
      let body = "";
      request.on("data", (part) => (body += String(part)));
      request.on("end", () => {
        if (!isDown) got.push(body);
        response.writeHead(isDown ? 503 : 204).end();
      });
    });
    await new Promise<void>((done) => witness.listen(0, "127.0.0.1", done));
    const url = `http://127.0.0.1:${(witness.address() as AddressInfo).port}/`;
    const file = join(dir, "anchors.txt");
    const data = join(dir, "data");
    try {
      await server.stop();
      const refused = await run(["serve", "--port", "0", "--data", data, "--anchor-url", url]);
      expect([refused.code, refused.stderr]).toStrictEqual([
        2,
        expect.stringContaining("--anchor-allow-private") as string,
      ]);
      await open("--anchor-file", file, "--anchor-url", url, "--anchor-allow-private", "--checkpoint-every", "50ms");
      for (let n = 0; n < 5; n++) {
        await ask("put", `anchored${n}`, "1");
        await new Promise((done) => setTimeout(done, 120));
      }
      const ready = (await (await fetch(`${server.url}/readyz`)).json()) as {
        ready: boolean;
        warnings: Record<string, string>;
      };
      expect(ready.ready).toBe(true);
      expect(ready.warnings["anchor-url"]).toMatch(/answers 503; \d+ wait/);
      isDown = false;
      expect((await server.stop()).code).toBe(0);

      const text = await readFile(file, "utf8");
      const sizes = parseCheckpoints(text).checkpoints.map(({ size }) => size);
      expect(sizes.length).toBeGreaterThanOrEqual(5);
      expect(sizes).toStrictEqual([...new Set(sizes)].toSorted((a, b) => a - b));
      // What waited for the address was tried once more at the end.
      expect(got.map((note) => parseCheckpoints(note).checkpoints[0]?.size)).toStrictEqual(sizes);
      expect((await run(["audit", "verify", data, "--checkpoint", file])).stdout).toMatch(
        /^default: whole to #\d+, 0 records/,
      );
      const changed = text.replace(/^(\d+)\n[A-Za-z0-9+/=]{44}$/m, `$1\n${Buffer.alloc(32, 7).toString("base64")}`);
      await writeFile(file, changed);
      const verdict = await run(["audit", "verify", data, "--checkpoint", file]);
      expect([verdict.code, verdict.stdout]).toStrictEqual([
        1,
        expect.stringContaining("the kept checkpoint 1") as string,
      ]);
      await writeFile(file, `nothing\n\n${text}swarmboard/default/cut`);
      const torn = await run(["audit", "verify", data, "--checkpoint", file]);
      expect([torn.code, torn.stderr]).toStrictEqual([
        0,
        expect.stringContaining("2 of its parts are no checkpoints") as string,
      ]);
    } finally {
      witness.closeAllConnections();
      await new Promise((done) => witness.close(done));
    }
  }, 60_000);
});
