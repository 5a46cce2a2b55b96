// Owns following a log that grows by lines: appends, rotation, truncation, rewriting, restart.
// Invariant: a line is imported once, in the same batch as the marks that say so (rule 21), and none is left out.
//
//   known file, longer ──────────────────────────────► read on from its offset
//   known file, shorter or with other bytes ─────────► read from 0, lines imported before are passed over
//   unknown file, the old one lies beside it ────────► finish the old one; then from 0, all lines are new
//   unknown file otherwise ──────────────────────────► from 0, lines imported before are passed over

import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { FileHandle } from "node:fs/promises";
import type { SingleCommand } from "../../protocol/index.ts";
import { lineChunks } from "../reading/line-chunks.ts";
import type { LineChunk } from "../reading/line-chunks.ts";
import { errorText, meansAbsent, openRegular, signatureAt } from "../reading/regular-file.ts";
import type { FileSignature } from "../reading/regular-file.ts";
import {
  advance,
  extendHead,
  ignoredLog,
  isSameLog,
  placeMark,
  placeOfMark,
  readHead,
  startOfLog,
} from "./log-place.ts";
import type { LogPlace } from "./log-place.ts";
import { createSeenLines, lineToken } from "./seen-lines.ts";
import type { ImportContext, Importer, Step } from "./step.ts";
import type { Mark } from "./work.ts";

export interface LogLine {
  readonly eventId: string | undefined;
  readonly command: SingleCommand;
}

/** Lines in one batch. */
const MAX_WORK_LINES = 500;
/** Rotated files that are looked at beside the log: the newest. */
const MAX_SIBLINGS = 32;
const TAIL = "tail:";

interface LogFile {
  readonly path: string;
  readonly signature: FileSignature;
  readonly current: boolean;
}

export function createLogTail(
  path: string,
  source: string,
  parse: (line: string) => LogLine | undefined,
  context: ImportContext,
): Importer {
  const folder = dirname(path);
  const name = basename(path);
  const stem = name.replace(/\.[a-z]+$/, "");
  const marks = context.state().marks.get(source);
  const seen = createSeenLines(marks);
  const places = new Map<string, LogPlace>();
  for (const [mark, value] of marks ?? []) {
    const place = mark.startsWith(TAIL) ? placeOfMark(value) : undefined;
    if (place !== undefined) places.set(mark.slice(TAIL.length), place);
  }
  /** Signature at the last complete look, by inode: an unchanged file is not opened again. */
  const looked = new Map<string, string>();
  /** Per inode: how often lines that were imported before this file began have shown up in it. */
  const repeats = new Map<string, Map<string, number>>();
  let currentInode: string | undefined = marks?.get("current");
  /** Rotated files that lay there at the first look ever. Those that come later are part of what we follow. */
  let history: readonly LogFile[] | undefined;
  let tooLong = 0;
  let unreadable = 0;

  /** `audit_log.jsonl.1`, `audit_log-2026-11.jsonl`: a rotated log, not something half-written or packed. */
  const isSibling = (other: string): boolean =>
    other !== name && other.startsWith(stem) && !/\.(?:gz|zst|xz|bz2|zip|lock|tmp|swp|sig|sha256)$|~$/i.test(other);

  async function filesNow(): Promise<LogFile[]> {
    const files: LogFile[] = [];
    for (const other of (await readdir(folder)).filter(isSibling)) {
      const signature = await signatureAt(join(folder, other));
      if (signature !== undefined) files.push({ path: join(folder, other), signature, current: false });
    }
    const rotated = files.sort(olderFirst).slice(-MAX_SIBLINGS);
    const signature = await signatureAt(path);
    // Rotated in between: the same file must not be read under both names.
    const older = rotated.filter((file) => file.signature.inode !== signature?.inode);
    return signature === undefined ? older : [...older, { path, signature, current: true }];
  }

  async function read(file: LogFile, present: ReadonlySet<string>): Promise<void> {
    const { inode } = file.signature;
    let place = places.get(inode);
    if (place?.ignored === true && !file.current) return;
    if (place !== undefined && looked.get(inode) === file.signature.text) return;
    const opened = await openRegular(file.path);
    if (opened === undefined) return;
    const { handle, signature } = opened;
    try {
      if (signature.inode !== inode) return;
      if (place === undefined || place.ignored) place = await placeOfUnknown(file, handle, present);
      else if (!(await isSameLog(handle, signature.bytes, place))) {
        place = startOfLog(seen.count, false);
        repeats.delete(inode);
      }
      await readOn(inode, handle, place, file.current);
      looked.set(inode, signature.text);
    } finally {
      await handle.close();
    }
  }

  async function placeOfUnknown(file: LogFile, handle: FileHandle, present: ReadonlySet<string>): Promise<LogPlace> {
    for (const [inode, place] of places) {
      // Replaced by a copy of itself with more at the end.
      if (present.has(inode) || place.ignored || place.offset === 0) continue;
      if (await isSameLog(handle, file.signature.bytes, place)) return place;
    }
    const rotated = file.current && currentInode !== undefined && present.has(currentInode);
    if (!rotated || currentInode === file.signature.inode) return startOfLog(seen.count, false);
    // A log that was moved aside and written again without some of its lines begins with a line that is known.
    for await (const chunk of lineChunks(handle, { offset: 0, skipping: false })) {
      const first = chunk.lines[0]?.text;
      if (first !== undefined) return startOfLog(seen.count, !seen.has(tokenOf(first, parse(first)?.eventId)));
    }
    return startOfLog(seen.count, true);
  }

  async function readOn(inode: string, handle: FileHandle, start: LogPlace, current: boolean): Promise<void> {
    let place = start;
    let head = await readHead(handle, place);
    if (!repeats.has(inode)) repeats.set(inode, await countRepeats(handle, place));
    if (!places.has(inode) || currentInode !== inode) await remember(inode, place, current);
    for await (const chunk of lineChunks(handle, place)) {
      tooLong += chunk.tooLong;
      for (let from = 0; from < chunk.lines.length || from === 0; from += MAX_WORK_LINES) {
        const part = chunk.lines.slice(from, from + MAX_WORK_LINES);
        const isLast = from + MAX_WORK_LINES >= chunk.lines.length;
        const end = isLast ? chunk.offset : (part.at(-1)?.end ?? chunk.offset);
        const next = advance(place, chunk, end, isLast && chunk.skipping, head);
        await send(inode, next, part, current);
        places.set(inode, next);
      }
      head = extendHead(head, chunk.raw);
      place = places.get(inode) ?? place;
    }
  }

  async function send(inode: string, place: LogPlace, lines: LineChunk["lines"], current: boolean): Promise<void> {
    const commands: SingleCommand[] = [];
    for (const { text } of lines) {
      const line = parse(text);
      if (line === undefined) unreadable++;
      else if (isNew(inode, place, tokenOf(text, line.eventId), line.eventId !== undefined))
        commands.push(line.command);
    }
    const marks: Mark[] = [[`${TAIL}${inode}`, placeMark(place)], ...seen.takeMarks()];
    if (current) marks.push(["current", inode]);
    await context.delivery.deliver(source, [{ label: `lines of ${name}`, commands, marks, marksIfRefused: marks }]);
  }

  function isNew(inode: string, place: LogPlace, token: string, hasId: boolean): boolean {
    if (hasId ? seen.has(token) : isRepeat(inode, place, token)) return false;
    seen.add(token);
    return true;
  }

  function isRepeat(inode: string, place: LogPlace, token: string): boolean {
    const before = place.fresh ? 0 : seen.timesBefore(token, place.generation);
    if (before === 0) return false;
    const counts = repeats.get(inode) ?? new Map<string, number>();
    repeats.set(inode, counts);
    const times = (counts.get(token) ?? 0) + 1;
    counts.set(token, times);
    return times <= before;
  }

  /** After a restart: what of earlier imports the part before the offset has already used up. */
  async function countRepeats(handle: FileHandle, place: LogPlace): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    if (place.fresh || place.offset === 0 || place.generation === 0) return counts;
    for await (const chunk of lineChunks(handle, { offset: 0, skipping: false }, place.offset)) {
      for (const { text } of chunk.lines) {
        const token = tokenOf(text, undefined);
        if (seen.timesBefore(token, place.generation) > 0) counts.set(token, (counts.get(token) ?? 0) + 1);
      }
    }
    return counts;
  }

  async function remember(inode: string, place: LogPlace, current: boolean): Promise<void> {
    places.set(inode, place);
    const marks: Mark[] = [[`${TAIL}${inode}`, placeMark(place)]];
    if (current) {
      currentInode = inode;
      marks.push(["current", inode]);
    }
    await context.delivery.deliver(source, [{ label: name, commands: [], marks, marksIfRefused: [] }]);
  }

  async function forgetVanished(present: ReadonlySet<string>): Promise<void> {
    const gone = [...places.keys()].filter((inode) => !present.has(inode));
    // With the log itself away it may come back, as it was; its place is what keeps it from being read twice.
    if (gone.length === 0 || currentInode === undefined || !present.has(currentInode)) return;
    for (const inode of gone) {
      places.delete(inode);
      looked.delete(inode);
      repeats.delete(inode);
    }
    const marks = gone.map((inode): Mark => [`${TAIL}${inode}`, null]);
    await context.delivery.deliver(source, [{ label: name, commands: [], marks, marksIfRefused: [] }]);
  }

  async function step(): Promise<Step> {
    let files: LogFile[];
    try {
      files = await filesNow();
    } catch (error) {
      history ??= [];
      return meansAbsent(error) ? { kind: "absent" } : { kind: "failed", reason: errorText(error) };
    }
    const isHere = files.some((file) => file.current);
    history ??= currentInode === undefined ? files.filter((file) => !file.current) : [];
    if (currentInode === undefined) {
      if (!isHere) return { kind: "absent" };
      for (const file of history) await remember(file.signature.inode, ignoredLog(), false);
    }
    const present = new Set(files.map((file) => file.signature.inode));
    for (const file of files) await read(file, present);
    await forgetVanished(present);
    if (!isHere) return { kind: "absent" };
    const problems: string[] = [];
    if (tooLong > 0) problems.push(`${tooLong} lines of ${name} are too long`);
    if (unreadable > 0) problems.push(`${unreadable} lines of ${name} are not readable`);
    return { kind: "ok", problems };
  }

  return { source, step };
}

/** By time; where the file system's clock is too coarse for that, `.2` is older than `.1`. */
const olderFirst = (a: LogFile, b: LogFile): number =>
  a.signature.mtimeMs - b.signature.mtimeMs || b.path.localeCompare(a.path, "en", { numeric: true });

/** An event with an id of its own is known by it, whatever its line looks like. */
const tokenOf = (line: string, eventId: string | undefined): string =>
  lineToken(eventId === undefined ? `l:${line}` : `e:${eventId}`);
