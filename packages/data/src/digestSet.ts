// A set of 128-bit digests in one flat table: 32 to 64 bytes a member, and no limit at the 16.7 million members of `Set`.
import { hash } from "node:crypto";

const wordsPerDigest = 4;

/** Remembers texts by the first 128 bits of their SHA-256. */
export class DigestSet {
  #slots = 1024;
  #table = new Uint32Array(this.#slots * wordsPerDigest);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds the text; false where an equal one was there already. */
  add(text: string): boolean {
    const digest = digestWords(text);
    if (!insert(this.#table, this.#slots, digest, 0)) return false;
    this.#size += 1;
    if (this.#size * 2 > this.#slots) this.#grow();
    return true;
  }

  #grow(): void {
    const larger = new Uint32Array(this.#table.length * 2);
    for (let at = 0; at < this.#table.length; at += wordsPerDigest) {
      if (!isFree(this.#table, at)) insert(larger, this.#slots * 2, this.#table, at);
    }
    this.#table = larger;
    this.#slots *= 2;
  }
}

function digestWords(text: string): Uint32Array {
  const bytes = hash("sha256", text, "buffer");
  const words = new Uint32Array(wordsPerDigest);
  for (let i = 0; i < wordsPerDigest; i++) words[i] = bytes.readUInt32LE(i * 4);
  // All zeros marks a free slot.
  if (isFree(words, 0)) words[0] = 1;
  return words;
}

/** Open addressing with linear probing; the digest is its own hash. False where it was there already. */
function insert(table: Uint32Array, slots: number, digest: Uint32Array, from: number): boolean {
  // The first word spreads over 2^32 slots; the second joins in so that larger tables keep short probes.
  let slot = (digest[from]! + digest[from + 1]! * 2 ** 20) % slots;
  for (;;) {
    const at = slot * wordsPerDigest;
    if (isFree(table, at)) {
      for (let i = 0; i < wordsPerDigest; i++) table[at + i] = digest[from + i]!;
      return true;
    }
    if (isEqual(table, at, digest, from)) return false;
    slot = slot + 1 === slots ? 0 : slot + 1;
  }
}

function isFree(table: Uint32Array, at: number): boolean {
  return (table[at]! | table[at + 1]! | table[at + 2]! | table[at + 3]!) === 0;
}

function isEqual(table: Uint32Array, at: number, digest: Uint32Array, from: number): boolean {
  for (let i = 0; i < wordsPerDigest; i++) if (table[at + i] !== digest[from + i]) return false;
  return true;
}
