import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkpointText, parseCheckpoint, parseProof, proofText } from "./checkpoint.ts";
import { leafHashOf, type TreeHash } from "./merkle.ts";
import {
  keyHashOf,
  newSigningKey,
  parseNote,
  parseVerifier,
  signatureBy,
  signerOf,
  signNote,
  verifierTextOf,
} from "./signed-note.ts";

// The example of golang.org/x/mod/sumdb/note, which the C2SP format is taken from.
const PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const ENCRYPTED = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;

const signer = signerOf("swarmboard/b/e", newSigningKey());
const root = leafHashOf(Buffer.from("x"));
const text = checkpointText({ origin: "swarmboard/b/e", size: 7, root, digest: "ab".repeat(32) });
const note = signNote(text, signer);

describe("signed notes (C2SP signed-note)", () => {
  it("checks the reference implementation's example", () => {
    const key = parseVerifier(PETER)!;
    expect(verifierTextOf(key)).toBe(PETER);
    expect(signatureBy(parseNote(ENCRYPTED)!, key)).toBe("signed");
    expect(signatureBy(parseNote(ENCRYPTED.replace("answer", "anzwer"))!, key)).toBe("forged");
    expect(signatureBy(parseNote(note)!, key)).toBe("unsigned");
  });

  it("reads back what it wrote", () => {
    expect(signatureBy(parseNote(note)!, signer)).toBe("signed");
    expect(parseCheckpoint(note)).toMatchObject({ origin: "swarmboard/b/e", size: 7, root, digest: "ab".repeat(32) });
    expect(parseVerifier(verifierTextOf(signer))).toEqual({ name: signer.name, publicKey: signer.publicKey });
    const proof = { index: 6, hashes: [root, root], checkpoint: note, extra: Buffer.from("line") };
    expect(parseProof(proofText(proof))).toEqual(proof);
    const none = { index: 0, hashes: [] as TreeHash[], checkpoint: note };
    expect(parseProof(proofText(none))).toEqual(none);
  });

  it("accepts no note of which anything is changed, and never throws", () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat(2),
        fc.string({ minLength: 1, maxLength: 3, unit: "binary" }),
        (dice, how, piece) => {
          const at = dice % note.length;
          const changed =
            how === 0
              ? note.slice(0, at) + piece + note.slice(at + 1)
              : how === 1
                ? note.slice(0, at) + note.slice(at + 1 + (dice % 5))
                : note.slice(0, at) + piece + note.slice(at);
          if (changed === note) return;
          const parsed = parseCheckpoint(changed);
          const sound = parsed !== undefined && signatureBy(parsed.note, signer) === "signed";
          // A further signature of nobody we know is the only thing that may be there besides.
          if (sound) expect(parsed.note.text).toBe(text);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("takes a key text whose hash is not its own for no key", () => {
    const parts = verifierTextOf(signer).split("+");
    expect(parseVerifier(`${parts[0]!}x+${parts.slice(1).join("+")}`)).toBeUndefined();
    expect(parseVerifier("")).toBeUndefined();
    expect(keyHashOf(signer)).toHaveLength(4);
    fc.assert(fc.property(fc.string(), (any) => parseProof(any) === undefined && parseVerifier(any) === undefined));
  });
});
