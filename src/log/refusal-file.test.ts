import { appendFile, mkdtemp, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { epoch, seq } from "../protocol/index.ts";
import { checkedLineOf } from "./checked-line.ts";
import { nodeDisk } from "./disk.ts";
import type { EpochStart } from "./epochs.ts";
import type { Refused } from "./history-filter.ts";
import { createRefusalFile, createRefusalReader } from "./refusal-file.ts";

const ONE: readonly EpochStart[] = [{ epoch: epoch("one"), firstSeq: seq(1) }];
let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "swarmboard-refused-"));
});
afterEach(() => rm(dir, { recursive: true }));

async function known(epochs = ONE): Promise<number[]> {
  const reader = createRefusalReader(nodeDisk, dir, epochs);
  await reader.readOn([]);
  return [...reader.refused.keys()].sort((a, b) => a - b);
}
const refusedAt = (...seqs: readonly number[]): Refused[] => seqs.map((seq) => ({ seq, outcome: `code_${seq % 3}` }));

describe("the refusals of a board", () => {
  it("rule 9: are known after a restart, and are not written twice when they are judged again", async () => {
    let file = createRefusalFile(nodeDisk, dir, ONE);
    await file.flush(true);
    expect(await known()).toEqual([]);
    file.note(refusedAt(3, 5));
    expect(file.waiting).toEqual(refusedAt(3, 5));
    await file.flush(false);
    file.note(refusedAt(...Array.from({ length: 20_000 }, (_, i) => 10 + i)));
    await Promise.all([file.flush(true), file.flush(false)]);
    expect(file.waiting).toEqual([]);
    expect(await known()).toHaveLength(20_002);
    const { length } = await readFile(join(dir, "refused.log"));
    file = createRefusalFile(nodeDisk, dir, ONE);
    file.note(refusedAt(5, 10, 20_009));
    await file.flush(true);
    expect((await readFile(join(dir, "refused.log"))).length).toBe(length);
    file.note(refusedAt(20_010));
    await file.flush(true);
    expect((await known()).at(-1)).toBe(20_010);
  });

  it("say what each came to; those of earlier versions, which did not, are `refused`", async () => {
    const file = createRefusalFile(nodeDisk, dir, ONE);
    file.note([
      { seq: 3, outcome: "rev_mismatch" },
      { seq: 4, outcome: "repeat" },
    ]);
    await file.flush(true);
    await appendFile(join(dir, "refused.log"), checkedLineOf({ epoch: "one", to: 7, seqs: [6, 7] }));
    const reader = createRefusalReader(nodeDisk, dir, ONE);
    await reader.readOn([{ seq: 9, outcome: "exists" }]);
    const told = { 3: "rev_mismatch", 4: "repeat", 6: "refused", 7: "refused", 9: "exists" };
    expect(Object.fromEntries(reader.refused)).toStrictEqual(told);
  });

  it("rule 8: lose to a torn or damaged line no more than that line", async () => {
    let file = createRefusalFile(nodeDisk, dir, ONE);
    file.note(refusedAt(3));
    await file.flush(true);
    file.note(refusedAt(7));
    await file.flush(true);
    const path = join(dir, "refused.log");
    const whole = await readFile(path);
    for (const bytes of [whole.length - 1, whole.length - 9]) {
      await truncate(path, bytes);
      expect(await known()).toEqual([3]);
    }
    file = createRefusalFile(nodeDisk, dir, ONE);
    file.note(refusedAt(7));
    await file.flush(true);
    expect(await known()).toEqual([3, 7]);
    await appendFile(path, '{"crc":"00000000","epoch":"one","to":9,"seqs":[9]}\n');
    expect(await known()).toEqual([3, 7]);
  });

  it("rule 7: end where a cut of history took what they were of", async () => {
    let file = createRefusalFile(nodeDisk, dir, ONE);
    file.note(refusedAt(3, 8, 9));
    await file.flush(true);
    const two = [...ONE, { epoch: epoch("two"), firstSeq: seq(5) }];
    expect(await known(two)).toEqual([3]);
    file = createRefusalFile(nodeDisk, dir, two);
    file.note(refusedAt(6));
    await file.flush(true);
    expect(await known(two)).toEqual([3, 6]);
  });

  it("are read on from where the reader stopped, with those that wait", async () => {
    const file = createRefusalFile(nodeDisk, dir, ONE);
    const reader = createRefusalReader(nodeDisk, dir, ONE);
    await reader.readOn(refusedAt(1));
    for (let n = 2; n < 9; n++) {
      file.note(refusedAt(n));
      await file.flush(false);
      await reader.readOn(refusedAt(n + 100));
    }
    expect([...reader.refused.keys()].filter((one) => one < 100)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    reader.forgetTo(100);
    expect(reader.refused.size).toBe(7);
  });
});
