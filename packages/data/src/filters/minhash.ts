// MinHash signatures of English texts (Broder 1997), number for number those of datatrove's MinhashDedupSignature.
import { DataError } from "../errors.ts";
import { splitWords } from "./englishTokenizer.ts";
import { MersenneTwister } from "./mersenneTwister.ts";
import { instantiateMinhash } from "./minhashKernel.ts";
import { simplifyText } from "./simplifyText.ts";

/** Options of MinHash. With the defaults texts are found whose sets of 5-grams overlap by about 0.72 or more. */
export interface MinhashOptions {
  /** Words per shingle. Default 5. */
  readonly nGram?: number;
  /** Bands of the signature; texts that agree in all of one are near-duplicates. Default 14. */
  readonly buckets?: number;
  /** Hashes per band. Default 8. */
  readonly hashesPerBucket?: number;
  /** Seed of the hash functions, a 32-bit integer. Default 1. */
  readonly seed?: number;
}

// The upper half of 2^61 - 1, the prime of the hash functions.
const primeHigh = 0x1fffffff;
const pageBytes = 65536;
const encoder = new TextEncoder();

/** Makes signatures; holds the hash functions of one set of options. */
export class Minhasher {
  readonly nGram: number;
  readonly buckets: number;
  readonly hashesPerBucket: number;
  /** Hashes in a signature. */
  readonly size: number;
  readonly #kernel = instantiateMinhash();

  /** @throws DataError for sizes that are not positive integers */
  constructor(options: MinhashOptions = {}) {
    const { nGram = 5, buckets = 14, hashesPerBucket = 8, seed = 1 } = options;
    for (const [name, value] of Object.entries({ nGram, buckets, hashesPerBucket })) {
      if (!Number.isInteger(value) || value < 1) {
        throw new DataError(`minhash: expected ${name} to be a positive integer, got ${value}`);
      }
    }
    this.nGram = nGram;
    this.buckets = buckets;
    this.hashesPerBucket = hashesPerBucket;
    this.size = buckets * hashesPerBucket;
    this.#reserve(0);
    const random = new MersenneTwister(seed);
    const functions = new Uint32Array(this.#kernel.memory.buffer, 0, this.size * 4);
    functions.set(drawFactors(random, this.size, 1));
    functions.set(drawFactors(random, this.size, 0), this.size * 2);
  }

  /**
   * The signature of an English text: for each hash its upper, then its lower 32 bits. Undefined for a text with fewer
   * words than a shingle.
   */
  signature(text: string): Uint32Array | undefined {
    const words = splitWords(simplifyText(text));
    if (words.length < this.nGram) return undefined;
    const joined = words.join(" ");
    const endsAt = this.size * 24;
    const textAt = endsAt + words.length * 4;
    // A UTF-16 code unit takes at most three bytes of UTF-8.
    this.#reserve(textAt + joined.length * 3);
    const { buffer } = this.#kernel.memory;
    const bytes = new Uint8Array(buffer);
    const { written } = encoder.encodeInto(joined, bytes.subarray(textAt));
    writeWordEnds(new Int32Array(buffer, endsAt, words.length), bytes, { start: textAt, end: textAt + written });
    const smallest = new Uint32Array(buffer, this.size * 16, this.size * 2);
    for (let i = 0; i < smallest.length; i += 2) {
      smallest[i] = 0xffffffff;
      smallest[i + 1] = primeHigh;
    }
    this.#kernel.takeIn(this.size, textAt, endsAt, words.length, this.nGram);
    return smallest.map((_, i) => smallest[i ^ 1]!);
  }

  /** Makes room for the hash functions, the signature and `bytes` in all. */
  #reserve(bytes: number): void {
    const { memory } = this.#kernel;
    const missing = Math.max(bytes, this.size * 24) - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
  }
}

/**
 * `count` numbers of 61 bits from `smallest` to 2^61 - 2, drawn as NumPy's RandomState.randint draws them: of each the lower, then
 * the upper 32 bits.
 */
function drawFactors(random: MersenneTwister, count: number, smallest: 0 | 1): Uint32Array {
  const numbers = new Uint32Array(count * 2);
  for (let i = 0; i < count; ) {
    const drawnHigh = random.next() & primeHigh;
    const drawnLow = random.next();
    // The number drawn must be at most 2^61 - 2 - smallest.
    if (drawnHigh === primeHigh && drawnLow >>> 0 > 0xfffffffe - smallest) continue;
    numbers[2 * i] = drawnLow + smallest;
    numbers[2 * i + 1] = drawnHigh + (drawnLow === -1 && smallest === 1 ? 1 : 0);
    i += 1;
  }
  return numbers;
}

/** Where each word of words joined by single spaces ends. */
function writeWordEnds(ends: Int32Array, bytes: Uint8Array, { start, end }: { start: number; end: number }): void {
  let word = 0;
  for (let i = start; i < end; i++) if (bytes[i] === 0x20) ends[word++] = i;
  ends[word] = end;
}
