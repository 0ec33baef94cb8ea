// Probabilities for examples that a model has not seen: every part of the data is predicted by a model trained on the others.
import { DataError } from "../errors.ts";
import { deriveKey, WindowOrder } from "../windowOrder.ts";
import { countLabels, type ProbabilityRows } from "./checkLabels.ts";

/** The examples of one fold. */
export interface Fold<E> {
  /** Number of the fold, from 0. */
  readonly fold: number;
  readonly trainingExamples: readonly E[];
  readonly trainingLabels: readonly number[];
  /** The examples to predict. */
  readonly heldOut: readonly E[];
}

/** Options of `crossValidatedProbabilities`. */
export interface CrossValidationOptions {
  /** Number of classes. Default: the highest label and one. */
  readonly classes?: number;
  /** Default 5. */
  readonly folds?: number;
  /** Chooses the folds; a safe integer. Default 0. */
  readonly seed?: number;
}

/**
 * Calls `trainAndPredict` once per fold and puts the probabilities of the held-out examples together, in the order of
 * `examples`. Every fold has its share of every label (stratified).
 *
 * @param labels [N] classes, from 0.
 * @returns [N, K] probabilities, for `findLabelIssues`.
 * @throws DataError where a label has fewer examples than 2, or a fold's answer has not a row of K values per held-out example.
 * @example
 * const probabilities = await crossValidatedProbabilities(texts, labels, {
 *   trainAndPredict: ({ trainingExamples, trainingLabels, heldOut }) => …,
 * });
 */
export async function crossValidatedProbabilities<E>(
  examples: readonly E[],
  labels: ArrayLike<number>,
  options: CrossValidationOptions & {
    /** Trains a new model on the fold and gives the probabilities [held out, K] of the held-out examples. */
    readonly trainAndPredict: (fold: Fold<E>) => ProbabilityRows | Promise<ProbabilityRows>;
  },
): Promise<ProbabilityRows> {
  const { folds = 5, seed = 0, trainAndPredict } = options;
  const classes = options.classes ?? highest(labels) + 1;
  checkExamples(examples, labels, { classes, folds });
  const foldOf = stratifiedFolds(labels, { classes, folds, seed });
  const probabilities = new Array<ArrayLike<number>>(examples.length);
  for (let fold = 0; fold < folds; fold++) {
    const places = examples.map((_, i) => i);
    const training = places.filter((i) => foldOf[i] !== fold);
    const held = places.filter((i) => foldOf[i] === fold);
    if (held.length === 0) continue;
    const rows = await trainAndPredict({
      fold,
      trainingExamples: training.map((i) => examples[i]!),
      trainingLabels: training.map((i) => labels[i]!),
      heldOut: held.map((i) => examples[i]!),
    });
    if (rows.length !== held.length || rows.some((row) => row.length !== classes)) {
      throw new DataError(
        `crossValidatedProbabilities: trainAndPredict: expected ${held.length} rows of ${classes} probabilities, got ${rows.length} rows${rows[0] ? ` of ${rows[0].length}` : ""}`,
      );
    }
    for (const [row, i] of held.entries()) probabilities[i] = rows[row]!;
  }
  return probabilities;
}

/** The fold of each example: those of one label are dealt out in a seeded order, one label after the other. */
export function stratifiedFolds(
  labels: ArrayLike<number>,
  { classes, folds, seed }: { readonly classes: number; readonly folds: number; readonly seed: number },
): Int32Array {
  const foldOf = new Int32Array(labels.length);
  let dealt = 0;
  for (let label = 0; label < classes; label++) {
    const members = Array.from(labels).flatMap((value, i) => (value === label ? [i] : []));
    if (members.length === 0) continue;
    const order = new WindowOrder(members.length, deriveKey(seed, label));
    for (let place = 0; place < members.length; place++) foldOf[members[order.at(place)]!] = dealt++ % folds;
  }
  return foldOf;
}

function highest(labels: ArrayLike<number>): number {
  let high = 0;
  for (let i = 0; i < labels.length; i++) high = Math.max(high, labels[i]!);
  return high;
}

function checkExamples(
  { length }: readonly unknown[],
  labels: ArrayLike<number>,
  { classes, folds }: { readonly classes: number; readonly folds: number },
): void {
  const where = "crossValidatedProbabilities";
  if (length !== labels.length || length === 0) {
    throw new DataError(
      `${where}: expected as many labels as examples, at least 1, got ${labels.length} and ${length}`,
    );
  }
  if (!(Number.isInteger(folds) && folds >= 2)) {
    throw new DataError(`${where}: folds: expected a whole number of at least 2, got ${folds}`);
  }
  for (let i = 0; i < labels.length; i++) {
    if (Number.isInteger(labels[i]) && labels[i]! >= 0 && labels[i]! < classes) continue;
    throw new DataError(`${where}: label ${i}: expected a class from 0 to ${classes - 1}, got ${labels[i]}`);
  }
  const rare = countLabels(labels, classes).indexOf(1);
  if (rare >= 0) {
    throw new DataError(
      `${where}: the label ${rare} has one example, which no model could learn when it is held out (add examples or leave it out)`,
    );
  }
}
