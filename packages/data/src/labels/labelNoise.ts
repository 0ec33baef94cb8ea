// How labels are confused with each other, estimated from the confident joint (Northcutt et al. 2021): the noise matrices that a
// training with noisy labels or a report of annotators' mistakes needs.
import { DataError } from "../errors.ts";
import { countLabels, type Matrix, type ProbabilityRows, sum } from "./checkLabels.ts";
import { type ConfidentJointOptions, confidentJoint } from "./confidentJoint.ts";

const tiny = 1e-100;
const lowestPrior = 1e-6;
const highestNoiseRate = 0.9999;

/** What confident learning says about the labels as a whole; K classes. */
export interface LabelNoise {
  /** P(label, true class): sums to 1. Rows are labels, columns true classes. */
  readonly joint: Matrix;
  /** P(label | true class): columns sum to 1. Rows are labels, columns true classes. */
  readonly noiseMatrix: Matrix;
  /** P(true class | label): columns sum to 1. Rows are true classes, columns labels. */
  readonly inverseNoiseMatrix: Matrix;
  /** P(true class). */
  readonly classPriors: readonly number[];
  /** Share of the labels that are wrong: what is off the joint's diagonal. */
  readonly errorRate: number;
}

/**
 * Estimates the joint distribution of labels and true classes and the noise matrices. Every class needs an example.
 *
 * @param labels [N] classes, from 0.
 * @param predictedProbabilities [N, K], out of sample (`crossValidatedProbabilities`).
 * @throws DataError for labels and probabilities that do not fit each other, and for a class without examples.
 */
export function estimateLabelNoise(
  labels: ArrayLike<number>,
  predictedProbabilities: ProbabilityRows,
  options: ConfidentJointOptions = {},
): LabelNoise {
  const { counts } = confidentJoint(labels, predictedProbabilities, options);
  const classes = counts.length;
  const labelCounts = countLabels(labels, classes);
  const missing = labelCounts.indexOf(0);
  if (missing >= 0) {
    throw new DataError(`estimateLabelNoise: expected examples of every class, got none with the label ${missing}`);
  }
  const labelShares = labelCounts.map((count) => count / labels.length);
  const rowTotals = counts.map(sum);
  const columnTotals = counts.map((_, k) => sum(counts.map((row) => row[k]!)));
  const noise = counts.map((row) => row.map((count, k) => count / Math.max(columnTotals[k]!, tiny)));
  const inverse = transpose(counts).map((row) => row.map((count, k) => count / Math.max(rowTotals[k]!, tiny)));
  const priors = normalized(
    labelShares.map((share, k) => clamp((inverse[k]![k]! / Math.max(noise[k]![k]!, tiny)) * share, lowestPrior, 1)),
  );
  const total = sum(rowTotals);
  const joint = counts.map((row) => row.map((count) => count / total));
  return {
    joint,
    noiseMatrix: withClippedRates(noise),
    inverseNoiseMatrix: withClippedRates(inverse),
    classPriors: priors,
    errorRate: 1 - sum(joint.map((row, k) => row[k]!)),
  };
}

function withClippedRates(matrix: Matrix): number[][] {
  const clipped = matrix.map((row, i) => row.map((rate, k) => (i === k ? rate : clamp(rate, 0, highestNoiseRate))));
  const totals = clipped.map((_, k) => Math.max(sum(clipped.map((row) => row[k]!)), tiny));
  return clipped.map((row) => row.map((rate, k) => rate / totals[k]!));
}

function transpose(matrix: Matrix): number[][] {
  return matrix.map((_, k) => matrix.map((row) => row[k]!));
}

function normalized(values: readonly number[]): number[] {
  const total = sum(values);
  return values.map((value) => value / total);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
