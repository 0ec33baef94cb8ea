// The learning of a Unigram model (Kudo 2018): expectation and maximisation by turns with the pruning of the tokens that the
// likelihood misses least. Constants and order of steps are those of Hugging Face's UnigramTrainer, which follows SentencePiece.

import { UnigramLattice, unknownToken } from "./unigramLattice.ts";
import { type ScoredToken, type SeedOptions, seedTokens } from "./unigramSeeds.ts";

/** Distinct words with their counts. */
export interface UnigramWords {
  readonly words: readonly string[];
  readonly counts: Float64Array;
}

/** Options of {@link learnUnigram}. */
export interface UnigramLearningOptions extends SeedOptions {
  /** Tokens to end with. */
  readonly tokenCount: number;
  /** The share of the tokens that a pruning leaves. */
  readonly shrinkingFactor: number;
  /** Rounds of expectation and maximisation between prunings. */
  readonly subIterations: number;
}

/** Tokens expected less often are dropped. */
const leastExpected = 0.5;

/** Words between two calls of `pause`. */
const wordsPerPause = 1 << 13;

/** The learned tokens, from those that must be kept to those that are missed least. */
export async function learnUnigram(
  { words, counts }: UnigramWords,
  options: UnigramLearningOptions,
  pause: (tokens: number) => Promise<void>,
): Promise<ScoredToken[]> {
  const { tokenCount, shrinkingFactor, subIterations } = options;
  const seeds = seedTokens({ codes: flatCodes(words), counts }, options);
  const scores = Float64Array.from(seeds, (seed) => seed.score);
  const tokens = seeds.map((seed) => seed.token);
  const lattice = new UnigramLattice(tokens, scores);
  let kept = tokens.map((_, number) => number);
  // The unknown token is counted with the others.
  const wanted = Math.floor((tokenCount * 11) / 10);
  for (;;) {
    for (let round = 0; round < subIterations; round++) {
      const expected = new Float64Array(tokens.length);
      for (const [index, word] of words.entries()) {
        lattice.addExpected(word, counts[index]!, expected);
        if (index % wordsPerPause === 0) await pause(kept.length);
      }
      kept = maximize(kept, expected, scores);
      lattice.scoresChanged();
    }
    if (kept.length + 1 <= wanted) break;
    const size = Math.max(wanted, Math.floor((kept.length + 1) * shrinkingFactor));
    const pruned = await prune({ words, counts }, { tokens, kept, size: size - 1, lattice }, pause);
    const isKept = new Set(pruned);
    for (const number of kept) if (!isKept.has(number)) scores[number] = Number.NaN;
    kept = pruned;
    lattice.scoresChanged();
  }
  return kept.map((number) => ({ token: tokens[number]!, score: scores[number]! }));
}

/** Words as code points, each ended by a 0; a 0 in a word is left out. */
function flatCodes(words: readonly string[]): Uint32Array {
  let codes = new Uint32Array(1 << 12);
  let used = 0;
  for (const word of words) {
    if (used + word.length + 1 > codes.length) {
      const larger = new Uint32Array((used + word.length + 1) * 2);
      larger.set(codes);
      codes = larger;
    }
    for (const character of word) if (character !== "\0") codes[used++] = character.codePointAt(0)!;
    codes[used++] = 0;
  }
  return codes.subarray(0, used);
}

/** New scores from expected counts, by the variational Bayes of Liang and Klein (2007), which favours few tokens. */
function maximize(kept: readonly number[], expected: Float64Array, scores: Float64Array): number[] {
  const left: number[] = [];
  let sum = 0;
  for (const number of kept) {
    if (expected[number]! < leastExpected) {
      scores[number] = Number.NaN;
      continue;
    }
    left.push(number);
    sum += expected[number]!;
  }
  const logSum = digamma(sum);
  for (const number of left) scores[number] = digamma(expected[number]!) - logSum;
  return left;
}

function digamma(x: number): number {
  let result = 0;
  let shifted = x;
  for (; shifted < 7; shifted++) result -= 1 / shifted;
  shifted -= 0.5;
  const square = 1 / shifted / shifted;
  const fourth = square * square;
  return (
    result +
    Math.log(shifted) +
    square / 24 -
    (7 / 960) * fourth +
    (31 / 8064) * fourth * square -
    (127 / 30_720) * fourth * fourth
  );
}

interface Pruning {
  readonly tokens: readonly string[];
  readonly kept: readonly number[];
  /** How many tokens to leave. */
  readonly size: number;
  readonly lattice: UnigramLattice;
}

/** Drops the tokens whose loss lowers the likelihood least, if their places were taken by their second-best spelling. */
async function prune(
  { words, counts }: UnigramWords,
  { tokens, kept, size, lattice }: Pruning,
  pause: (tokens: number) => Promise<void>,
): Promise<number[]> {
  const frequencies = new Float64Array(tokens.length);
  let unknownFrequency = 0;
  let wordSum = 0;
  for (const [index, word] of words.entries()) {
    const count = counts[index]!;
    wordSum += count;
    for (const number of lattice.bestTokens(word)) {
      if (number === unknownToken) unknownFrequency += count;
      else frequencies[number]! += count;
    }
    if (index % wordsPerPause === 0) await pause(kept.length);
  }
  const sum = frequencies.reduce((total, frequency) => total + frequency, unknownFrequency);
  const left: number[] = [];
  const candidates: { readonly number: number; readonly loss: number }[] = [];
  for (const [index, number] of kept.entries()) {
    if (index % wordsPerPause === 0) await pause(kept.length);
    const frequency = frequencies[number]!;
    const token = tokens[number]!;
    const alternative = lattice.bestTokens(token, true);
    if (alternative.length === 0) {
      left.push(number);
      continue;
    }
    if (frequency === 0) continue;
    // The number of all tokens stands where Kudo's loss has `alternative.length - 1`: Hugging Face has it so to this day
    // (huggingface/tokenizers issue 2069), SentencePiece had it (google/sentencepiece issue 628), published models rest on it.
    const alternativeSum = Math.log(sum + frequency * kept.length);
    let alternativeScore = 0;
    for (const part of alternative) {
      const own = part === unknownToken ? unknownFrequency : frequencies[part]!;
      alternativeScore += Math.log(own + frequency) - alternativeSum;
    }
    candidates.push({ number, loss: (frequency / wordSum) * (Math.log(frequency) - Math.log(sum) - alternativeScore) });
  }
  candidates.sort((a, b) => b.loss - a.loss);
  for (const { number } of candidates.slice(0, Math.max(0, size - left.length))) left.push(number);
  return left;
}
