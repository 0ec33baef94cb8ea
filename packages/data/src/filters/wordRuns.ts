// Repeated runs of words (n-grams) in one text, found by rolling hashes over the joined words: no string is made per run.
import { countCodePoints } from "./textScan.ts";

const base = 0x01000193;
const free = -1;

/** The words of a text joined by a separator, ready to find equal runs of any number of words. */
export class WordRuns {
  readonly #text: string;
  /** Start of each word in the joined text; one more, so that the next start less the separator is each word's end. */
  readonly #starts: Int32Array;
  /** Polynomial hash of the joined text before each word. */
  readonly #hashes: Int32Array;
  /** Powers of the base, by length. */
  readonly #powers: Int32Array;
  readonly #separatorLength: number;
  readonly #table: Int32Array;
  readonly #counts: Int32Array;
  readonly #hasPairs: boolean;

  constructor(words: readonly string[], separator: "" | " ") {
    this.#text = words.join(separator);
    this.#separatorLength = separator.length;
    this.#starts = new Int32Array(words.length + 1);
    this.#hashes = new Int32Array(words.length + 1);
    let start = 0;
    for (let w = 0; w < words.length; w++) {
      this.#starts[w] = start;
      start += words[w]!.length + separator.length;
    }
    this.#starts[words.length] = start;
    this.#hashWords();
    this.#powers = powersOfBase(start);
    let slots = 16;
    while (slots < words.length * 2) slots *= 2;
    this.#table = new Int32Array(slots);
    this.#counts = new Int32Array(words.length + 1);
    this.#hasPairs = countCodePoints(this.#text) !== this.#text.length;
  }

  /** Code points in all occurrences of the commonest run of `n` words (of several, the one met first); 0 without runs. */
  topLength(n: number): number {
    const runs = this.#starts.length - n;
    if (runs <= 0) return 0;
    this.#table.fill(free);
    this.#counts.fill(0);
    let top = 0;
    for (let word = 0; word < runs; word++) {
      const first = this.#firstEqual(word, n);
      this.#counts[first]! += 1;
    }
    for (let word = 1; word < runs; word++) if (this.#counts[word]! > this.#counts[top]!) top = word;
    return this.#runLength(top, n) * this.#counts[top]!;
  }

  /** Code points in runs of `n` words that were met before; runs counted do not overlap. */
  repeatedLength(n: number): number {
    const runs = this.#starts.length - n;
    this.#table.fill(free);
    let length = 0;
    for (let word = 0; word < runs; ) {
      const isRepeated = this.#firstEqual(word, n) !== word;
      if (isRepeated) length += this.#runLength(word, n);
      word += isRepeated ? n : 1;
    }
    return length;
  }

  /** The first word of the first equal run entered in the table; enters this one where there was none. */
  #firstEqual(word: number, n: number): number {
    const start = this.#starts[word]!;
    const end = this.#end(word, n);
    const hash =
      (this.#hashes[word + n]! - Math.imul(this.#hashes[word]!, this.#powers[this.#starts[word + n]! - start]!)) | 0;
    const mask = this.#table.length - 1;
    let slot = (Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 8) & mask;
    for (;;) {
      const other = this.#table[slot]!;
      if (other === free) {
        this.#table[slot] = word;
        return word;
      }
      if (this.#isEqual(this.#starts[other]!, this.#end(other, n), start, end)) return other;
      slot = (slot + 1) & mask;
    }
  }

  #end(word: number, n: number): number {
    return this.#starts[word + n]! - this.#separatorLength;
  }

  #isEqual(start: number, end: number, otherStart: number, otherEnd: number): boolean {
    if (end - start !== otherEnd - otherStart) return false;
    for (let i = start, j = otherStart; i < end; i++, j++) {
      if (this.#text.charCodeAt(i) !== this.#text.charCodeAt(j)) return false;
    }
    return true;
  }

  #runLength(word: number, n: number): number {
    const start = this.#starts[word]!;
    const end = this.#end(word, n);
    return this.#hasPairs ? countCodePoints(this.#text.slice(start, end)) : end - start;
  }

  #hashWords(): void {
    let hash = 0;
    let word = 0;
    for (let i = 0; i <= this.#text.length; i++) {
      while (word < this.#starts.length && this.#starts[word] === i) this.#hashes[word++] = hash;
      if (i < this.#text.length) hash = (Math.imul(hash, base) + this.#text.charCodeAt(i)) | 0;
    }
    // With a separator the last start lies one past the text: the hash goes on as if one more separator stood there.
    while (word < this.#starts.length) this.#hashes[word++] = (Math.imul(hash, base) + 0x20) | 0;
  }
}

function powersOfBase(length: number): Int32Array {
  const powers = new Int32Array(length + 1);
  powers[0] = 1;
  for (let i = 1; i <= length; i++) powers[i] = Math.imul(powers[i - 1]!, base);
  return powers;
}
