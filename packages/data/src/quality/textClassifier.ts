// Sorts texts by a linear model over their words and runs of words and characters: fastText (Joulin et al. 2016), with its files and
// its decisions. Language identification and filters for quality rest on it.
import { writeFileAtomically } from "../atomicFile.ts";
import { readWholeFile } from "../wholeFile.ts";
import { type FastTextModel, readFastText, writeFastText } from "./fastTextFile.ts";
import { buildLabelTree, labelProbabilities } from "./labelTree.ts";
import { endOfText, hashWord, labelPrefix, subwordBuckets, visitNGramBuckets, visitWords } from "./textFeatures.ts";
import { type WordFeatures, WordTable } from "./wordTable.ts";

/** A label, without fastText's prefix, and its probability. */
export interface LabelScore {
  readonly label: string;
  /** From 0 to 1. */
  readonly score: number;
}

/**
 * A classifier of texts. Files of `fasttext supervised` open as they are, compressed ones too, and what
 * `trainTextClassifier` makes opens in fastText.
 *
 * @example
 * const classifier = await TextClassifier.load("quality.bin");
 * classifier.predict("A text about nothing in particular.", { count: 2 });
 */
export class TextClassifier {
  readonly #model: FastTextModel;
  readonly #rows: ReadonlyMap<string, number>;
  readonly #probabilities: (vector: Float64Array) => Float64Array;
  readonly #words: WordTable;

  constructor(model: FastTextModel) {
    this.#model = model;
    this.#rows = new Map(model.words.map((word, row) => [word, row]));
    this.#probabilities = probabilitiesOf(model);
    this.#words = new WordTable(model.dimension, (word) => this.#featuresOf(word));
  }

  /**
   * Opens a `.bin` or `.ftz` file.
   * @throws FileError when it cannot be read, FormatError when it is not a whole supervised fastText model.
   */
  static async load(path: string): Promise<TextClassifier> {
    return new TextClassifier(readFastText(await readWholeFile(path), path));
  }

  /** The labels, the commonest in training first. */
  get labels(): readonly string[] {
    return this.#model.labels.map(withoutPrefix);
  }

  /**
   * Writes a `.bin` file, whole or not at all.
   * @throws DataError for a compressed model; FileError when the disk refuses.
   */
  async save(path: string): Promise<void> {
    await writeFileAtomically(path, writeFastText(this.#model));
  }

  /** The `count` likeliest labels of a text, best first. Default 1; Infinity for all. */
  predict(text: string, options: { readonly count?: number } = {}): LabelScore[] {
    const { count = 1 } = options;
    const probabilities = this.#probabilities(this.#vector(text));
    const scores = this.#model.labels.map((label, i) => ({ label, score: Math.min(1, probabilities[i]!) }));
    if (count === 1) return [named(scores.reduce((best, next) => (next.score > best.score ? next : best)))];
    return scores
      .sort((a, b) => b.score - a.score)
      .slice(0, count)
      .map(named);
  }

  /** The mean of the rows of the text's features. */
  #vector(text: string): Float64Array {
    const model = this.#model;
    const vector = new Float64Array(model.dimension);
    const hashes: number[] | undefined = model.wordNgrams > 1 ? [] : undefined;
    let rows = 0;
    visitWords(text, (word) => {
      rows += this.#words.addWord(vector, hashes, word);
    });
    if (hashes) {
      visitNGramBuckets(hashes, model, (bucket) => {
        rows += this.#addBucket(vector, bucket);
      });
    }
    if (rows > 0) for (let i = 0; i < vector.length; i++) vector[i]! /= rows;
    return vector;
  }

  #featuresOf(word: string): WordFeatures {
    const sum = new Float64Array(this.#model.dimension);
    const row = this.#rows.get(word);
    let rows = 0;
    if (row !== undefined) {
      this.#model.input.addRow(sum, row);
      rows = 1;
    }
    if (this.#model.maxSubword > 0 && word !== endOfText) {
      for (const bucket of subwordBuckets(word, this.#model)) rows += this.#addBucket(sum, bucket);
    }
    return { hash: hashWord(word), rows, sum };
  }

  /** Adds a hashed feature's row where the model keeps it; the number of rows added. */
  #addBucket(target: Float64Array, bucket: number): 0 | 1 {
    const { keptBuckets, words, input } = this.#model;
    const place = keptBuckets ? keptBuckets.get(bucket) : bucket;
    if (place === undefined) return 0;
    input.addRow(target, words.length + place);
    return 1;
  }
}

function named({ label, score }: LabelScore): LabelScore {
  return { label: withoutPrefix(label), score };
}

function withoutPrefix(label: string): string {
  return label.startsWith(labelPrefix) ? label.slice(labelPrefix.length) : label;
}

/** From a text's vector to the probability of each label. */
function probabilitiesOf(model: FastTextModel): (vector: Float64Array) => Float64Array {
  const { output, labels } = model;
  if (model.loss === "hierarchical softmax") {
    const tree = buildLabelTree(model.labelCounts);
    return (vector) => labelProbabilities(tree, (row) => output.dotRow(vector, row));
  }
  const scores = (vector: Float64Array) => Float64Array.from(labels, (_, row) => output.dotRow(vector, row));
  if (model.loss === "softmax") return (vector) => softmax(scores(vector));
  return (vector) => scores(vector).map((score) => 1 / (1 + Math.exp(-score)));
}

/** Turns scores into probabilities in place. */
export function softmax(scores: Float64Array): Float64Array {
  const largest = scores.reduce((a, b) => Math.max(a, b));
  let sum = 0;
  for (let i = 0; i < scores.length; i++) {
    scores[i] = Math.exp(scores[i]! - largest);
    sum += scores[i]!;
  }
  for (let i = 0; i < scores.length; i++) scores[i]! /= sum;
  return scores;
}
