// Owns following a file that its writers replace or rewrite as a whole.
// Invariant: an empty, cut-off or unparsable file changes nothing; only what a complete file leaves out is deleted.

import { performance } from "node:perf_hooks";
import type { Parser } from "../formats/parsed.ts";
import { shortHash } from "../formats/short-hash.ts";
import { errorText, readWhole, signatureAt } from "../reading/regular-file.ts";
import { planImport } from "./plan.ts";
import type { ImportContext, Importer, Step } from "./step.ts";

/** A form without an end mark can look complete while it is being rewritten: what it leaves out must stay out so long. */
const CONFIRM_MS = 80;
/** Two writes within one tick of the file system's clock have the same time: a file this young is read again. */
const SETTLED_MS = 1000;
/** Items of one file: its marks must all have room on the board. Beyond: reported, the last good state stays. */
const MAX_FILE_ITEMS = 100_000;

/** @param variant what else the parser depends on; another text reads the file anew */
export function createWholeFile(
  path: string,
  source: string,
  parse: Parser,
  context: ImportContext,
  variant: () => string = () => "",
): Importer {
  let good:
    | { signature: string; readonly content: string; settled: boolean; readonly problems: readonly string[] }
    | undefined;
  /** A version that leaves out keys without proof that it is complete, and since when it is there. */
  let doubtful: { readonly version: string; readonly sinceMs: number } | undefined;

  async function step(force: boolean): Promise<Step> {
    if (!force && doubtful === undefined && good?.settled === true) {
      const signature = await signatureAt(path).catch(errorText);
      if (signature === undefined) return { kind: "absent" };
      if (typeof signature === "string") return { kind: "failed", reason: signature };
      if (signature.text === good.signature && good.content.startsWith(`${variant()}:`)) {
        return { kind: "ok", problems: good.problems };
      }
    }
    const read = await readWhole(path);
    if (read.kind === "torn") return { kind: "torn", reason: "it changes while it is read" };
    if (read.kind !== "read") return read;
    const content = `${variant()}:${shortHash(read.text)}`;
    // The file system's times are wall time, so this is compared with the wall clock of this machine.
    const settled = Date.now() - read.signature.mtimeMs > SETTLED_MS;
    if (good?.content === content) {
      good = { ...good, signature: read.signature.text, settled };
      doubtful = undefined;
      return { kind: "ok", problems: good.problems };
    }
    const parsed = parse(read.text, context.now());
    if (!parsed.ok) return { kind: "torn", reason: parsed.reason };
    if (parsed.items.length > MAX_FILE_ITEMS)
      return { kind: "failed", reason: `states more than ${MAX_FILE_ITEMS} items` };
    const plan = planImport(source, parsed, context.state());
    const believed = plan.vanished.length === 0 || parsed.endMarked || isConfirmed(read.signature.text + content);
    if (plan.conflicts.length > 0) context.onConflicts(source, plan.conflicts);
    await context.delivery.deliver(source, believed ? [...plan.vanished, ...plan.changed] : plan.changed);
    if (!believed) return { kind: "ok", problems: parsed.problems, againMs: CONFIRM_MS };
    doubtful = undefined;
    good = { signature: read.signature.text, content, settled, problems: parsed.problems };
    return { kind: "ok", problems: parsed.problems };
  }

  function isConfirmed(version: string): boolean {
    const nowMs = performance.now();
    if (doubtful?.version === version) return nowMs - doubtful.sinceMs >= CONFIRM_MS - 1;
    doubtful = { version, sinceMs: nowMs };
    return false;
  }

  return { source, step };
}
