// Remembers what each word adds to the vector of its text, found by its code units without making a string of it.

/** What a word adds to the vector of its text. */
export interface WordFeatures {
  /** The 32-bit number that names the word in runs of words. */
  readonly hash: number;
  /** Rows summed into `sum`. */
  readonly rows: number;
  readonly sum: Float64Array;
}

const maxEntries = 65_536;
/** Most numbers in all sums together: 8 MiB. */
const maxNumbers = 2 ** 20;
const minEntries = 1024;
const maxWordLength = 48;

/** A table of words; when it is full it starts anew. */
export class WordTable {
  readonly #dimension: number;
  readonly #describe: (word: string) => WordFeatures;
  readonly #capacity: number;
  /** One more than the entry, 0 for none. */
  readonly #slots: Int32Array;
  readonly #units: Uint16Array;
  readonly #lengths: Uint8Array;
  readonly #hashes: Int32Array;
  readonly #rows: Int32Array;
  readonly #sums: Float64Array;
  #size = 0;

  /** @param describe works a word out that is not in the table. */
  constructor(dimension: number, describe: (word: string) => WordFeatures) {
    this.#dimension = dimension;
    this.#describe = describe;
    const fitting = 2 ** Math.floor(Math.log2(maxNumbers / dimension));
    this.#capacity = Math.max(minEntries, Math.min(maxEntries, fitting));
    this.#slots = new Int32Array(this.#capacity * 2);
    this.#units = new Uint16Array(this.#capacity * maxWordLength);
    this.#lengths = new Uint8Array(this.#capacity);
    this.#hashes = new Int32Array(this.#capacity);
    this.#rows = new Int32Array(this.#capacity);
    this.#sums = new Float64Array(this.#capacity * dimension);
  }

  /**
   * Adds the word's sum to `vector` and its hash to `hashes`, if given.
   * @param key any hash of the word's code units
   * @returns the rows summed
   */
  addWord(
    vector: Float64Array,
    hashes: number[] | undefined,
    { text, start, end, key }: { text: string; start: number; end: number; key: number },
  ): number {
    if (end - start > maxWordLength) {
      const { hash, rows, sum } = this.#describe(text.slice(start, end));
      for (let i = 0; i < vector.length; i++) vector[i]! += sum[i]!;
      hashes?.push(hash);
      return rows;
    }
    const entry = this.#entryOf(text, start, end, key);
    const at = entry * this.#dimension;
    for (let i = 0; i < vector.length; i++) vector[i]! += this.#sums[at + i]!;
    hashes?.push(this.#hashes[entry]!);
    return this.#rows[entry]!;
  }

  #entryOf(text: string, start: number, end: number, key: number): number {
    const mask = this.#slots.length - 1;
    let slot = (key ^ (key >>> 15)) & mask;
    for (let held = this.#slots[slot]!; held > 0; held = this.#slots[slot]!) {
      if (this.#isEqual(held - 1, text, start, end)) return held - 1;
      slot = (slot + 1) & mask;
    }
    const { hash, rows, sum } = this.#describe(text.slice(start, end));
    if (this.#size === this.#capacity) {
      this.#slots.fill(0);
      this.#size = 0;
      slot = (key ^ (key >>> 15)) & mask;
    }
    const entry = this.#size++;
    this.#slots[slot] = entry + 1;
    this.#lengths[entry] = end - start;
    for (let i = start; i < end; i++) this.#units[entry * maxWordLength + i - start] = text.charCodeAt(i);
    this.#hashes[entry] = hash;
    this.#rows[entry] = rows;
    this.#sums.set(sum, entry * this.#dimension);
    return entry;
  }

  #isEqual(entry: number, text: string, start: number, end: number): boolean {
    if (this.#lengths[entry] !== end - start) return false;
    const units = entry * maxWordLength - start;
    for (let i = start; i < end; i++) if (this.#units[units + i] !== text.charCodeAt(i)) return false;
    return true;
  }
}
