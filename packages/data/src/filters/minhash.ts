// MinHash signatures of English texts (Broder 1997), number for number those of datatrove's MinhashDedupSignature.
import { DataError } from "../errors.ts";
import { splitWords } from "./englishTokenizer.ts";
import { MersenneTwister } from "./mersenneTwister.ts";
import { simplifyText } from "./simplifyText.ts";
import type { Uint64 } from "./uint64.ts";
import { xxhash64 } from "./xxhash64.ts";

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

// The hash functions are x -> (a x + b mod 2^64) mod (2^61 - 1); these are the upper halves of 2^61 - 1 and of 2^61.
const primeHigh = 0x1fffffff;
const overflowHigh = 0x20000000;

/** Makes signatures; holds the hash functions of one set of options. */
export class Minhasher {
  readonly nGram: number;
  readonly buckets: number;
  readonly hashesPerBucket: number;
  readonly #aHigh: Int32Array;
  readonly #aLow: Int32Array;
  readonly #bHigh: Int32Array;
  readonly #bLow: Int32Array;

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
    const random = new MersenneTwister(seed);
    const count = buckets * hashesPerBucket;
    [this.#aHigh, this.#aLow] = drawFactors(random, count, 1);
    [this.#bHigh, this.#bLow] = drawFactors(random, count, 0);
  }

  /** Hashes in a signature. */
  get size(): number {
    return this.#aHigh.length;
  }

  /**
   * The signature of an English text: for each hash its upper, then its lower 32 bits. Undefined for a text with fewer
   * words than a shingle.
   */
  signature(text: string): Uint32Array | undefined {
    const words = splitWords(simplifyText(text));
    if (words.length < this.nGram) return undefined;
    const bytes = Buffer.from(words.join(" "));
    const ends = wordEnds(bytes);
    const high = new Int32Array(this.size).fill(primeHigh);
    const low = new Int32Array(this.size).fill(-1);
    const shingle: Uint64 = { high: 0, low: 0 };
    for (let first = 0; first + this.nGram <= words.length; first++) {
      xxhash64(shingle, bytes, first === 0 ? 0 : ends[first - 1]! + 1, ends[first + this.nGram - 1]!);
      this.#takeIn(high, low, shingle);
    }
    const signature = new Uint32Array(this.size * 2);
    for (let i = 0; i < this.size; i++) {
      signature[2 * i] = high[i]!;
      signature[2 * i + 1] = low[i]!;
    }
    return signature;
  }

  /** Lowers each hash to that of the shingle where that is smaller. The innermost loop, so nothing is called in it. */
  #takeIn(high: Int32Array, low: Int32Array, shingle: Uint64): void {
    const xHigh = shingle.high;
    const xLow = shingle.low;
    const x0 = xLow & 0xffff;
    const x1 = xLow >>> 16;
    const aHigh = this.#aHigh;
    const aLow = this.#aLow;
    for (let i = 0; i < aHigh.length; i++) {
      const factorLow = aLow[i]!;
      const a0 = factorLow & 0xffff;
      const a1 = factorLow >>> 16;
      const low0 = Math.imul(x0, a0);
      const cross0 = Math.imul(x0, a1);
      const cross1 = Math.imul(x1, a0);
      const middle = (low0 >>> 16) + (cross0 & 0xffff) + (cross1 & 0xffff);
      const productLow = (middle << 16) | (low0 & 0xffff);
      const sumLow = (productLow + this.#bLow[i]!) | 0;
      const carry = sumLow >>> 0 < productLow >>> 0 ? 1 : 0;
      const sumHigh =
        (Math.imul(x1, a1) +
          (cross0 >>> 16) +
          (cross1 >>> 16) +
          (middle >>> 16) +
          carry +
          this.#bHigh[i]! +
          Math.imul(xHigh, factorLow) +
          Math.imul(xLow, aHigh[i]!)) |
        0;
      // Modulo 2^61 - 1: the bits from 61 on count again from 0.
      let hashLow = (sumLow + (sumHigh >>> 29)) | 0;
      let hashHigh = (sumHigh & primeHigh) + (hashLow >>> 0 < sumLow >>> 0 ? 1 : 0);
      if (hashHigh >= overflowHigh || (hashHigh === primeHigh && hashLow === -1)) {
        hashLow = (hashLow + 1) | 0;
        hashHigh = 0;
      }
      if (hashHigh < high[i]! || (hashHigh === high[i] && hashLow >>> 0 < low[i]! >>> 0)) {
        high[i] = hashHigh;
        low[i] = hashLow;
      }
    }
  }
}

/** `count` numbers of 61 bits from `smallest` to 2^61 - 2, drawn as NumPy's RandomState.randint draws them. */
function drawFactors(random: MersenneTwister, count: number, smallest: 0 | 1): [high: Int32Array, low: Int32Array] {
  const high = new Int32Array(count);
  const low = new Int32Array(count);
  for (let i = 0; i < count; ) {
    const drawnHigh = random.next() & primeHigh;
    const drawnLow = random.next();
    // The number drawn must be at most 2^61 - 2 - smallest.
    if (drawnHigh === primeHigh && drawnLow >>> 0 > 0xfffffffe - smallest) continue;
    low[i] = drawnLow + smallest;
    high[i] = drawnHigh + (drawnLow === -1 && smallest === 1 ? 1 : 0);
    i += 1;
  }
  return [high, low];
}

/** Where each word of words joined by single spaces ends. */
function wordEnds(bytes: Uint8Array): number[] {
  const ends: number[] = [];
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 0x20) ends.push(i);
  ends.push(bytes.length);
  return ends;
}
