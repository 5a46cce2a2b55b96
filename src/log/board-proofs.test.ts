import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commandId, seq as toSeq, type Draft, type JsonText } from "../protocol/index.ts";
import { parseCheckpoint, parseProof } from "./checkpoint.ts";
import { nodeDisk, type Disk } from "./disk.ts";
import { createFileStore } from "./file-store.ts";
import { forkEpoch } from "./epochs.ts";
import { createFrontier, isConsistent, leafHashOf, rootOfInclusion, type TreeHash } from "./merkle.ts";
import { envelopeRange } from "./envelope.ts";
import { parseVerifier, signatureBy } from "./signed-note.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "swarmboard-proofs-"));
});
afterEach(() => rm(dir, { recursive: true }));

const DIGEST = "0".repeat(64);
const draft = (n: number): Draft => ({
  at: 1_795_000_000_000 + n,
  clock: n,
  actor: n % 3 === 0 ? "plän" : "a",
  source: "test",
  id: commandId(`id-${n}`),
  command: { type: "entry.put", key: `k${n % 10}`, value: `{"n":${n}}` as JsonText },
});
let written = 0;
async function open(disk?: Disk) {
  const store = await createFileStore({ dir, segmentBytes: 4096, ...(disk === undefined ? {} : { disk }) });
  const { log, proofs } = await store.open("b");
  const append = async (count: number) => {
    for (let i = 0; i < count; i++) await log.append([draft(++written)]);
  };
  return { store, log, proofs: proofs!, append };
}
/** The tree as a reader of the segments makes it. */
async function rootsOnDisk(): Promise<TreeHash[]> {
  const frontier = createFrontier();
  const roots = [frontier.root()];
  const folder = join(dir, "boards/b/segments");
  for (const name of (await readdir(folder)).sort()) {
    for (const line of (await readFile(join(folder, name), "utf8")).split("\n").slice(1, -1)) {
      const bytes = Buffer.from(line);
      frontier.add(leafHashOf(bytes, ...envelopeRange(bytes, 0, bytes.length)!));
      roots.push(frontier.root());
    }
  }
  return roots;
}

describe("a board's proofs", () => {
  it("signs the tree of the envelopes as they stand in the lines, over segments and restarts", async () => {
    let board = await open();
    for (const count of [1, 30, 7]) {
      await board.append(count);
      await board.proofs.sign(board.log.head, DIGEST);
      const checkpoint = parseCheckpoint((await board.proofs.checkpoint())!)!;
      expect(checkpoint).toMatchObject({
        origin: `swarmboard/b/${board.log.epoch}`,
        size: board.log.head,
        digest: DIGEST,
      });
      expect(checkpoint.root).toBe((await rootsOnDisk())[board.log.head]);
      const key = parseVerifier(await board.proofs.verifierKey())!;
      expect(signatureBy(checkpoint.note, key)).toBe("signed");
      await board.store.close();
      board = await open();
    }
    await board.store.close();
    expect((await stat(join(dir, "boards/b/signing.key"))).mode & 0o777).toBe(0o600);
  });

  it("proves every record under a checkpoint, and each beginning of the log", async () => {
    const { store, log, proofs, append } = await open();
    await append(40);
    expect(await proofs.checkpoint()).toBeUndefined();
    expect(await proofs.record(1)).toBeUndefined();
    await proofs.sign(toSeq(37), DIGEST);
    const roots = await rootsOnDisk();
    for (let seq = 1; seq <= 37; seq++) {
      const proof = parseProof((await proofs.record(seq))!)!;
      const line = proof.extra!;
      expect(line.toString()).toContain(`"seq":${seq},`);
      const leaf = leafHashOf(line, ...envelopeRange(line, 0, line.length)!);
      expect(rootOfInclusion(leaf, proof.index, 37, proof.hashes)).toBe(roots[37]);
      for (const to of [seq, 37, 40]) {
        const hashes = (await proofs.consistency(seq, to))!;
        expect(isConsistent({ size: seq, root: roots[seq]! }, { size: to, root: roots[to]! }, hashes)).toBe(true);
      }
    }
    expect(await proofs.record(38)).toBeUndefined();
    expect(await proofs.consistency(3, 41)).toBeUndefined();
    expect(log.head).toBe(40);
    await store.close();
  });

  it("builds the tree anew where its file is missing or damaged", async () => {
    for (const damage of ["missing", "flipped", "short"]) {
      let board = await open();
      await board.append(20);
      await board.proofs.sign(board.log.head, DIGEST);
      await board.store.close();
      const [file] = await readdir(join(dir, "boards/b/tree"));
      const path = join(dir, "boards/b/tree", file!);
      const bytes = await readFile(path);
      for (let at = 5; at < bytes.length; at += 32) bytes[at]! ^= 1;
      if (damage === "missing") await rm(path);
      else await writeFile(path, damage === "short" ? bytes.subarray(0, 100) : bytes);
      board = await open();
      await board.append(3);
      await board.proofs.sign(board.log.head, DIGEST);
      expect(parseCheckpoint((await board.proofs.checkpoint())!)!.root).toBe((await rootsOnDisk())[board.log.head]);
      await board.store.close();
    }
  });

  it("signs nothing that does not go on from what it signed", async () => {
    let board = await open();
    await board.append(12);
    await board.proofs.sign(board.log.head, DIGEST);
    await board.store.close();
    const folder = join(dir, "boards/b/segments");
    const last = join(folder, (await readdir(folder)).sort().at(-1)!);
    const lines = (await readFile(last, "utf8")).split("\n");
    await writeFile(last, `${lines.slice(0, -2).join("\n")}\n`);
    board = await open();
    await expect(board.proofs.sign(board.log.head, DIGEST)).rejects.toThrow("a checkpoint of 12 records was signed");
    written = 500;
    await board.append(2);
    await expect(board.proofs.sign(board.log.head, DIGEST)).rejects.toThrow("not the one of which");
    await board.store.close();
    // A fork says that history was cut (rule 7): another log, with another name.
    await forkEpoch(nodeDisk, join(dir, "boards/b"), toSeq(12));
  });

  it("goes on after a checkpoint could not be written", async () => {
    let broken = true;
    const disk: Disk = {
      ...nodeDisk,
      rename: (from, to) =>
        broken && to.endsWith(".note") ? Promise.reject(new Error("disk full")) : nodeDisk.rename(from, to),
    };
    const board = await open(disk);
    await board.append(5);
    await expect(board.proofs.sign(board.log.head, DIGEST)).rejects.toThrow("disk full");
    await board.append(5);
    broken = false;
    await board.proofs.sign(board.log.head, DIGEST);
    expect(parseCheckpoint((await board.proofs.checkpoint())!)!.root).toBe((await rootsOnDisk())[10]);
    await board.store.close();
  });
});
