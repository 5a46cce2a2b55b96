import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gunzipSync, gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { run, serve, type Server, startProgram, stopAll } from "../cli/program.ts";
import { withChecksum } from "../audit/logs.ts";
import { filesWith, SECRET } from "./boards.ts";

const SECOND = fileURLToPath(new URL("../../examples/verify-log.mjs", import.meta.url));
let dir: string;
let data: string;
let server: Server;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "swarmboard-erase-cli-"));
  data = join(dir, "data");
  server = await serve(["--port", "0", "--data", data, "--retain-bytes", "500M", "--retain-days", "default=30"]);
});
afterAll(async () => {
  await stopAll();
  await rm(dir, { recursive: true });
});
const withChecksums = (text: string): string => `${text.split("\n").slice(0, -1).map(withChecksum).join("\n")}\n`;
const ask = (args: readonly string[], input?: string) =>
  run(args, { env: { SWARMBOARD_URL: server.url }, ...(input === undefined ? {} : { input }) });
const call = async (method: string, path: string, body?: object) => {
  const response = await fetch(`${server.url}/api/v1/boards/default/${path}`, {
    method,
    headers: { "X-Swarmboard-Agent": "admin", ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
};
const seqOf = async (key: string): Promise<number> =>
  (JSON.parse((await ask(["history", key, "--json", "--limit", "1"])).stdout) as { seq: number }).seq;

describe("erasure from outside (rule 17)", () => {
  it("asks before it erases on the command line, and the log verifies with the key and checkpoint kept before", async () => {
    await ask(["put", "user/7", JSON.stringify({ name: SECRET })]);
    const key = join(dir, "board.key");
    const kept = join(dir, "kept.note");
    await writeFile(key, (await run(["audit", "key", "--data", data])).stdout);
    await writeFile(kept, (await ask(["audit", "checkpoint"])).stdout);
    const seq = await seqOf("user/7");
    const erase = ["audit", "erase", String(seq), "--reason", "asked for"];
    expect(await ask(erase, "no\n")).toMatchObject({ code: 2, stdout: "" });
    expect(await ask(erase)).toMatchObject({ code: 2, stdout: "" });
    expect((await filesWith(data, SECRET)).length).toBe(1);
    expect(await ask(["audit", "erase", String(seq)])).toMatchObject({ code: 2 });
    const done = await ask(erase, `${seq}\n`);
    expect(done).toMatchObject({ code: 0, stdout: `erased: ${seq}; recorded at position ${seq + 1}\n` });
    expect(await filesWith(data, SECRET)).toEqual([]);
    expect((await ask(["get", "user/7", "--json"])).stdout).toContain('"value":null');
    expect((await ask(["history", "user/7", "--json"])).stdout).toContain('"erased":true');
    expect(await ask([...erase, "--yes"])).toMatchObject({ code: 1 });
    const verdict = await run(["audit", "verify", data, "--key", key, "--checkpoint", kept]);
    expect(verdict).toMatchObject({ code: 0, stderr: "" });
    expect(verdict.stdout).toContain("1 erased records");
    const exported = join(dir, "erased.jsonl");
    await writeFile(exported, (await run(["audit", "export", "--data", data])).stdout);
    expect(await run(["audit", "verify", exported, "--key", key])).toMatchObject({ code: 0 });
    expect(await startProgram(process.execPath, [SECOND, exported, key]).ended).toMatchObject({ code: 0 });
    const other = (await readFile(exported, "utf8")).replace(
      /"erased":"done"( +),"payload":\{"cmd":\{"type":"entry.put","key":"user\/7"/,
      '"erased":"done"$1,"payload":{"cmd":{"type":"entry.put","key":"user/8"',
    );
    await writeFile(exported, withChecksums(other));
    expect(await run(["audit", "verify", exported, "--key", key])).toMatchObject({ code: 1 });
    expect(await startProgram(process.execPath, [SECOND, exported, key]).ended).toMatchObject({ code: 1 });
    const proof = join(dir, "erased.tlog-proof");
    await writeFile(proof, (await ask(["audit", "proof", String(seq)])).stdout);
    expect(await run(["audit", "verify", proof, "--key", key])).toMatchObject({ code: 0 });
  });

  it("is done over HTTP by the record's position, or as a version of its key, and only when it is confirmed", async () => {
    await ask(["put", "a/b", '"first"']);
    const first = await seqOf("a/b");
    await ask(["put", "a/b", '"second"']);
    expect(await call("POST", "audit/erase", { seq: first })).toMatchObject({
      status: 400,
      json: { code: "bad_request" },
    });
    expect((await call("DELETE", `history/a/b/${first}`)).status).toBe(400);
    expect(await call("DELETE", `history/a/c/${first}?confirm=true`)).toMatchObject({
      status: 404,
      json: { code: "no_such_record" },
    });
    expect(await call("DELETE", `history/a/b/${first}?confirm=true&reason=x`)).toMatchObject({
      status: 200,
      json: { erased: [first], seq: first + 2 },
    });
    expect((await ask(["get", "a/b"])).stdout).toBe("second\n");
    expect(await call("POST", "audit/erase", { seq: first, confirm: true })).toMatchObject({
      status: 409,
      json: { code: "already_erased" },
    });
    expect(await call("POST", "audit/erase", { seq: 1, confirm: true })).toMatchObject({
      status: 409,
      json: { code: "not_erasable" },
    });
    expect(await call("GET", "audit/archives")).toEqual({ status: 200, json: { first: 1, archives: [] } });
    expect((await call("GET", "audit")).json).toMatchObject({ first: 1 });
  });
});

describe("retention from outside", () => {
  it("is set for all boards or by name, archives what is due, and names where a record went", async () => {
    const own = await mkdtemp(join(dir, "retained-"));
    const node = await import("./boards.ts");
    const board = await node.start(own);
    await node.fill(board, 60, "x");
    await board.close();
    const other = await serve([
      "--port",
      "0",
      "--data",
      own,
      "--retain-bytes",
      "default=5000",
      "--archive-days",
      "3650",
    ]);
    const get = async (path: string): Promise<{ status: number; json: Record<string, unknown> }> => {
      const response = await fetch(`${other.url}/api/v1/boards/default/${path}`);
      return { status: response.status, json: (await response.json()) as Record<string, unknown> };
    };
    const settled = async () => {
      for (let before = "", same = 0; ;) {
        const { json } = await get("audit/archives");
        same = JSON.stringify(json) === before ? same + 1 : 0;
        if (same > 20 && (json["archives"] as unknown[]).length > 2) return json;
        before = JSON.stringify(json);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const json = await settled();
    const first = json["first"] as number;
    const archives = json["archives"] as { name: string; first: number; last: number }[];
    expect(archives[0]!.first).toBe(1);
    expect(archives.at(-1)!.last).toBe(first - 1);
    expect(await get("audit/proof/1")).toMatchObject({
      status: 410,
      json: { code: "record_archived", facts: { first, archive: archives[0]!.name } },
    });
    expect((await get("history?limit=500")).json).toMatchObject({ first, next: null });
    await other.stop();
    const archive = join(own, "boards/default/archive", archives[1]!.name);
    const key = join(dir, "retained.key");
    await writeFile(key, (await run(["audit", "key", "--data", own])).stdout);
    const whole = await run(["audit", "verify", own, "--key", key]);
    expect(whole).toMatchObject({ code: 0, stderr: "" });
    expect(whole.stdout).toMatch(/whole to #\d+/);
    const alone = await run(["audit", "verify", archive, "--key", key]);
    expect(alone.stdout).toContain(`whole from #${archives[1]!.first} to #${archives[1]!.last}, 0 records not yet`);
    // A second verifier, which shares no code with the first, comes to the same.
    const second = (path: string) => startProgram(process.execPath, [SECOND, path, key]).ended;
    expect(await second(archive)).toMatchObject({
      code: 0,
      stdout: `whole from #${archives[1]!.first} to #${archives[1]!.last}, 0 records not yet under a checkpoint\n`,
    });
    const lines = gunzipSync(await readFile(archive))
      .toString("utf8")
      .split("\n");
    const dropped = join(dir, "dropped.gz");
    await writeFile(dropped, gzipSync(lines.toSpliced(-4, 1).join("\n")));
    expect(await second(dropped)).toMatchObject({ code: 1 });
    // The log goes on from the archive in an export, too.
    const exported = await run(["audit", "export", "--data", own]);
    await writeFile(join(dir, "all.jsonl"), exported.stdout);
    expect(await run(["audit", "verify", join(dir, "all.jsonl"), "--key", key])).toMatchObject({ code: 0 });
    for (const name of await readdir(join(own, "boards/default/archive"))) {
      await rm(join(own, "boards/default/archive", name));
    }
    const rest = await run(["audit", "verify", own, "--key", key]);
    expect(rest.stdout).toMatch(new RegExp(`whole from #${first} to #`));
    expect(await run(["audit", "export", "--data", own, "--from", "1"])).toMatchObject({ code: 2 });
    expect(await readFile(key, "utf8")).toContain("+");
  });

  it("refuses a setting that is none", async () => {
    for (const flag of ["--retain-days", "--retain-bytes", "--archive-days"]) {
      expect(await run(["serve", flag, "No Board=3"])).toMatchObject({ code: 2 });
      expect(await run(["serve", flag, "x"])).toMatchObject({ code: 2 });
    }
  });
});
