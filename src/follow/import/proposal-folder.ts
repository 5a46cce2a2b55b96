// Owns following a folder with one proposal per file: pending_changes/*.json. Its archive is not looked at.
// Invariant: a file that cannot be read keeps its request; only a file that is gone closes it.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Item, ItemName } from "../formats/parsed.ts";
import { errorText, meansAbsent, readWhole, signatureAt } from "../reading/regular-file.ts";
import { planImport } from "./plan.ts";
import type { ImportContext, Importer, Step } from "./step.ts";

/** Proposals that are looked at. Beyond: the rest waits until some are decided, and the source says so. */
const MAX_PROPOSALS = 10_000;

export function createProposalFolder(
  folder: string,
  source: string,
  parse: (text: string) => Item | undefined,
  context: ImportContext,
): Importer {
  const known = new Map<string, { readonly signature: string; readonly item: Item }>();

  async function step(): Promise<Step> {
    let names: string[];
    try {
      names = (await readdir(folder)).filter((name) => name.endsWith(".json") && !name.startsWith(".")).sort();
    } catch (error) {
      return meansAbsent(error) ? { kind: "absent" } : { kind: "failed", reason: errorText(error) };
    }
    const items: Item[] = [];
    const unreadable: ItemName[] = [];
    for (const name of names.slice(0, MAX_PROPOSALS)) {
      const item = await proposal(name);
      if (item === "gone") continue;
      if (item === "unreadable") unreadable.push({ kind: "request", name: known.get(name)?.item.name ?? stemOf(name) });
      else items.push(item);
    }
    for (const name of known.keys()) if (!names.includes(name)) known.delete(name);
    for (const name of names.slice(MAX_PROPOSALS)) unreadable.push({ kind: "request", name: stemOf(name) });
    const parsed = { ok: true, items, unreadable, problems: [], endMarked: true } as const;
    const plan = planImport(source, parsed, context.state());
    await context.delivery.deliver(source, [...plan.vanished, ...plan.changed]);
    return unreadable.length === 0
      ? { kind: "ok", problems: [] }
      : { kind: "torn", reason: `${unreadable.length} proposals are not readable` };
  }

  async function proposal(name: string): Promise<Item | "gone" | "unreadable"> {
    const path = join(folder, name);
    const signature = await signatureAt(path).catch(() => "unreadable" as const);
    if (signature === "unreadable") return signature;
    if (signature === undefined) return "gone";
    const before = known.get(name);
    if (before?.signature === signature.text) return before.item;
    const read = await readWhole(path);
    if (read.kind === "absent") return "gone";
    const item = read.kind === "read" ? parse(read.text) : undefined;
    if (read.kind !== "read" || item === undefined) return "unreadable";
    known.set(name, { signature: read.signature.text, item });
    return item;
  }

  return { source, step };
}

const stemOf = (name: string): string => name.slice(0, -".json".length);
