// All ways to spell one text with the tokens of a Unigram model that is being trained: their probabilities summed up (the
// expectation step), and the likeliest one (Viterbi). One object serves one text after the other, in the same memory.
import { TokenTrie } from "./tokenTrie.ts";

/** An unknown character is this much less likely than the least likely token. */
const unknownPenalty = 10;
/** Sums of probabilities leave out what is smaller than the rest by this factor, as logarithm; Hugging Face does so. */
const negligible = 50;

/** Stands for a character that is no token, where tokens are numbered. */
export const unknownToken = -1;

export class UnigramLattice {
  readonly #trie = new TokenTrie();
  readonly #scores: Float64Array;
  #leastScore = 0;
  /** The places where tokens are found, by rising start, then rising end. */
  #starts = new Int32Array(256);
  #ends = new Int32Array(256);
  #tokens = new Int32Array(256);
  #count = 0;
  #length = 0;
  #forwards = new Float64Array(64);
  #backwards = new Float64Array(64);
  #best = new Int32Array(64);

  /** @param scores log probabilities of the tokens by their numbers; NaN for a token that was dropped */
  constructor(tokens: readonly string[], scores: Float64Array) {
    this.#scores = scores;
    for (const [number, token] of tokens.entries()) this.#trie.add(token, number);
    this.scoresChanged();
  }

  /** The score of the least likely token. */
  get leastScore(): number {
    return this.#leastScore;
  }

  /** To be called when scores have been changed. */
  scoresChanged(): void {
    this.#leastScore = Number.POSITIVE_INFINITY;
    for (const score of this.#scores) if (score < this.#leastScore) this.#leastScore = score;
  }

  /** Adds `count` times the probability of each token in `text` to `expected`. */
  addExpected(text: string, count: number, expected: Float64Array): void {
    this.#load(text, false);
    const forwards = this.#forwards.fill(Number.NaN, 0, this.#length + 1);
    const backwards = this.#backwards.fill(Number.NaN, 0, this.#length + 1);
    forwards[0] = 0;
    backwards[this.#length] = 0;
    for (let at = 0; at < this.#count; at++) {
      const end = this.#ends[at]!;
      forwards[end] = addLogarithms(forwards[end]!, this.#score(at) + forwards[this.#starts[at]!]!);
    }
    for (let at = this.#count - 1; at >= 0; at--) {
      const start = this.#starts[at]!;
      backwards[start] = addLogarithms(backwards[start]!, this.#score(at) + backwards[this.#ends[at]!]!);
    }
    const total = forwards[this.#length]!;
    for (let at = 0; at < this.#count; at++) {
      const token = this.#tokens[at]!;
      if (token === unknownToken) continue;
      const logarithm = forwards[this.#starts[at]!]! + this.#score(at) + backwards[this.#ends[at]!]! - total;
      expected[token]! += count * Math.exp(logarithm);
    }
  }

  /**
   * The tokens of the likeliest spelling, from last to first. With `withoutWhole`, `text` itself is not taken for a token; then
   * there may be none for a single character.
   */
  bestTokens(text: string, withoutWhole = false): number[] {
    this.#load(text, withoutWhole);
    const scores = this.#forwards.fill(Number.NEGATIVE_INFINITY, 0, this.#length + 1);
    const best = this.#best.fill(-1, 0, this.#length + 1);
    scores[0] = 0;
    for (let at = 0; at < this.#count; at++) {
      const end = this.#ends[at]!;
      const score = scores[this.#starts[at]!]! + this.#score(at);
      if (score <= scores[end]!) continue;
      scores[end] = score;
      best[end] = at;
    }
    const tokens: number[] = [];
    for (let end = this.#length; end > 0; ) {
      const at = best[end]!;
      if (at < 0) return [];
      tokens.push(this.#tokens[at]!);
      end = this.#starts[at]!;
    }
    return tokens;
  }

  #score(at: number): number {
    const token = this.#tokens[at]!;
    return token === unknownToken ? this.#leastScore - unknownPenalty : this.#scores[token]!;
  }

  #load(text: string, withoutWhole: boolean): void {
    this.#count = 0;
    this.#length = text.length;
    if (text.length >= this.#best.length) {
      this.#forwards = new Float64Array(text.length * 2);
      this.#backwards = new Float64Array(text.length * 2);
      this.#best = new Int32Array(text.length * 2);
    }
    const trie = this.#trie;
    for (let start = 0; start < text.length; ) {
      const next = start + (text.codePointAt(start)! > 0xffff ? 2 : 1);
      let isSpelled = false;
      let node = trie.root;
      for (let at = start; at < text.length; at++) {
        node = trie.child(node, text.charCodeAt(at));
        if (node < 0) break;
        const token = trie.idAt(node);
        if (token < 0 || Number.isNaN(this.#scores[token]!)) continue;
        isSpelled ||= at + 1 === next;
        if (!(withoutWhole && start === 0 && at + 1 === text.length)) this.#place(start, at + 1, token);
      }
      if (!isSpelled) this.#place(start, next, unknownToken);
      start = next;
    }
  }

  #place(start: number, end: number, token: number): void {
    if (this.#count === this.#starts.length) {
      this.#starts = doubled(this.#starts);
      this.#ends = doubled(this.#ends);
      this.#tokens = doubled(this.#tokens);
    }
    this.#starts[this.#count] = start;
    this.#ends[this.#count] = end;
    this.#tokens[this.#count++] = token;
  }
}

function doubled(numbers: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}

/** log(exp(a) + exp(b)); `b` if there is no `a` yet. */
function addLogarithms(a: number, b: number): number {
  if (Number.isNaN(a)) return b;
  const [least, most] = a > b ? [b, a] : [a, b];
  return most > least + negligible ? most : most + Math.log(Math.exp(least - most) + 1);
}
