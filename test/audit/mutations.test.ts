import { execFileSync, spawnSync } from "node:child_process";
import { cp, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  evidenceOfBoard,
  evidenceOfExport,
  exportBoard,
  parseCheckpoint,
  parseVerifier,
  verify,
  verifyProof,
  type Outside,
} from "../../src/log/audit/index.ts";
import { AuditError } from "../../src/log/audit/evidence.ts";
import { rotate } from "../../src/log/audit/keeper.ts";
import { createFileStore } from "../../src/log/index.ts";
import { commandId, type LogRecord } from "../../src/protocol/index.ts";
import { forged, linesOf, makeLog, seqOf, withChecksum, type MadeLog } from "./logs.ts";

const RUNS = Number(process.env["SWARMBOARD_MUTATIONS"] ?? 1500);
const SECOND = fileURLToPath(new URL("../../examples/verify-log.mjs", import.meta.url));

let log: MadeLog;
let dir: string;
let exported: string;
beforeAll(async () => {
  log = await makeLog();
  dir = await mkdtemp(join(tmpdir(), "swarmboard-mutated-"));
  await writeFile(join(dir, "board.key"), `${log.key}\n`);
  exported = join(dir, "log.jsonl");
  await writeFile(exported, await exportOf());
});
afterAll(async () => {
  await log.remove();
  await rm(dir, { recursive: true });
});

async function exportOf(options = {}): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of exportBoard(log.dir, "default", options)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** A generator of chance that a failure names: the seed and the run reproduce it. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}

const outsides = (): Outside[] => {
  const publicKey = parseVerifier(log.key)!.publicKey;
  return [
    { publicKey },
    { checkpoint: parseCheckpoint(log.newest)! },
    { publicKey, checkpoint: parseCheckpoint(log.middle)! },
  ];
};

/** Something that happens to a list of lines. Returns which record it concerns, or undefined where nothing changed. */
function strike(lines: string[], roll: (below: number) => number): { how: string; seq: number } | undefined {
  const at = roll(lines.length);
  const line = lines[at]!;
  const seq = seqOf(line);
  switch (roll(7)) {
    case 0: {
      const bytes = Buffer.from(line);
      const byte = roll(bytes.length);
      bytes[byte]! ^= 1 << roll(8);
      // A newline where none was makes two lines of one; both are wrong.
      lines[at] = bytes.toString("latin1");
      return { how: "flip", seq };
    }
    case 1:
      lines.splice(at, 1);
      return { how: "drop", seq };
    case 2: {
      const to = roll(lines.length);
      lines.splice(to, 0, line);
      return { how: "insert", seq };
    }
    case 3: {
      const to = roll(lines.length);
      if (to === at) return undefined;
      [lines[at], lines[to]] = [lines[to]!, line];
      return { how: "swap", seq };
    }
    case 4:
      lines.length = at;
      return { how: "cut", seq };
    case 5: {
      const other = forged(line, (env, payload) => {
        if (roll(2) === 0) env["actor"] = "somebody";
        return payload.replace(/\d/, "7").replace(`"texts"`, `"texts" `);
      });
      lines[at] = other;
      return { how: "forge", seq };
    }
    default: {
      lines.splice(at, 1);
      for (let i = at; i < lines.length; i++)
        lines[i] = forged(lines[i]!, (env, payload) => ((env["seq"] = i + 1), payload));
      return { how: "drop and renumber", seq };
    }
  }
}

describe("every change to a log is found, given a key or a checkpoint that was kept outside", () => {
  it(`in a data directory, and the record is named (${RUNS} changes)`, { timeout: 300_000 }, async () => {
    const copy = join(dir, "copy");
    await cp(log.dir, copy, { recursive: true });
    const found = await linesOf(copy, "default");
    const roll = chance(20_261_125);
    const missed: string[] = [];
    for (let run = 0; run < RUNS; run++) {
      // Latin-1 all the way, so that a flipped bit stays one.
      const lines = found.lines.map((line) => Buffer.from(line).toString("latin1"));
      const before = lines.join("\n");
      const struck = strike(lines, roll);
      if (struck === undefined || lines.join("\n") === before) continue;
      await writeBytes(found, lines);
      const outside = outsides()[run % 3]!;
      const { findings } = await verify(await evidenceOfBoard(copy, "default"), outside);
      const { how, seq } = struck;
      const names = findings.some(
        (one) => one.seq === seq || new RegExp(`\\b${seq}\\b`).test(one.text.replace(/\(\/.*$/, "")),
      );
      const isInRange = findings.some(({ text }) => {
        const range = /records (\d+) to (\d+)/.exec(text);
        return range !== null && Number(range[1]) <= seq && seq <= Number(range[2]);
      });
      if (findings.length === 0 || !(names || isInRange))
        missed.push(`run ${run}: ${how} of ${seq}: ${JSON.stringify(findings.slice(0, 3))}`);
    }
    expect(missed).toEqual([]);
  });

  it(`in an export, wherever a byte is flipped or the file ends (${RUNS} changes)`, { timeout: 300_000 }, async () => {
    const whole = await readFile(exported);
    const path = join(dir, "changed.jsonl");
    const roll = chance(7);
    const missed: string[] = [];
    for (let run = 0; run < RUNS; run++) {
      let how: string;
      if (run % 3 === 0) {
        const bytes = Buffer.from(whole);
        const at = roll(bytes.length);
        bytes[at]! ^= 1 << roll(8);
        how = `flip at ${at}`;
        await writeFile(path, bytes);
      } else if (run % 3 === 1) {
        const bytes = roll(whole.length);
        how = `cut at ${bytes}`;
        await writeFile(path, whole);
        await truncate(path, bytes);
      } else {
        const lines = whole.toString("latin1").split("\n").slice(0, -1);
        const [at, to] = [roll(lines.length), roll(lines.length)];
        how = `line ${at} ${run % 2 === 0 ? "dropped" : `put at ${to}, too`}`;
        if (run % 2 === 0) lines.splice(at, 1);
        else lines.splice(to, 0, lines[at]!);
        await writeFile(path, `${lines.join("\n")}\n`, "latin1");
      }
      try {
        const { findings } = await verify(await evidenceOfExport(path), outsides()[run % 2]!);
        if (findings.length === 0) missed.push(how);
      } catch (error) {
        if (!(error instanceof AuditError)) throw error;
      }
    }
    expect(missed).toEqual([]);
  });

  it("never fails on garbage, and never calls it whole", async () => {
    const path = join(dir, "garbage.jsonl");
    const roll = chance(99);
    const head = withChecksum(
      `{"crc":"00000000","export":1,"board":"b","epochs":[],"from":1,"to":9007199254740991,"left":[],"evidence":"x"}`,
    );
    for (let run = 0; run < 300; run++) {
      const lines = Array.from({ length: roll(6) }, () => {
        const words = [
          '"env":',
          "{}",
          '"cut":[9,9],',
          "null",
          '{"v":1,"seq":1,"clock":-1}',
          '"checkpoint":"x"',
          '"leaves":"AA=="',
          "\u0000",
          "}",
        ];
        return withChecksum(
          `{"crc":"00000000",${Array.from({ length: roll(5) }, () => words[roll(words.length)]).join("")}`,
        );
      });
      await writeFile(path, `${[head, ...lines].join("\n")}\n`);
      expect((await verify(await evidenceOfExport(path), {})).findings.length).toBeGreaterThan(0);
    }
  });
});

async function writeBytes(found: Awaited<ReturnType<typeof linesOf>>, lines: readonly string[]): Promise<void> {
  let at = 0;
  for (const [i, file] of found.files.entries()) {
    const count = i === found.files.length - 1 ? lines.length - at : Math.min(file.lines.length, lines.length - at);
    const own = lines.slice(at, at + count);
    at += count;
    await writeFile(file.path, [file.header, ...own].map((line) => `${line}\n`).join(""), "latin1");
  }
}

describe("exports", () => {
  const second = (path: string, ...more: string[]) =>
    spawnSync(process.execPath, [SECOND, path, ...more], { encoding: "utf8" });

  it("are whole to both verifiers: all of it, a piece of it, and with records redacted", async () => {
    for (const options of [
      {},
      { from: 20, to: log.head },
      { redact: (seq: number) => seq % 3 === 0 },
      { from: 33, redact: () => true },
    ]) {
      const path = join(dir, "piece.jsonl");
      await writeFile(path, await exportOf(options));
      const report = await verify(await evidenceOfExport(path), outsides()[0]!);
      expect(report).toMatchObject({ findings: [], signedTo: log.head, head: log.head });
      expect(execFileSync(process.execPath, [SECOND, path, join(dir, "board.key")], { encoding: "utf8" })).toBe(
        `whole ${report.from > 1 ? `from #${report.from} ` : ""}to #${log.head}, 0 records not yet under a checkpoint\n`,
      );
      expect(report.from).toBe(options.from ?? 1);
    }
  });

  it("are whole to both verifiers after a key was replaced, for whoever kept the old key or the new one", async () => {
    const copy = join(dir, "rotated");
    await cp(log.dir, copy, { recursive: true });
    const next = await rotate(copy, "default");
    const store = await createFileStore({ dir: copy });
    const { log: opened, proofs } = await store.open("default");
    let last: LogRecord | undefined;
    for await (const records of opened.read(opened.head)) last = records.at(-1);
    await opened.append([{ ...last!, id: commandId("again") }]);
    await proofs!.sign(opened.head);
    await store.close();
    const path = join(dir, "rotated.jsonl");
    const pieces: Buffer[] = [];
    for await (const piece of exportBoard(copy, "default")) pieces.push(piece);
    await writeFile(path, Buffer.concat(pieces));
    for (const key of [log.key, next]) {
      await writeFile(join(dir, "one.key"), key);
      const report = await verify(await evidenceOfExport(path), { publicKey: parseVerifier(key)!.publicKey });
      expect(report).toMatchObject({ findings: [], signedTo: log.head + 1 });
      expect(second(path, join(dir, "one.key")).status).toBe(0);
    }
  });

  it("hold no word of a redacted record", async () => {
    const text = (await exportOf({ redact: () => true })).toString();
    expect(text).not.toContain("secret");
    expect(text).not.toContain('"salt"');
    expect((await exportOf()).toString()).toContain("secret");
  });

  it("are not whole to the second verifier where the first finds something", { timeout: 120_000 }, async () => {
    const lines = (await readFile(exported, "utf8")).split("\n").slice(0, -1);
    const firstRecord = lines.findIndex((line) => line.includes('"cut"'));
    const records = lines.slice(firstRecord);
    const roll = chance(3);
    for (let run = 0; run < 40; run++) {
      const changed = [...records];
      if (strike(changed, roll) === undefined || changed.join() === records.join()) continue;
      const path = join(dir, "second.jsonl");
      await writeFile(path, [...lines.slice(0, firstRecord), ...changed].map((line) => `${line}\n`).join(""));
      expect((await verify(await evidenceOfExport(path), outsides()[0]!)).findings).not.toEqual([]);
      expect(second(path, join(dir, "board.key")).status).toBe(1);
    }
    expect(second(join(dir, "missing")).status).toBe(2);
  });
});

describe("the proof of one record", () => {
  it("holds for its key, and no part of it can be changed", async () => {
    const { publicKey } = parseVerifier(log.key)!;
    const store = await createFileStore({ dir: log.dir });
    const { proofs, log: opened } = await store.open("default");
    const proof = (await proofs!.record(17))!;
    await opened.close();
    await store.close();
    expect(verifyProof(proof, publicKey)).toMatchObject({ ok: true, seq: 17, size: log.head });
    expect(verifyProof(proof, Buffer.alloc(32))).toMatchObject({ ok: false });
    const roll = chance(5);
    const accepted: string[] = [];
    for (let run = 0; run < 3000; run++) {
      const bytes = Buffer.from(proof);
      const at = roll(bytes.length);
      if (run % 2 === 0) bytes[at]! ^= 1 << roll(8);
      const text = run % 2 === 0 ? bytes.toString() : proof.slice(0, at) + proof.slice(at + 1 + roll(9));
      const verdict = verifyProof(text, publicKey);
      // Behind the last character nothing is left out.
      if (verdict.ok && text !== proof) accepted.push(`run ${run} at ${at}`);
    }
    expect(accepted).toEqual([]);
  });
});
