import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evidenceOfBoard, parseCheckpoint, parseVerifier, verify, type Outside } from "../../src/log/audit/index.ts";
import { rotate } from "../../src/log/audit/keeper.ts";
import { createFileStore } from "../../src/log/index.ts";
import { newSigningKey, signerOf, signNote } from "../../src/log/signed-note.ts";
import { forged, linesOf, makeLog, type MadeLog } from "./logs.ts";

let log: MadeLog;
let dir: string;
let board: string;
beforeAll(async () => {
  log = await makeLog();
});
afterAll(() => log.remove());

const withKey = (): Outside => ({ publicKey: parseVerifier(log.key)!.publicKey });
const withCheckpoint = (): Outside => ({ checkpoint: parseCheckpoint(log.middle)! });
const look = async (outside: Outside) => verify(await evidenceOfBoard(dir, "default"), outside);

/** A copy of the log whose record 11 says something else, with everything that was derived from it removed. */
async function rewritten(): Promise<void> {
  dir = await mkdtemp(join(tmpdir(), "swarmboard-forged-"));
  board = join(dir, "boards/default");
  await cp(log.dir, dir, { recursive: true });
  const found = await linesOf(dir, "default");
  await found.write(
    found.lines.map((line, i) => (i === 10 ? forged(line, (_, payload) => payload.replace(`"n":`, `"N":`)) : line)),
  );
  for (const folder of ["tree", "checkpoints", "snapshots"])
    await rm(join(board, folder), { recursive: true, force: true });
}

async function signAgain(): Promise<void> {
  const store = await createFileStore({ dir });
  const { log: opened, proofs } = await store.open("default");
  await proofs!.sign(opened.head);
  await store.close();
}

describe("who rewrites history", () => {
  it("with the signing key is given away by a checkpoint that was kept, and by that alone", async () => {
    await rewritten();
    await signAgain();
    expect((await look({})).findings).toEqual([]);
    expect((await look(withKey())).findings).toEqual([]);
    const { findings, signedTo } = await look(withCheckpoint());
    expect(findings[0]).toMatchObject({ kind: "checkpoint", seq: 1 });
    expect(findings[0]?.text).toContain("the checkpoint that was kept: its root is not that of the first");
    expect(signedTo).toBe(0);
    await rm(dir, { recursive: true });
  });

  it("with a key of their own is given away by the key or a checkpoint that was kept", async () => {
    await rewritten();
    for (const file of ["signing.key", "keys"]) await rm(join(board, file), { recursive: true });
    await signAgain();
    expect((await look({})).findings).toEqual([]);
    expect((await look(withKey())).findings[0]).toMatchObject({ kind: "key" });
    expect((await look(withCheckpoint())).findings[0]).toMatchObject({ kind: "checkpoint" });
    await rm(dir, { recursive: true });
  });

  it("cannot name a successor to a key without it", async () => {
    await rewritten();
    const pem = newSigningKey();
    const own = signerOf("swarmboard/default", pem);
    const text = `swarmboard/default keys\nkey 2\nfrom 0\n${own.publicKey.toString("base64")}\n`;
    await writeFile(join(board, "keys/0002.note"), signNote(text, own));
    await writeFile(join(board, "signing.key"), pem);
    await signAgain();
    for (const outside of [{}, withKey(), withCheckpoint()]) {
      const { findings } = await look(outside);
      expect(findings.map((one) => one.kind)).toEqual(expect.arrayContaining(["key", "checkpoint"]));
    }
    await rm(dir, { recursive: true });
  });

  it("cannot put their own key before a successor that was kept", async () => {
    await rewritten();
    const next = parseVerifier(await rotate(dir, "default"))!;
    const own = signerOf("swarmboard/default", newSigningKey());
    const first = `swarmboard/default keys\nkey 1\nfrom 0\n${own.publicKey.toString("base64")}\n`;
    await writeFile(join(board, "keys/0001.note"), signNote(first, own));
    const second = await readFile(join(board, "keys/0002.note"), "utf8");
    const [, signature] = signNote(second.slice(0, second.lastIndexOf("\n\n") + 1), own).split("\n\n");
    await writeFile(join(board, "keys/0002.note"), `${second}${signature ?? ""}`);
    const { findings } = await look({ publicKey: next.publicKey });
    expect(findings.map(({ text }) => text)).toContain("key note 2 does not follow the one before");
    await rm(dir, { recursive: true });
  });

  it("cannot change a bit of a checkpoint, a key note or the list of epochs unseen, and crashes nobody", async () => {
    dir = await mkdtemp(join(tmpdir(), "swarmboard-forged-"));
    board = join(dir, "boards/default");
    await cp(log.dir, dir, { recursive: true });
    const checkpoints = (await readdir(join(board, "checkpoints"))).map((name) => `checkpoints/${name}`);
    const missed: string[] = [];
    let run = 0;
    for (const file of [...checkpoints, "keys/0001.note", "epochs.json"]) {
      const whole = await readFile(join(board, file));
      for (let at = 0; at < whole.length; at++) {
        const bytes = Buffer.from(whole);
        bytes[at]! ^= 1 << (run++ % 8);
        await writeFile(join(board, file), bytes);
        if ((await look(withKey())).findings.length === 0) missed.push(`${file} at ${at}`);
      }
      await writeFile(join(board, file), whole);
    }
    expect(missed).toEqual([]);
    // The tree's file is derived: it may name no record any more, but deceives nobody.
    const [tree] = await readdir(join(board, "tree"));
    await writeFile(join(board, "tree", tree!), Buffer.alloc(5000, 7));
    expect((await look(withKey())).findings).toEqual([]);
    await rm(dir, { recursive: true });
  });
});
