// The second half of training: learns merges from counted words. Pair counts and the words that hold a pair are kept up to
// date with each merge, so that a merge costs what it changes, and a heap holds the commonest pair on top.
// Order and ties are those of Hugging Face's BpeTrainer: highest count, then lowest left id, then lowest right id.
import { PairTable } from "./pairTable.ts";

/** Distinct words as symbols, one after the other. */
export interface SymbolWords {
  /** Changed by the training. */
  readonly symbols: Int32Array;
  /** Where the symbols of each word end. */
  readonly ends: Uint32Array;
  /** How often each word occurs. */
  readonly counts: Float64Array;
}

/** What {@link MergeTrainer} starts from. */
export interface MergeTrainerOptions {
  readonly words: SymbolWords;
  /** How many symbols there are: each counts as one byte or character of a token. */
  readonly alphabetSize: number;
  /** Pairs seen less often are not merged. */
  readonly minFrequency: number;
  /** A pair that would be longer than this many symbols of the alphabet is not counted. */
  readonly maxTokenLength: number;
}

/** A pair that may be merged, with the count it was put in the heap with and the words that may hold it. */
export interface Candidate {
  readonly left: number;
  readonly right: number;
  readonly pair: number;
  count: number;
  readonly words: number[];
}

export class MergeTrainer {
  readonly #maxTokenLength: number;
  readonly #minFrequency: number;
  /** The symbols of all words; word `w` is `[starts[w], starts[w] + lengths[w])`. */
  readonly #symbols: Int32Array;
  readonly #starts: Uint32Array;
  readonly #lengths: Uint32Array;
  readonly #wordCounts: Float64Array;
  /** Number of each pair (first value), into `pairCounts`. */
  readonly #pairs = new PairTable(1 << 14);
  readonly #pairCounts: number[] = [];
  readonly #heap: Candidate[] = [];
  /** Length of each symbol, in symbols of the alphabet. */
  readonly #tokenLengths: number[];

  constructor({ words, alphabetSize, minFrequency, maxTokenLength }: MergeTrainerOptions) {
    this.#maxTokenLength = maxTokenLength;
    this.#minFrequency = Math.max(1, minFrequency);
    this.#symbols = words.symbols;
    this.#wordCounts = words.counts;
    this.#starts = new Uint32Array(words.ends.length);
    this.#starts.set(words.ends.subarray(0, -1), 1);
    this.#lengths = words.ends.map((end, word) => end - this.#starts[word]!);
    this.#tokenLengths = new Array<number>(alphabetSize).fill(1);
    this.#countPairs();
  }

  #countPairs(): void {
    const changes = new PairChanges(this.#pairs, this.#pairCounts);
    for (let word = 0; word < this.#starts.length; word++) {
      const start = this.#starts[word]!;
      for (let i = start; i + 1 < start + this.#lengths[word]!; i++) {
        changes.add(this.#symbols[i]!, this.#symbols[i + 1]!, this.#wordCounts[word]!, word);
      }
    }
    this.#pushAll(changes);
  }

  #pushAll(changes: PairChanges): void {
    for (const candidate of changes.candidates()) if (candidate.count > 0) this.#push(candidate);
  }

  /**
   * The next pair to merge, or undefined when no pair is frequent enough. The caller merges it with {@link merge} before
   * it asks again.
   */
  next(): Candidate | undefined {
    for (let top = this.#pop(); top; top = this.#pop()) {
      const count = this.#pairCounts[top.pair]!;
      if (top.count !== count) {
        top.count = count;
        this.#push(top);
        continue;
      }
      return count < this.#minFrequency ? undefined : top;
    }
    return undefined;
  }

  /** Replaces the pair by `id` in all its words, and counts the pairs that come and go. */
  merge(candidate: Candidate, id: number): void {
    const { left, right, words } = candidate;
    this.#tokenLengths[id] = this.#tokenLengths[left]! + this.#tokenLengths[right]!;
    const changes = new PairChanges(this.#pairs, this.#pairCounts);
    for (const word of words) this.#mergeWord(word, left, right, id, changes);
    this.#pushAll(changes);
  }

  #mergeWord(word: number, left: number, right: number, id: number, changes: PairChanges): void {
    const symbols = this.#symbols;
    const start = this.#starts[word]!;
    const end = start + this.#lengths[word]!;
    const count = this.#wordCounts[word]!;
    const length = this.#tokenLengths[id]!;
    let write = start;
    for (let read = start; read < end; write++) {
      if (symbols[read] !== left || read + 1 >= end || symbols[read + 1] !== right) {
        symbols[write] = symbols[read++]!;
        continue;
      }
      if (write > start) {
        const before = symbols[write - 1]!;
        changes.remove(before, left, count);
        if (this.#tokenLengths[before]! + length < this.#maxTokenLength) changes.add(before, id, count, word);
      }
      read += 2;
      if (read < end) {
        const after = symbols[read]!;
        changes.remove(right, after, count);
        if (this.#tokenLengths[after]! + length < this.#maxTokenLength) changes.add(id, after, count, word);
      }
      symbols[write] = id;
    }
    this.#lengths[word] = write - start;
  }

  #push(candidate: Candidate): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!comesBefore(candidate, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = candidate;
  }

  #pop(): Candidate | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (!top || !last || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && comesBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!comesBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

function comesBefore(a: Candidate, b: Candidate): boolean {
  if (a.count !== b.count) return a.count > b.count;
  return a.left !== b.left ? a.left < b.left : a.right < b.right;
}

/** Collects what one pass over words does to the pair counts, and which pairs became candidates by it. */
class PairChanges {
  readonly #pairs: PairTable;
  readonly #counts: number[];
  readonly #touched = new Map<number, Candidate>();

  constructor(pairs: PairTable, counts: number[]) {
    this.#pairs = pairs;
    this.#counts = counts;
  }

  add(left: number, right: number, count: number, word: number): void {
    const pair = this.#pairNumber(left, right);
    this.#counts[pair]! += count;
    const candidate = this.#touched.get(pair);
    if (!candidate) this.#touched.set(pair, { left, right, pair, count: 0, words: [word] });
    // Words come in order: a word that holds the pair twice is listed once.
    else if (candidate.words.at(-1) !== word) candidate.words.push(word);
  }

  remove(left: number, right: number, count: number): void {
    this.#counts[this.#pairNumber(left, right)]! -= count;
  }

  /** The pairs that were added, with their counts as they are now. */
  *candidates(): Generator<Candidate> {
    for (const candidate of this.#touched.values()) {
      candidate.count = this.#counts[candidate.pair]!;
      yield candidate;
    }
  }

  #pairNumber(left: number, right: number): number {
    const found = this.#pairs.find(left, right);
    if (found >= 0) return this.#pairs.first(found);
    const pair = this.#counts.length;
    this.#counts.push(0);
    this.#pairs.set(left, right, pair, 0);
    return pair;
  }
}
