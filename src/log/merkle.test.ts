import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  consistencyProof,
  createFrontier,
  EMPTY_ROOT,
  inclusionProof,
  isConsistent,
  leafHashOf,
  nodeHashOf,
  rootAt,
  rootOfInclusion,
  storedAt,
  storedCount,
  wholeSubtrees,
  type Subtree,
  type TreeHash,
} from "./merkle.ts";

const hex = (hash: string): string => Buffer.from(hash, "latin1").toString("hex");
const leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"].map(
  (text) => Buffer.from(text, "hex"),
);
// The vectors of the reference implementation of Certificate Transparency.
const ROOTS = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/** RFC 6962 written down as it defines itself: recursive, over lists of leaves, with Buffers. */
const sha = (...parts: Uint8Array[]): Buffer => {
  const sum = createHash("sha256");
  for (const part of parts) sum.update(part);
  return sum.digest();
};
const split = (n: number): number => 2 ** Math.ceil(Math.log2(n) - 1);
function mth(d: readonly Buffer[]): Buffer {
  if (d.length === 0) return sha();
  if (d.length === 1) return sha(Buffer.of(0), d[0]!);
  const k = split(d.length);
  return sha(Buffer.of(1), mth(d.slice(0, k)), mth(d.slice(k)));
}
function path(m: number, d: readonly Buffer[]): Buffer[] {
  if (d.length === 1) return [];
  const k = split(d.length);
  return m < k ? [...path(m, d.slice(0, k)), mth(d.slice(k))] : [...path(m - k, d.slice(k)), mth(d.slice(0, k))];
}
function subproof(m: number, d: readonly Buffer[], whole: boolean): Buffer[] {
  if (m === d.length) return whole ? [] : [mth(d)];
  const k = split(d.length);
  return m <= k
    ? [...subproof(m, d.slice(0, k), whole), mth(d.slice(k))]
    : [...subproof(m - k, d.slice(k), false), mth(d.slice(0, k))];
}

function grown(data: readonly Buffer[]) {
  const frontier = createFrontier();
  const stored: TreeHash[] = [];
  for (const leaf of data) frontier.add(leafHashOf(leaf), (hash) => stored.push(hash));
  return { frontier, stored, source: (subtree: Subtree) => stored[storedAt(subtree)]! };
}
const hexes = (hashes: readonly (string | Buffer)[]): string[] =>
  hashes.map((one) => (typeof one === "string" ? hex(one) : one.toString("hex")));

const dataArb = fc
  .array(fc.uint8Array({ maxLength: 5 }), { minLength: 1, maxLength: 70 })
  .map((list) => list.map((one) => Buffer.from(one)));
const placeArb = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("the tree over the log is RFC 6962's", () => {
  it("has the roots of its test vectors", () => {
    expect(hex(EMPTY_ROOT)).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(ROOTS.map((_, i) => hex(grown(leaves.slice(0, i + 1)).frontier.root()))).toEqual(ROOTS);
  });

  it("has the paths of its test vectors", async () => {
    const { source } = grown(leaves);
    expect(hexes(await inclusionProof(0, 8, source))).toEqual([
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]);
    expect(hexes(await consistencyProof(6, 8, source))).toEqual([
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]);
  });

  it("is what the definition says for any records: roots, proofs, and what is stored of it", async () => {
    await fc.assert(
      fc.asyncProperty(dataArb, placeArb, placeArb, async (data, a, b) => {
        const { frontier, stored, source } = grown(data);
        const size = data.length;
        expect(hex(frontier.root())).toBe(mth(data).toString("hex"));
        expect(stored.length).toBe(storedCount(size));
        const from = Math.floor(a * (size + 1));
        expect(hex(await rootAt(from, source))).toBe(mth(data.slice(0, from)).toString("hex"));
        const index = Math.floor(b * size);
        const inclusion = await inclusionProof(index, size, source);
        expect(hexes(inclusion)).toEqual(hexes(path(index, data)));
        expect(rootOfInclusion(leafHashOf(data[index]!), index, size, inclusion)).toBe(frontier.root());
        const consistency = await consistencyProof(from, size, source);
        if (from > 0) expect(hexes(consistency)).toEqual(hexes(subproof(from, data, true)));
        const old = { size: from, root: await rootAt(from, source) };
        expect(isConsistent(old, { size, root: frontier.root() }, consistency)).toBe(true);
        const again = createFrontier({ size: from, subtrees: wholeSubtrees(from).map(source) });
        for (const leaf of data.slice(from)) again.add(leafHashOf(leaf));
        expect(again.root()).toBe(frontier.root());
      }),
      { numRuns: 400 },
    );
  });

  it("accepts no proof in which anything is changed, left out or added, and never throws", async () => {
    await fc.assert(
      fc.asyncProperty(dataArb, placeArb, placeArb, fc.nat(), fc.nat(5), async (data, a, b, dice, how) => {
        const { frontier, source } = grown(data);
        const size = data.length;
        const index = Math.floor(b * size);
        const from = 1 + Math.floor(a * size);
        const root = frontier.root();
        const spoil = (proof: readonly TreeHash[]): TreeHash[] => {
          const at = proof.length === 0 ? 0 : dice % proof.length;
          if (how === 0 || proof.length === 0) return [...proof, root];
          if (how === 1) return proof.toSpliced(at, 1);
          if (how === 2) return proof.toSpliced(at, 0, proof[at]!);
          const bytes = Buffer.from(proof[at]!, "latin1");
          bytes[dice % 32]! ^= 1 << (dice % 8);
          return proof.with(at, bytes.toString("latin1") as TreeHash);
        };
        const inclusion = spoil(await inclusionProof(index, size, source));
        expect(rootOfInclusion(leafHashOf(data[index]!), index, size, inclusion)).not.toBe(root);
        const old = { size: from, root: await rootAt(from, source) };
        expect(isConsistent(old, { size, root }, spoil(await consistencyProof(from, size, source)))).toBe(false);
        const other = nodeHashOf(root, root);
        const proof = await consistencyProof(from, size, source);
        expect(isConsistent({ size: from, root: other }, { size, root }, proof)).toBe(false);
        expect(isConsistent(old, { size, root: other }, proof)).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  it("takes any nonsense as no proof", () => {
    const hashArb = fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((one) => Buffer.from(one).toString("latin1") as TreeHash);
    const numberArb = fc.oneof(fc.integer(), fc.double(), fc.nat(9));
    fc.assert(
      fc.property(numberArb, numberArb, fc.array(hashArb, { maxLength: 8 }), hashArb, (m, n, proof, root) => {
        expect(rootOfInclusion(root, m, n, proof) === undefined || m < n).toBe(true);
        if (m === n && proof.length === 0) return;
        expect(isConsistent({ size: m, root }, { size: n, root: nodeHashOf(root, root) }, proof)).toBe(false);
      }),
    );
  });
});
