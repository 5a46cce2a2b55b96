// @vitest-environment node
import { generateKeyPairSync, createHash, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Checkpoint, readCheckpoint, readVerifierKey } from "./signed-note.ts";
import { verifyConsistency, verifySignature } from "./verify.ts";

type Bytes = Uint8Array<ArrayBuffer>;
const hash = (...parts: Uint8Array[]): Bytes =>
  new Uint8Array(createHash("sha256").update(Buffer.concat(parts)).digest());
const leaf = (n: number): Bytes => hash(new Uint8Array([0]), new TextEncoder().encode(`record ${n}`));
const split = (n: number): number => 2 ** Math.ceil(Math.log2(n) - 1);

/** RFC 6962, 2.1 and 2.1.2, as they are written there: by recursion, without any cleverness. */
function rootOf(leaves: readonly Bytes[]): Bytes {
  if (leaves.length === 1) return leaves[0] as Bytes;
  const k = split(leaves.length);
  return hash(new Uint8Array([1]), rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)));
}
function subProof(m: number, leaves: readonly Bytes[], whole: boolean): Bytes[] {
  const n = leaves.length;
  if (m === n) return whole ? [] : [rootOf(leaves)];
  const k = split(n);
  return m <= k
    ? [...subProof(m, leaves.slice(0, k), whole), rootOf(leaves.slice(k))]
    : [...subProof(m - k, leaves.slice(k), false), rootOf(leaves.slice(0, k))];
}

const LEAVES = Array.from({ length: 70 }, (_, n) => leaf(n));
const tree = (size: number) => ({ size, root: rootOf(LEAVES.slice(0, size)) });

const pair = generateKeyPairSync("ed25519");
const publicKey = new Uint8Array(pair.publicKey.export({ format: "der", type: "spki" }).subarray(-32));
const material = new Uint8Array([1, ...publicKey]);
const NAME = "swarmboard/default/x";
const idOf = (name: string) => hash(new TextEncoder().encode(`${name}\n`), material).subarray(0, 4);
const keyText = `${NAME}+${Buffer.from(idOf(NAME)).toString("hex")}+${Buffer.from(material).toString("base64")}\n`;

function signed(size: number): string {
  const body = `${NAME}\n${size}\n${Buffer.from(tree(size).root).toString("base64")}\nstate 00\n`;
  const signature = Buffer.concat([idOf(NAME), sign(null, Buffer.from(body), pair.privateKey)]);
  return `${body}\n\u2014 ${NAME} ${signature.toString("base64")}\n`;
}
const checkpoint = (text: string): Checkpoint => {
  const read = readCheckpoint(text);
  if (read === undefined) throw new Error("no checkpoint");
  return read;
};

describe("what the page checks of the log by itself", () => {
  it("accepts the proof of every pair of trees, and none of a tree that did not grow from the other (RFC 9162)", async () => {
    for (let later = 1; later <= LEAVES.length; later++) {
      for (let earlier = 1; earlier <= later; earlier += 1 + (later % 3)) {
        const proof = subProof(earlier, LEAVES.slice(0, later), true);
        const name = `${earlier} to ${later}`;
        expect([name, await verifyConsistency(tree(earlier), tree(later), proof)]).toEqual([name, true]);
        const forged = { size: earlier, root: leaf(1000) };
        expect([name, await verifyConsistency(forged, tree(later), proof)]).toEqual([name, false]);
      }
    }
  });

  it("accepts no proof with a hash changed, dropped, added or put elsewhere", async () => {
    const size = fc.integer({ min: 2, max: LEAVES.length });
    await fc.assert(
      fc.asyncProperty(
        size,
        fc.nat(),
        fc.nat(),
        fc.constantFrom("flip", "drop", "add", "size"),
        async (to, a, b, how) => {
          const from = 1 + (a % (to - 1));
          const proof = subProof(from, LEAVES.slice(0, to), true);
          const at = b % (proof.length + (how === "add" ? 1 : 0));
          const claimed = how === "size" ? { ...tree(from), size: 1 + (b % to) } : tree(from);
          fc.pre(how !== "size" || claimed.size !== from);
          if (how === "flip") proof[at] = proof[at]!.map((byte, i) => (i === b % 32 ? byte ^ 1 : byte));
          if (how === "drop") proof.splice(at, 1);
          if (how === "add") proof.splice(at, 0, leaf(b));
          expect(await verifyConsistency(claimed, tree(to), proof)).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("accepts a signature of the key, and no other text, key or id", async () => {
    const key = readVerifierKey(keyText);
    if (key === undefined) throw new Error("no key");
    const text = signed(7);
    expect(await verifySignature(checkpoint(text), key)).toBe("holds");
    expect(await verifySignature(checkpoint(text.replace("\n7\n", "\n8\n")), key)).toBe("broken");
    expect(await verifySignature(checkpoint(text), { ...key, id: "00000000" })).toBe("broken");
    const other = { ...key, name: "other" };
    const otherId = hash(new TextEncoder().encode("other\n"), material).subarray(0, 4);
    expect(await verifySignature(checkpoint(text), { ...other, id: Buffer.from(otherId).toString("hex") })).toBe(
      "otherKey",
    );
  });

  it("reads no text that is not of the form, and throws at none", () => {
    const text = signed(7);
    for (const bad of ["", "\n\n", text.trimEnd(), text.replace("\n7\n", "\n07\n"), text.replace("\n7\n", "\n-7\n")])
      expect([bad, readCheckpoint(bad)]).toEqual([bad, undefined]);
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(text.length), (noise, at) => {
        const changed = text.slice(0, at) + noise + text.slice(at);
        expect(() => [readCheckpoint(changed), readVerifierKey(changed), readVerifierKey(noise)]).not.toThrow();
      }),
    );
  });
});
