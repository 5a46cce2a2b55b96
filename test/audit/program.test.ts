import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isConsistent, type TreeHash } from "../../src/log/merkle.ts";
import { parseCheckpoint } from "../../src/log/checkpoint.ts";
import { run, serve, stopAll, type Server } from "../cli/program.ts";

let dir: string;
let data: string;
let server: Server;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "swarmboard-audit-cli-"));
  data = join(dir, "data");
  server = await serve(["--port", "0", "--data", data]);
});
afterAll(async () => {
  await stopAll();
  await rm(dir, { recursive: true });
});
const ask = (args: readonly string[]) => run(args, { env: { SWARMBOARD_URL: server.url } });
const put = (n: number) => ask(["put", `k${n}`, String(n)]);

describe("the audit on the command line", () => {
  it("keeps a key and a checkpoint outside, proves a record, and verifies the log while the server runs and after", async () => {
    await put(1);
    const key = join(dir, "board.key");
    await writeFile(key, (await run(["audit", "key", "--data", data])).stdout);
    const early = await ask(["audit", "checkpoint"]);
    expect(early).toMatchObject({ code: 0, stderr: "" });
    const kept = join(dir, "kept.note");
    await writeFile(kept, early.stdout);
    for (let n = 2; n < 8; n++) await put(n);

    const proof = join(dir, "seven.tlog-proof");
    await writeFile(proof, (await ask(["audit", "proof", "7"])).stdout);
    const proven = await run(["audit", "verify", proof, "--key", key]);
    expect(proven.stdout).toMatch(/^record 7 is in swarmboard\/default\/\S+, under a checkpoint of 8 records\n\{"crc"/);
    await writeFile(proof, (await readFile(proof, "utf8")).replace("index 6", "index 5"));
    expect(await run(["audit", "verify", proof, "--key", key])).toMatchObject({ code: 1, stdout: "" });

    const whole = /^default: whole to #8, 0 records not yet under a checkpoint; 2 signed states replayed\n$/;
    const running = await run(["audit", "verify", data, "--key", key, "--checkpoint", kept]);
    expect(running).toMatchObject({ code: 0, stdout: expect.stringMatching(whole) as string });
    await put(9);
    expect((await run(["audit", "verify", data])).stdout).toContain(
      "default: self-consistent to #8, 1 records not yet under a checkpoint",
    );
    expect((await run(["audit", "rotate", "--data", data])).code).toBe(2);

    const newest = parseCheckpoint((await ask(["audit", "checkpoint"])).stdout)!;
    const old = parseCheckpoint(early.stdout)!;
    const address = `${server.url}/api/v1/boards/default/audit`;
    const answer = (await (await fetch(`${address}/consistency?from=${old.size}&to=${newest.size}`)).json()) as {
      hashes: string[];
    };
    const hashes = answer.hashes.map((one) => Buffer.from(one, "base64").toString("latin1") as TreeHash);
    expect(isConsistent(old, newest, hashes)).toBe(true);
    expect((await fetch(`${address}/proof/99`)).status).toBe(404);
    expect((await fetch(`${address}/consistency?from=3&to=99`)).status).toBe(404);
    expect(await (await fetch(`${address}/key`)).text()).toBe(await readFile(key, "utf8"));

    await server.stop();
    expect((await run(["audit", "verify", data, "--key", key])).stdout).toMatch(/whole to #9, 0 records/);
    const exported = join(dir, "log.jsonl");
    await writeFile(exported, (await run(["audit", "export", "--data", data])).stdout);
    expect(await run(["audit", "verify", exported, "--key", key, "--checkpoint", kept])).toMatchObject({ code: 0 });
    const lines = (await readFile(exported, "utf8")).split("\n");
    await writeFile(exported, lines.toSpliced(-4, 1).join("\n"));
    const broken = await run(["audit", "verify", exported, "--key", key]);
    expect(broken).toMatchObject({ code: 1, stderr: "swarmboard: not whole: default\n" });
    expect(broken.stdout).toBe("default: record 7 was removed\n");
    expect((await run(["audit", "rotate", "--data", data])).code).toBe(0);
    expect((await run(["audit", "verify", data, "--key", key])).code).toBe(0);
  });

  it("ends with 2 where it could not look", async () => {
    for (const args of [
      [join(dir, "nowhere")],
      [join(dir, "board.key")],
      [data, "--key", join(dir, "kept.note")],
      [dir],
    ]) {
      expect(await run(["audit", "verify", ...args])).toMatchObject({ code: 2, stdout: "" });
    }
    expect((await stat(join(data, "boards/default/signing.key"))).mode & 0o777).toBe(0o600);
  });
});
