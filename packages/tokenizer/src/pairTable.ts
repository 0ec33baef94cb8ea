// A hash table from pairs of token ids to the two numbers that belong to them: open addressing over one typed array, one
// cache line for each look-up. Holds the merges of a model, and the pair counts of the trainer.

const fieldCount = 4;

export class PairTable {
  size = 0;
  /** Records (left, right, first value, second value); left is -1 in a free slot. */
  #records: Int32Array;
  #mask: number;

  /** A table that takes `expected` pairs before it grows. */
  constructor(expected = 512) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(expected, 8) * 1.5));
    this.#records = new Int32Array(slots * fieldCount).fill(-1);
    this.#mask = slots - 1;
  }

  /** Where the record of a pair is, for {@link first} and {@link second}; -1 if there is none. Valid until the next `set`. */
  find(left: number, right: number): number {
    const records = this.#records;
    for (let slot = hashPair(left, right) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * fieldCount;
      const found = records[at]!;
      if (found === left && records[at + 1] === right) return at;
      if (found === -1) return -1;
    }
  }

  first(at: number): number {
    return this.#records[at + 2]!;
  }

  second(at: number): number {
    return this.#records[at + 3]!;
  }

  /** Sets the values of a pair, replacing earlier ones. */
  set(left: number, right: number, first: number, second: number): void {
    let at = this.find(left, right);
    if (at < 0) {
      if (++this.size > (this.#mask + 1) * 0.7) this.#grow();
      at = this.#freeSlot(left, right);
    }
    const records = this.#records;
    records[at] = left;
    records[at + 1] = right;
    records[at + 2] = first;
    records[at + 3] = second;
  }

  /** Calls `visit` for each pair, in no particular order. */
  forEach(visit: (left: number, right: number, first: number, second: number) => void): void {
    const records = this.#records;
    for (let at = 0; at < records.length; at += fieldCount) {
      if (records[at] !== -1) visit(records[at]!, records[at + 1]!, records[at + 2]!, records[at + 3]!);
    }
  }

  #freeSlot(left: number, right: number): number {
    let slot = hashPair(left, right) & this.#mask;
    while (this.#records[slot * fieldCount] !== -1) slot = (slot + 1) & this.#mask;
    return slot * fieldCount;
  }

  #grow(): void {
    const old = this.#records;
    this.#records = new Int32Array(old.length * 2).fill(-1);
    this.#mask = this.#mask * 2 + 1;
    for (let at = 0; at < old.length; at += fieldCount) {
      if (old[at] === -1) continue;
      const to = this.#freeSlot(old[at]!, old[at + 1]!);
      for (let field = 0; field < fieldCount; field++) this.#records[to + field] = old[at + field]!;
    }
  }
}

function hashPair(left: number, right: number): number {
  const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return hash ^ (hash >>> 15);
}
