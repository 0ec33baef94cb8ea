// Trains a text classifier as `fasttext supervised` does (Joulin et al. 2016): rows of features averaged, a softmax over labels,
// stochastic gradient descent with a falling learning rate. One thread, so that a seed gives the same model each time.
import { DataError } from "../errors.ts";
import { MersenneTwister } from "../filters/mersenneTwister.ts";
import { DenseMatrix } from "./fastTextMatrix.ts";
import { softmax, TextClassifier } from "./textClassifier.ts";
import { hashWord, labelPrefix, subwordBuckets, visitNGramBuckets, wordsOf } from "./textFeatures.ts";

/** A text and what it is. */
export interface LabelledText {
  readonly text: string;
  readonly label: string;
}

/** Options of `trainTextClassifier`, with fastText's names where it has them. */
export interface TrainClassifierOptions {
  /** Numbers in a text's vector. Default 16. */
  readonly dimension?: number;
  /** Longest run of words that is a feature. Default 2. */
  readonly wordNgrams?: number;
  /** Shortest and longest run of characters inside words that is a feature. Default 0 and 0: none. */
  readonly minSubword?: number;
  readonly maxSubword?: number;
  /** Rows that hashed features share. Default 200,000. */
  readonly buckets?: number;
  /** Words met less often have no row of their own. Default 1. */
  readonly minCount?: number;
  /** Passes over the examples. Default 5. */
  readonly epochs?: number;
  /** Learning rate at the start; it falls to 0 in a straight line. Default 0.5. */
  readonly learningRate?: number;
  /** Seed of the first weights and of the order of examples, a 32-bit integer. Default 1. */
  readonly seed?: number;
}

const defaults: Required<TrainClassifierOptions> = {
  dimension: 16,
  wordNgrams: 2,
  minSubword: 0,
  maxSubword: 0,
  buckets: 200_000,
  minCount: 1,
  epochs: 5,
  learningRate: 0.5,
  seed: 1,
};

/** Distinct strings, numbered as they were met, with their counts. */
class Tally {
  readonly places = new Map<string, number>();
  readonly counts: number[] = [];

  add(text: string): number {
    const known = this.places.get(text);
    const place = known ?? this.places.size;
    if (known === undefined) this.places.set(text, place);
    this.counts[place] = (this.counts[place] ?? 0) + 1;
    return place;
  }

  /** The strings met at least `minCount` times, the commonest first. */
  ranked(minCount: number): { text: string; count: number; place: number }[] {
    return Array.from(this.places, ([text, place]) => ({ text, place, count: this.counts[place]! }))
      .filter(({ count }) => count >= minCount)
      .sort((a, b) => b.count - a.count);
  }
}

interface Example {
  /** The row of each feature. */
  readonly rows: Int32Array;
  readonly label: number;
}

/**
 * Trains a classifier on labelled texts, all of which are held in memory as numbers (4 bytes a feature).
 *
 * @example
 * const classifier = await trainTextClassifier(examples, { epochs: 10 });
 * await classifier.save("quality.bin");
 * @throws DataError for sizes out of range, fewer than two labels, and labels that are empty or hold white space.
 */
export async function trainTextClassifier(
  examples: AsyncIterable<LabelledText> | Iterable<LabelledText>,
  options: TrainClassifierOptions = {},
): Promise<TextClassifier> {
  const settings = { ...defaults, ...options };
  checkSettings(settings);
  const words = new Tally();
  const labels = new Tally();
  const texts: { words: Int32Array; label: number }[] = [];
  for await (const { text, label } of examples) {
    if (!/^\S+$/.test(label)) {
      throw new DataError(`trainTextClassifier: expected labels without white space, got ${JSON.stringify(label)}`);
    }
    texts.push({ words: Int32Array.from(wordsOf(text), (word) => words.add(word)), label: labels.add(label) });
  }
  if (labels.places.size < 2) {
    throw new DataError(
      `trainTextClassifier: expected examples of two labels or more, got ${labels.places.size} (add texts of another label)`,
    );
  }
  const rankedWords = words.ranked(settings.minCount);
  const rankedLabels = labels.ranked(1);
  const input = firstWeights(rankedWords.length + settings.buckets, settings);
  const output = new Float32Array(rankedLabels.length * settings.dimension);
  const labelRows = rowsByPlace(rankedLabels, labels.places.size);
  const featuresOf = featureFinder(words, rowsByPlace(rankedWords, words.places.size), rankedWords.length, settings);
  descend(
    texts.map((text) => ({ rows: featuresOf(text.words), label: labelRows[text.label]! })),
    { input, output, labelCount: rankedLabels.length },
    settings,
  );
  return new TextClassifier({
    ...settings,
    loss: "softmax",
    words: rankedWords.map(({ text }) => text),
    wordCounts: rankedWords.map(({ count }) => count),
    labels: rankedLabels.map(({ text }) => labelPrefix + text),
    labelCounts: rankedLabels.map(({ count }) => count),
    input: new DenseMatrix(input, settings.dimension),
    output: new DenseMatrix(output, settings.dimension),
  });
}

function checkSettings(settings: Required<TrainClassifierOptions>): void {
  const lowest = { dimension: 1, wordNgrams: 1, minSubword: 0, maxSubword: 0, buckets: 1, minCount: 1, epochs: 1 };
  for (const [name, least] of Object.entries(lowest) as [keyof typeof lowest, number][]) {
    if (!Number.isInteger(settings[name]) || settings[name] < least) {
      throw new DataError(
        `trainTextClassifier: expected ${name} to be an integer from ${least}, got ${settings[name]}`,
      );
    }
  }
  if (!(settings.learningRate > 0)) {
    throw new DataError(`trainTextClassifier: expected learningRate above 0, got ${settings.learningRate}`);
  }
}

/** Numbers between -1 and 1 over the dimension. */
function firstWeights(rows: number, { dimension, seed }: Required<TrainClassifierOptions>): Float32Array {
  const random = new MersenneTwister(seed);
  return Float32Array.from({ length: rows * dimension }, () => random.next() / 2 ** 31 / dimension);
}

function rowsByPlace(ranked: readonly { place: number }[], size: number): Int32Array {
  const rows = new Int32Array(size).fill(-1);
  for (const [row, { place }] of ranked.entries()) rows[place] = row;
  return rows;
}

/** From the words of a text, as places, to the rows of its features. */
function featureFinder(
  words: Tally,
  rows: Int32Array,
  wordRows: number,
  settings: Required<TrainClassifierOptions>,
): (places: Int32Array) => Int32Array {
  const texts = [...words.places.keys()];
  const hashes = Int32Array.from(texts, hashWord);
  const subwords =
    settings.maxSubword === 0 ? undefined : texts.map((word) => Int32Array.from(subwordBuckets(word, settings)));
  return (places) => {
    const found: number[] = [];
    for (const [i, place] of places.entries()) {
      if (rows[place]! >= 0) found.push(rows[place]!);
      // The mark of the end, the last word, has no subwords.
      if (subwords && i < places.length - 1) for (const bucket of subwords[place]!) found.push(wordRows + bucket);
    }
    const run = places.map((place) => hashes[place]!);
    visitNGramBuckets(run, settings, (bucket) => found.push(wordRows + bucket));
    return Int32Array.from(found);
  };
}

interface Weights {
  readonly input: Float32Array;
  readonly output: Float32Array;
  readonly labelCount: number;
}

function descend(examples: readonly Example[], weights: Weights, settings: Required<TrainClassifierOptions>): void {
  const order = Int32Array.from(examples.keys());
  const random = new MersenneTwister(settings.seed + 1);
  const total = settings.epochs * examples.length;
  const step = stepOf(weights, settings.dimension);
  for (let epoch = 0, done = 0; epoch < settings.epochs; epoch++) {
    shuffle(order, random);
    for (const place of order) {
      step(examples[place]!, settings.learningRate * (1 - done / total));
      done += 1;
    }
  }
}

/** The function that moves the weights against the gradient of one example's cross-entropy. */
function stepOf({ input, output, labelCount }: Weights, dimension: number) {
  const vector = new Float64Array(dimension);
  const gradient = new Float64Array(dimension);
  const scores = new Float64Array(labelCount);
  return ({ rows, label }: Example, rate: number): void => {
    vector.fill(0);
    for (let r = 0; r < rows.length; r++) {
      const at = rows[r]! * dimension;
      for (let i = 0; i < dimension; i++) vector[i]! += input[at + i]!;
    }
    for (let i = 0; i < dimension; i++) vector[i]! /= rows.length;
    for (let l = 0; l < labelCount; l++) {
      scores[l] = 0;
      for (let i = 0; i < dimension; i++) scores[l]! += vector[i]! * output[l * dimension + i]!;
    }
    softmax(scores);
    gradient.fill(0);
    for (let l = 0; l < labelCount; l++) {
      const change = rate * ((l === label ? 1 : 0) - scores[l]!);
      for (let i = 0; i < dimension; i++) {
        gradient[i]! += change * output[l * dimension + i]!;
        output[l * dimension + i]! += change * vector[i]!;
      }
    }
    for (let i = 0; i < dimension; i++) gradient[i]! /= rows.length;
    for (let r = 0; r < rows.length; r++) {
      const at = rows[r]! * dimension;
      for (let i = 0; i < dimension; i++) input[at + i]! += gradient[i]!;
    }
  };
}

/** Fisher and Yates. */
function shuffle(order: Int32Array, random: MersenneTwister): void {
  for (let i = order.length - 1; i > 0; i--) {
    const other = (random.next() >>> 0) % (i + 1);
    [order[i], order[other]] = [order[other]!, order[i]!];
  }
}
