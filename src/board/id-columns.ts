// Owns the typed arrays behind the id window: a ring of columns, oldest first, and an open-addressing table over it.
// Does not own what the columns mean. The ring grows by doubling up to the power of two above ID_WINDOW_COUNT.

const FIRST_CAPACITY = 64;

/** Characters of a record's hash that go into its fingerprint: more bits than the fingerprint has. */
const PRINT_LENGTH = 16;

/** How an outcome is kept; anything unusual is text. */
export const Tag = { text: 0, plain: 1, rev: 2, revTtl: 3, fenceTtl: 4, holdTtl: 5 } as const;

export class IdColumns {
  /** Two halves of the key (actor and id) and of the fingerprint (record hash). */
  keyLow = new Uint32Array(FIRST_CAPACITY);
  keyHigh = new Uint32Array(FIRST_CAPACITY);
  printLow = new Uint32Array(FIRST_CAPACITY);
  printHigh = new Uint32Array(FIRST_CAPACITY);
  seqs = new Float64Array(FIRST_CAPACITY);
  clocks = new Float64Array(FIRST_CAPACITY);
  issued = new Float64Array(FIRST_CAPACITY);
  revs = new Uint32Array(FIRST_CAPACITY);
  ttls = new Float64Array(FIRST_CAPACITY);
  tags = new Uint8Array(FIRST_CAPACITY);
  head = 0;
  count = 0;
  /** Ring position plus one, or 0 for free; at most half full. */
  #table = new Uint32Array(FIRST_CAPACITY * 2);
  /** The key and fingerprint at hand. */
  #low = 0;
  #high = 0;
  #printLow = 0;
  #printHigh = 0;

  get capacity(): number {
    return this.keyLow.length;
  }

  computeKey(actor: string, id: string, hash: string): void {
    let low = 0x9e3779b9 ^ actor.length;
    let high = 0x41c6ce57 ^ id.length;
    for (let i = 0; i < actor.length; i++) {
      const unit = actor.charCodeAt(i);
      low = Math.imul(low ^ unit, 0x9e3779b1);
      high = Math.imul(high ^ unit, 0x5f356495);
    }
    for (let i = 0; i < id.length; i++) {
      const unit = id.charCodeAt(i);
      low = Math.imul(low ^ unit, 0x9e3779b1);
      high = Math.imul(high ^ unit, 0x5f356495);
    }
    this.#low = mixed(low, high);
    this.#high = mixed(high, low);
    low = 0x85ebca6b;
    high = 0xc2b2ae35;
    const significant = Math.min(hash.length, PRINT_LENGTH);
    for (let i = 0; i < significant; i++) {
      const unit = hash.charCodeAt(i);
      low = Math.imul(low ^ unit, 0x9e3779b1);
      high = Math.imul(high ^ unit, 0x5f356495);
    }
    this.#printLow = mixed(low, high);
    this.#printHigh = mixed(high, low);
  }

  /** Ring position of the key at hand, or -1. */
  find(): number {
    const table = this.#table;
    const mask = table.length - 1;
    for (let slot = this.#low & mask; ; slot = (slot + 1) & mask) {
      const position = (table[slot] as number) - 1;
      if (position < 0) return -1;
      if (this.keyLow[position] === this.#low && this.keyHigh[position] === this.#high) return position;
    }
  }

  samePrint(position: number): boolean {
    return this.printLow[position] === this.#printLow && this.printHigh[position] === this.#printHigh;
  }

  /** Add the key at hand, which is not in the table, at the tail. */
  append(recordSeq: number, clock: number, issuedAt: number, tag: number, rev: number, ttlMs: number): void {
    if (this.count === this.capacity) this.#grow();
    const position = (this.head + this.count) & (this.capacity - 1);
    this.keyLow[position] = this.#low;
    this.keyHigh[position] = this.#high;
    this.printLow[position] = this.#printLow;
    this.printHigh[position] = this.#printHigh;
    this.seqs[position] = recordSeq;
    this.clocks[position] = clock;
    this.issued[position] = issuedAt;
    this.revs[position] = rev;
    this.ttls[position] = ttlMs;
    this.tags[position] = tag;
    this.count++;
    this.#enter(position);
  }

  /** Add a row whose key is given, as a snapshot has it. */
  appendRow(
    keys: readonly [number, number, number, number],
    row: readonly [number, number, number, number, number, number],
  ): void {
    [this.#low, this.#high, this.#printLow, this.#printHigh] = keys;
    this.append(row[0], row[1], row[2], row[3], row[4], row[5]);
  }

  /** Move the oldest row to the tail. */
  rotate(): void {
    const from = this.head;
    const to = (from + this.count) & (this.capacity - 1);
    if (to !== from) {
      const slot = this.#slotOf(from);
      for (const column of this.#columns()) column[to] = column[from] as number;
      this.#table[slot] = to + 1;
    }
    this.head = (from + 1) & (this.capacity - 1);
  }

  dropHead(): void {
    this.#leave(this.#slotOf(this.head));
    this.head = (this.head + 1) & (this.capacity - 1);
    this.count--;
  }

  /** The same rows in arrays of their own: what a snapshot goes on reading while this one changes. */
  copy(): IdColumns {
    const copy = new IdColumns();
    copy.#take(this, this.count);
    return copy;
  }

  #columns(): (Uint32Array | Float64Array | Uint8Array)[] {
    return [
      this.keyLow,
      this.keyHigh,
      this.printLow,
      this.printHigh,
      this.seqs,
      this.clocks,
      this.issued,
      this.revs,
      this.ttls,
      this.tags,
    ];
  }

  #grow(): void {
    this.#take(this, this.capacity * 2);
    this.#table = new Uint32Array(this.capacity * 2);
    for (let position = 0; position < this.count; position++) this.#enter(position);
  }

  /** Take over the rows of `from` with the oldest at 0. Leaves the table alone. */
  #take(from: IdColumns, capacity: number): void {
    const turned = <A extends Uint32Array | Float64Array | Uint8Array>(column: A, fresh: A): A => {
      const first = column.subarray(from.head, Math.min(from.head + from.count, from.capacity));
      fresh.set(first, 0);
      fresh.set(column.subarray(0, from.count - first.length), first.length);
      return fresh;
    };
    const count = from.count;
    this.keyLow = turned(from.keyLow, new Uint32Array(capacity));
    this.keyHigh = turned(from.keyHigh, new Uint32Array(capacity));
    this.printLow = turned(from.printLow, new Uint32Array(capacity));
    this.printHigh = turned(from.printHigh, new Uint32Array(capacity));
    this.seqs = turned(from.seqs, new Float64Array(capacity));
    this.clocks = turned(from.clocks, new Float64Array(capacity));
    this.issued = turned(from.issued, new Float64Array(capacity));
    this.revs = turned(from.revs, new Uint32Array(capacity));
    this.ttls = turned(from.ttls, new Float64Array(capacity));
    this.tags = turned(from.tags, new Uint8Array(capacity));
    this.head = 0;
    this.count = count;
  }

  #enter(position: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let slot = (this.keyLow[position] as number) & mask;
    while (table[slot] !== 0) slot = (slot + 1) & mask;
    table[slot] = position + 1;
  }

  #slotOf(position: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    let slot = (this.keyLow[position] as number) & mask;
    while (table[slot] !== position + 1) slot = (slot + 1) & mask;
    return slot;
  }

  /** Free a slot; rows behind it move up, so that every probe still meets its row before a free slot. */
  #leave(start: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let free = start;
    for (let slot = (free + 1) & mask; table[slot] !== 0; slot = (slot + 1) & mask) {
      const home = (this.keyLow[(table[slot] as number) - 1] as number) & mask;
      if (((slot - home) & mask) < ((slot - free) & mask)) continue;
      table[free] = table[slot] as number;
      free = slot;
    }
    table[free] = 0;
  }
}

function mixed(a: number, b: number): number {
  let h = Math.imul(a ^ (a >>> 16), 0x85ebca6b);
  h ^= Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
