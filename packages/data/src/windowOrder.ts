// A seeded pseudo-random order of n things, computed one place at a time: nothing of size n is ever stored.
// It is a Feistel network over the next power of four with cycle walking (Black and Rogaway, "Ciphers with Arbitrary
// Finite Domains", 2002), so each place gets a different thing.

const rounds = 6;

/** 32 well-mixed bits from two words (the finaliser of MurmurHash3, applied to their combination). */
export function mix32(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ b;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  h ^= h >>> 16;
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A 32-bit key that depends on every bit of the seed and on the numbers after it. */
export function deriveKey(seed: number, ...numbers: readonly number[]): number {
  let key = 0;
  for (const value of [seed, ...numbers]) {
    key = mix32(key, (value % 2 ** 32) | 0);
    key = mix32(key, Math.floor(value / 2 ** 32) | 0);
  }
  return key;
}

/** A permutation of 0..length-1 that is a function of the key. */
export class WindowOrder {
  readonly #length: number;
  readonly #half: number;
  readonly #roundKeys: readonly number[];

  /** @param length up to 2^52. */
  constructor(length: number, key: number) {
    this.#length = length;
    let half = 2;
    while (half * half < length) half *= 2;
    this.#half = half;
    this.#roundKeys = Array.from({ length: rounds }, (_, round) => mix32(key, round));
  }

  /** The thing at `place`; both are 0..length-1. */
  at(place: number): number {
    let value = place;
    do value = this.#permute(value);
    while (value >= this.#length);
    return value;
  }

  /** One pass of the network: a permutation of 0..half²-1. */
  #permute(value: number): number {
    const half = this.#half;
    let left = Math.floor(value / half);
    let right = value % half;
    for (const key of this.#roundKeys) {
      // `half` is a power of two of at most 2^26, so its low bits of the hash are uniform.
      const mixed = (left ^ (mix32(key, right) & (half - 1))) >>> 0;
      left = right;
      right = mixed;
    }
    return left * half + right;
  }
}
