// From which of several sources each draw comes: a seeded order in which every source has its share in any stretch, computed for any
// place without going through those before.
import { deriveKey } from "../windowOrder.ts";

/** One draw: the source by its number, and how often it was drawn before. */
export interface Draw {
  readonly source: number;
  readonly place: number;
}

/**
 * Draw `place` of a source with share p stands at the time (place + u) / p, u being a pseudo-random number between 0 and 1; the draws
 * come in the order of their times. Up to any draw a source was drawn as often as its share says, give or take one.
 */
export class MixtureSchedule {
  readonly #shares: readonly number[];
  #seed: number;
  #index = 0;
  #counts: number[];
  /** The time of each source's next draw. */
  #times: number[];

  /** @param weights how often each source is drawn, relative to each other; above 0. */
  constructor(weights: readonly number[], seed: number) {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    this.#shares = weights.map((weight) => weight / total);
    this.#seed = seed;
    this.#counts = weights.map(() => 0);
    this.#times = weights.map((_, source) => this.#time(source, 0));
  }

  /** Draw number `index`, from 0, in the order of `seed`. Quick for the one after the last. */
  at(seed: number, index: number): Draw {
    if (seed !== this.#seed || index !== this.#index) this.#seek(seed, index);
    const source = this.#next();
    return { source, place: this.#counts[source]! - 1 };
  }

  #next(): number {
    let first = 0;
    for (let source = 1; source < this.#times.length; source++) {
      if (this.#times[source]! < this.#times[first]!) first = source;
    }
    this.#counts[first]! += 1;
    this.#times[first] = this.#time(first, this.#counts[first]!);
    this.#index += 1;
    return first;
  }

  #seek(seed: number, index: number): void {
    this.#seed = seed;
    const sources = this.#shares.length;
    // The shares sum to 1, so at a time t there were t draws, give or take one for each source.
    let before = Math.max(0, index - sources - 1);
    let after = index + sources + 1;
    for (let middle = (before + after) / 2; middle > before && middle < after; middle = (before + after) / 2) {
      if (this.#drawnBefore(middle) <= index) before = middle;
      else after = middle;
    }
    this.#counts = this.#shares.map((_, source) => this.#countBefore(source, before));
    this.#times = this.#counts.map((count, source) => this.#time(source, count));
    this.#index = this.#counts.reduce((sum, count) => sum + count, 0);
    // Draws at the very same time.
    while (this.#index < index) this.#next();
  }

  #drawnBefore(time: number): number {
    return this.#shares.reduce((sum, _, source) => sum + this.#countBefore(source, time), 0);
  }

  #countBefore(source: number, time: number): number {
    let count = Math.max(0, Math.floor(time * this.#shares[source]!) - 1);
    while (this.#time(source, count) < time) count += 1;
    return count;
  }

  #time(source: number, place: number): number {
    return (place + deriveKey(this.#seed, source, place) / 2 ** 32) / this.#shares[source]!;
  }
}
