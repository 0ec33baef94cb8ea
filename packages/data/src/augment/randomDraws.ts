// Pseudo-random numbers that belong to a document: the same whatever came before it.
import { hash } from "node:crypto";
import { mix32 } from "../windowOrder.ts";

/** Draws for one purpose and one document. */
export class RandomDraws {
  readonly #key: number;
  #count = 0;

  constructor(seed: number, ...names: readonly (string | number)[]) {
    this.#key = hash("sha256", JSON.stringify([seed, ...names]), "buffer").readUInt32LE(0);
  }

  /** From 0 to below 1. */
  next(): number {
    return mix32(this.#key, this.#count++) / 2 ** 32;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** A new array with the items in a random order (Fisher and Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
    }
    return shuffled;
  }
}
