// Owns what the page knows of the log's proofs: the first checkpoint that it saw, the newest, and what it could check of them.
// Does not own the checks (proof/). Invariant: "verified" is only what was checked in this page; a broken check stays until the page
// is loaded anew, because what it was broken by does not become whole.

import { bytesOf, type Checkpoint, readCheckpoint, readVerifierKey, type VerifierKey } from "../proof/signed-note.ts";
import { type SignatureVerdict, verifyConsistency, verifySignature } from "../proof/verify.ts";
import type { ScreenStore } from "../state/screen-store.ts";

export type Growth = "onlyOne" | "holds" | "broken" | "unable";

export type Proof =
  /** Not asked yet, or no answer yet. */
  | { readonly state: "unknown"; readonly problem?: string }
  /** The board keeps nothing that could be proven. */
  | { readonly state: "none"; readonly problem: string }
  | {
      readonly state: "checked";
      readonly newest: Checkpoint;
      /** The first one that this page saw: what `growth` begins at. */
      readonly first: Checkpoint;
      readonly key: VerifierKey;
      readonly keyText: string;
      readonly signature: SignatureVerdict;
      readonly growth: Growth;
      readonly checkedAtMs: number;
      /** Why the newest attempt got no answer. */
      readonly problem?: string;
    };

export interface ProofWatch {
  readonly read: () => Proof;
  /** Asks while somebody listens. */
  readonly subscribe: (listener: () => void) => () => void;
  /** Asks now. */
  readonly check: () => void;
}

/** How often the newest checkpoint is asked for while the board changes, in ms. */
const ASK_EVERY_MS = 10_000;
const TIMEOUT_MS = 10_000;

export interface ProofWatchOptions {
  readonly board: string;
  readonly store: ScreenStore;
}

class NothingToProve extends Error {}

export function createProofWatch({ board, store }: ProofWatchOptions): ProofWatch {
  const base = `/api/v1/boards/${encodeURIComponent(board)}/audit`;
  const listeners = new Set<() => void>();
  let proof: Proof = { state: "unknown" };
  let timer: ReturnType<typeof setInterval> | undefined;
  let isBusy = false;
  let askedSeq: number | undefined;

  function set(next: Proof): void {
    proof = next;
    for (const listener of listeners) listener();
  }

  async function read(path: string): Promise<string> {
    const response = await fetch(`${base}/${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await response.text();
    if (response.status === 404) throw new NothingToProve(detailOf(text));
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return text;
  }

  async function growthOf(earlier: Checkpoint, later: Checkpoint): Promise<Growth> {
    if ((globalThis.crypto as Partial<Crypto> | undefined)?.subtle === undefined) return "unable";
    // Another origin is another history: nothing of the first one is in it.
    if (earlier.origin !== later.origin || later.size < earlier.size) return "broken";
    let hashes: readonly Uint8Array<ArrayBuffer>[] = [];
    if (earlier.size !== later.size) {
      const told = JSON.parse(await read(`consistency?from=${earlier.size}&to=${later.size}`)) as { hashes?: unknown };
      const read64 = Array.isArray(told.hashes) ? told.hashes.map((each) => bytesOf(String(each))) : [undefined];
      if (read64.includes(undefined)) return "broken";
      hashes = read64.filter((each) => each !== undefined);
    }
    return (await verifyConsistency(earlier, later, hashes)) ? "holds" : "broken";
  }

  async function ask(): Promise<void> {
    const [text, keyText] = await Promise.all([read("checkpoint"), read("key")]);
    const newest = readCheckpoint(text);
    const key = readVerifierKey(keyText);
    if (newest === undefined || key === undefined) throw new Error("the server's answer is no checkpoint");
    const before = proof.state === "checked" ? proof : undefined;
    if (before?.newest.text === text && before.keyText === keyText)
      return set({ ...withoutProblem(before), checkedAtMs: Date.now() });
    const signature = await verifySignature(newest, key);
    const first = before?.first ?? newest;
    const growth = before === undefined ? "onlyOne" : await growthOf(first, newest);
    const isBroken = before !== undefined && (before.growth === "broken" || before.signature === "broken");
    set({
      state: "checked",
      newest,
      first,
      key,
      keyText,
      checkedAtMs: Date.now(),
      signature: isBroken && before.signature === "broken" ? "broken" : signature,
      growth: isBroken && before.growth === "broken" ? "broken" : growth,
    });
  }

  async function check(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    askedSeq = store.read().view?.seq;
    try {
      await ask();
    } catch (error) {
      const problem = error instanceof Error && error.name !== "TimeoutError" ? error.message : "no answer in time";
      if (error instanceof NothingToProve && proof.state !== "checked") set({ state: "none", problem });
      else set({ ...proof, problem });
    } finally {
      isBusy = false;
    }
  }

  function tick(): void {
    // A board that keeps nothing to prove will not begin to.
    if (proof.state === "none") return;
    const { view, isCutOff } = store.read();
    if (document.hidden || isCutOff || view === undefined || view.seq === askedSeq) return;
    void check();
  }

  return {
    read: () => proof,
    subscribe(listener) {
      listeners.add(listener);
      if (timer === undefined) {
        timer = setInterval(tick, ASK_EVERY_MS);
        queueMicrotask(tick);
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
    check: () => void check(),
  };
}

function withoutProblem<P extends { readonly problem?: string }>({ problem: _, ...rest }: P): Omit<P, "problem"> {
  return rest;
}

function detailOf(text: string): string {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    return typeof detail === "string" ? detail : "Nothing of this board can be proven.";
  } catch {
    return "Nothing of this board can be proven.";
  }
}
