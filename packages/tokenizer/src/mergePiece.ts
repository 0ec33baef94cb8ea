// The merge loop of byte pair encoding: while some neighbours have a merge, the one of lowest rank, leftmost first, is made.
// Short pieces are searched linearly, which is fastest in practice; long ones use a heap, so that no piece takes quadratic time.
import type { PairTable } from "./pairTable.ts";
import type { TokenBuffer } from "./tokenBuffer.ts";

/** Pieces of at most this many symbols are searched linearly; about here the heap becomes faster. */
const linearLimit = 64;
/** Scratch memory for longer pieces is not kept. */
const keptSymbols = 1 << 20;
/** A heap key is rank × keyBase + position, exact in a double while ranks stay below 2^21. */
const keyBase = 2 ** 32;

/** The most merges a model can have. */
export const maxMerges = 2 ** 21;

// The piece that is searched linearly: its symbols, each at the place of its first part, and for the pair that starts at each
// place rank × 64 + place (or `noKey`) and the id that it becomes. Arrays that are constants of a module are the fastest.
const ids = new Int32Array(linearLimit);
const following = new Int32Array(linearLimit);
const preceding = new Int32Array(linearLimit);
const keys = new Int32Array(linearLimit);
const merged = new Int32Array(linearLimit);
const noKey = maxMerges * linearLimit;

/** Merges symbols by a table of pairs with (rank, merged id). Holds scratch memory only; one for each encoder. */
export class PieceMerger {
  readonly #merges: PairTable;
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  #heap = new NumberHeap();

  constructor(merges: PairTable) {
    this.#merges = merges;
  }

  /** Appends to `out` what `symbols[0, count)` merge to. Overwrites `symbols`. */
  merge(symbols: Int32Array, count: number, out: TokenBuffer): void {
    const left = count <= linearLimit ? this.mergeLinear(symbols, count) : this.mergeWithHeap(symbols, count);
    out.reserve(left);
    for (let i = 0; i < left; i++) out.ids[out.length++] = symbols[i]!;
  }

  /** Merges `symbols[0, count)` in place, searching all pairs for each merge; `count` at most 64. Returns the new count. */
  mergeLinear(symbols: Int32Array, count: number): number {
    for (let i = 0; i < count; i++) {
      ids[i] = symbols[i]!;
      following[i] = i + 1;
      preceding[i] = i - 1;
    }
    for (let i = 0; i < count; i++) this.#keyPair(i, i + 1, count);
    for (;;) {
      let best = noKey;
      // The smaller one, without a branch that cannot be predicted.
      for (let i = 0; i < count; i++) best += (keys[i]! - best) & ((keys[i]! - best) >> 31);
      if (best === noKey) break;
      const left = best % linearLimit;
      const right = following[left]!;
      const after = following[right]!;
      ids[left] = merged[left]!;
      keys[right] = noKey;
      following[left] = after;
      if (after < count) preceding[after] = left;
      this.#keyPair(left, after, count);
      if (left > 0) this.#keyPair(preceding[left]!, left, count);
    }
    let kept = 0;
    for (let i = 0; i < count; i = following[i]!) symbols[kept++] = ids[i]!;
    return kept;
  }

  #keyPair(left: number, right: number, count: number): void {
    const at = right < count ? this.#merges.find(ids[left]!, ids[right]!) : -1;
    keys[left] = at < 0 ? noKey : this.#merges.first(at) * linearLimit + left;
    merged[left] = at < 0 ? -1 : this.#merges.second(at);
  }

  /**
   * Merges `symbols[0, count)` in place with a heap of possible merges and a linked list. Returns the new count.
   * @param firsts where the index of the first of the symbols that became each one is written
   */
  mergeWithHeap(symbols: Int32Array, count: number, firsts?: Int32Array): number {
    const merges = this.#merges;
    if (count > this.#next.length) {
      this.#next = new Int32Array(count);
      this.#previous = new Int32Array(count);
    }
    const next = this.#next;
    const previous = this.#previous;
    const heap = this.#heap;
    const consider = (left: number): void => {
      const right = next[left]!;
      const at = right < count ? merges.find(symbols[left]!, symbols[right]!) : -1;
      if (at >= 0) heap.push(merges.first(at) * keyBase + left);
    };
    for (let i = 0; i < count; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
    }
    for (let i = 0; i + 1 < count; i++) consider(i);
    for (let key = heap.pop(); key >= 0; key = heap.pop()) {
      const left = key % keyBase;
      const right = symbols[left]! < 0 ? count : next[left]!;
      if (right >= count) continue;
      const at = merges.find(symbols[left]!, symbols[right]!);
      // The neighbours changed since the key was pushed; their own merge has a key of its own.
      if (at < 0 || merges.first(at) !== Math.floor(key / keyBase)) continue;
      symbols[left] = merges.second(at);
      symbols[right] = -1;
      const after = next[right]!;
      next[left] = after;
      if (after < count) previous[after] = left;
      consider(left);
      if (previous[left]! >= 0) consider(previous[left]!);
    }
    let kept = 0;
    for (let i = 0; i < count; i = next[i]!) {
      if (firsts) firsts[kept] = i;
      symbols[kept++] = symbols[i]!;
    }
    if (count > keptSymbols) {
      this.#next = new Int32Array(0);
      this.#previous = new Int32Array(0);
      this.#heap = new NumberHeap();
    }
    return kept;
  }
}

/** A binary min-heap of doubles. */
class NumberHeap {
  #keys = new Float64Array(256);
  #size = 0;

  push(key: number): void {
    if (this.#size === this.#keys.length) {
      const larger = new Float64Array(this.#keys.length * 2);
      larger.set(this.#keys);
      this.#keys = larger;
    }
    const keys = this.#keys;
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (keys[parent]! <= key) break;
      keys[at] = keys[parent]!;
      at = parent;
    }
    keys[at] = key;
  }

  /** The smallest key, removed; -1 when the heap is empty. */
  pop(): number {
    if (this.#size === 0) return -1;
    const keys = this.#keys;
    const top = keys[0]!;
    const last = keys[--this.#size]!;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && keys[child + 1]! < keys[child]!) child++;
      if (keys[child]! >= last) break;
      keys[at] = keys[child]!;
      at = child;
    }
    keys[at] = last;
    return top;
  }
}
