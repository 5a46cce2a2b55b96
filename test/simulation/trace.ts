// Owns what is remembered of a run: its newest lines, and a hash over all of them, by which two runs are told apart.
// Does not own what is worth a line. Lines hold no ids that the server makes by itself: those differ from run to run.

const KEPT_LINES = 60;

export class Trace {
  readonly #kept: string[] = [];
  readonly #print: ((line: string) => void) | undefined;
  #hash = 0x811c9dc5;
  #count = 0;

  constructor(print?: (line: string) => void) {
    this.#print = print;
  }

  say(atMs: number, line: string): void {
    const text = `${atMs.toFixed(1)} ${line}`;
    for (let i = 0; i < text.length; i++) this.#hash = Math.imul(this.#hash ^ text.charCodeAt(i), 0x01000193);
    this.#count++;
    this.#print?.(text);
    this.#kept.push(text);
    if (this.#kept.length > 2 * KEPT_LINES) this.#kept.splice(0, KEPT_LINES);
  }

  /** What is not worth a line still makes a run another run. */
  mix(what: number): void {
    this.#hash = Math.imul(this.#hash ^ what, 0x01000193);
    this.#count++;
  }

  get hash(): string {
    return `${(this.#hash >>> 0).toString(16).padStart(8, "0")}-${this.#count}`;
  }

  get newest(): readonly string[] {
    return this.#kept.slice(-KEPT_LINES);
  }
}
