// Owns the promise to old data: every data directory that a release wrote opens, and replays to the digest it had.

import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { digestOf } from "../src/board/index.ts";
import { openBoard } from "../src/engine/index.ts";
import { recoverBoard } from "../src/engine/recovery.ts";
import { createFileStore } from "../src/log/index.ts";
import { RULES_VERSION } from "../src/protocol/index.ts";

const FIXTURES = fileURLToPath(new URL("fixtures/data-dirs", import.meta.url));

interface Expected {
  readonly seq: number;
  readonly epoch: string;
  readonly entries: number;
  readonly digest: string;
}

/** Time stands still at the last record, so that nothing in the fixture expires while it is looked at. */
const STOPPED = { wallMs: () => 0, monotonicMs: () => 0, after: () => () => undefined };

describe.each(readdirSync(FIXTURES))("rule 1: a data directory written by %s", (version) => {
  it.each([
    ["as it is, snapshots included", true],
    ["from the log alone", false],
  ])("opens %s, with the digest that it had, and takes writes", async (_how, withSnapshots) => {
    const expected = JSON.parse(await readFile(join(FIXTURES, version, "expected.json"), "utf8")) as Expected;
    const dir = await mkdtemp(join(tmpdir(), "swarmboard-data-dir-"));
    await cp(join(FIXTURES, version, "data"), dir, { recursive: true });
    if (!withSnapshots) await rm(join(dir, "boards/default/snapshots"), { recursive: true });
    const store = await createFileStore({ dir });
    const notices: string[] = [];
    const memory = await store.open("default");
    const { state } = await recoverBoard(memory);
    expect({ seq: state.seq, entries: state.entries.size, digest: digestOf(state) }).toEqual({
      seq: expected.seq,
      entries: expected.entries,
      digest: expected.digest,
    });
    const board = await openBoard({
      name: "default",
      memory,
      timepieces: STOPPED,
      notice: (message) => notices.push(message),
    });
    expect(notices).toEqual([]);
    // A board of earlier rules goes on with the newest: one record says so, and changes nothing that was there.
    const upgraded = state.rules < RULES_VERSION ? 1 : 0;
    expect({ ...board.position, rules: board.state.rules, entries: board.state.entries.size }).toEqual({
      seq: expected.seq + upgraded,
      epoch: expected.epoch,
      rules: RULES_VERSION,
      entries: expected.entries,
    });
    const outcome = await board.submit({
      actor: "a",
      source: "test",
      command: { type: "entry.delete", key: "imported" },
    });
    expect(outcome).toMatchObject({ ok: true, seq: expected.seq + upgraded + 1 });
    await board.close();
    await store.close();
    await rm(dir, { recursive: true });
  });
});
