// Owns the text of one sync under way: what it says so far, and when it is a page's worth (docs/protocol.md, W-SYNC-6).
// Does not own what is said. A page holds at most MAX_PAGE_UNITS, or one item where that is larger.

import type { ResetReason } from "../protocol/index.ts";

/** UTF-16 units of one page: three bytes each at most, so 256 KiB (`SESSION_LIMITS.frameBytes`). */
const MAX_PAGE_UNITS = Math.floor(262_144 / 3) - 1024;

type Part = "put" | "patch" | "del" | "add";

export class PageText {
  readonly #sub: string;
  readonly #from: number;
  #reset: ResetReason | undefined;
  /** Texts by stream and part, in the order in which they were first used. */
  #streams = new Map<string, Map<Part, string[]>>();
  /** Members of a stream that are no lists, such as `"all":true`. */
  #flags = new Map<string, string[]>();
  #units = 0;
  #isUnderWay = false;

  constructor(sub: string, from: number, reset: ResetReason | undefined) {
    this.#sub = sub;
    this.#from = from;
    this.#reset = reset;
  }

  /** Pages were taken, so that a last one has to follow. */
  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  get isEmpty(): boolean {
    return this.#streams.size === 0 && this.#flags.size === 0 && this.#reset === undefined;
  }

  hasRoom(units: number): boolean {
    return this.#units + units <= MAX_PAGE_UNITS;
  }

  /** True if an item of that length would make the page too long; the first one always fits. */
  isTooLong(units: number): boolean {
    return this.#units > 0 && !this.hasRoom(units);
  }

  say(stream: string, part: Part, text: string): void {
    let parts = this.#streams.get(stream);
    if (parts === undefined) {
      parts = new Map();
      this.#streams.set(stream, parts);
    }
    const texts = parts.get(part);
    if (texts === undefined) parts.set(part, [text]);
    else texts.push(text);
    this.#units += text.length + 1;
  }

  /** `text` is a member with its name. */
  flag(stream: string, text: string): void {
    const flags = this.#flags.get(stream);
    if (flags === undefined) this.#flags.set(stream, [text]);
    else flags.push(text);
    this.#units += text.length + 1;
  }

  /** The parameters of this page, and a fresh one after it. */
  takeMore(): string {
    this.#isUnderWay = true;
    return this.#take(`,"more":true`);
  }

  takeLast(to: number): string {
    return this.#take(`,"to":${to}`);
  }

  #take(end: string): string {
    let text = `{"sub":"${this.#sub}","from":${this.#from}${end}`;
    if (this.#reset !== undefined) text += `,"reset":"${this.#reset}"`;
    for (const stream of new Set([...this.#flags.keys(), ...this.#streams.keys()])) {
      const members = [...(this.#flags.get(stream) ?? [])];
      for (const [part, texts] of this.#streams.get(stream) ?? []) members.push(`"${part}":[${texts.join(",")}]`);
      text += `,"${stream}":{${members.join(",")}}`;
    }
    this.#streams = new Map();
    this.#flags = new Map();
    this.#units = 0;
    this.#reset = undefined;
    return `${text}}`;
  }
}
