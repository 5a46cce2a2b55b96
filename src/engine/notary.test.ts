import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createBoardState } from "../board/index.ts";
import type { BoardProofs } from "../log/contract.ts";
import { createNotary } from "./notary.ts";
import { sha256 } from "./recovery.ts";

function notaryOf(policy: { everyRecords: number; everyMs: number }, fail: () => boolean = () => false) {
  const signed: (string | undefined)[] = [];
  const notices: string[] = [];
  const proofs = {
    sign: async (_seq: number, digest?: string) => {
      await pause(1);
      if (fail()) throw new Error("disk full");
      signed.push(digest);
    },
  } as unknown as BoardProofs;
  const notice = (message: string): void => void notices.push(message);
  const notary = createNotary({ state: createBoardState(sha256), proofs, policy, notice });
  return { notary, signed, notices };
}

describe("a checkpoint is signed", () => {
  it("after so many records, one at a time, and of the rest at the end", async () => {
    const { notary, signed } = notaryOf({ everyRecords: 10, everyMs: 1e12 });
    notary.applied(9);
    expect(signed).toHaveLength(0);
    notary.applied(1);
    notary.applied(25);
    await pause(20);
    expect(signed).toEqual([undefined]);
    await notary.close();
    expect(signed).toEqual([undefined, expect.stringMatching(/^[0-9a-f]{64}$/)]);
    await notary.close();
    expect(signed).toHaveLength(2);
  });

  it("after so much time if the log moved, with the state's digest", async () => {
    const { notary, signed } = notaryOf({ everyRecords: 1e9, everyMs: 5 });
    await pause(20);
    expect(signed).toHaveLength(0);
    notary.applied(1);
    await pause(40);
    expect(signed).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    await notary.close();
  });

  it("again where it failed, which is said once", async () => {
    let broken = true;
    const { notary, signed, notices } = notaryOf({ everyRecords: 1e9, everyMs: 3 }, () => broken);
    notary.applied(1);
    await pause(60);
    expect(notices).toEqual(["a checkpoint could not be written: disk full"]);
    broken = false;
    await pause(40);
    expect(signed).toHaveLength(1);
    await notary.close();
    expect(signed).toHaveLength(1);
  });
});
