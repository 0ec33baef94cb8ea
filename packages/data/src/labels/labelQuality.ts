// A score per example that says how well its label fits what a model predicts; cleanlab's three scores.
import { DataError } from "../errors.ts";
import { type LabelledRows, labelledRows, type ProbabilityRows } from "./checkLabels.ts";
import { thresholdsOf } from "./confidentJoint.ts";

/** How a label is scored: its own probability; its lead over the next class; or the former against the prediction's entropy. */
export type LabelQualityMethod = "selfConfidence" | "normalizedMargin" | "confidenceWeightedEntropy";

/** Options of `labelQualityScores`. */
export interface LabelQualityOptions {
  /** Default `"selfConfidence"`. */
  readonly method?: LabelQualityMethod;
  /**
   * Subtracts each class' threshold first, so that classes of which a model is always less sure are not all suspected. Not for
   * `"confidenceWeightedEntropy"`, which ignores it. Default false.
   */
  readonly adjustForClass?: boolean;
}

const lowest = 1e-6;

/**
 * Scores from 0 (surely wrong) to 1 (surely right), one per example.
 *
 * @param labels [N] classes, from 0.
 * @param predictedProbabilities [N, K], out of sample.
 * @throws DataError for labels and probabilities that do not fit each other, and for an unknown method.
 * @example
 * labelQualityScores([0, 1], [[0.9, 0.1], [0.8, 0.2]]); // Float64Array [0.9, 0.2]
 */
export function labelQualityScores(
  labels: ArrayLike<number>,
  predictedProbabilities: ProbabilityRows,
  options: LabelQualityOptions = {},
): Float64Array {
  return scoresOf(labelledRows("labelQualityScores", labels, predictedProbabilities), options);
}

/** `labelQualityScores` of what was checked. */
export function scoresOf(data: LabelledRows, options: LabelQualityOptions = {}): Float64Array {
  const { method = "selfConfidence", adjustForClass = false } = options;
  if (!Object.hasOwn(scores, method)) {
    throw new DataError(`labelQualityScores: method: expected one of ${Object.keys(scores).join(", ")}, got ${method}`);
  }
  const { size, classes, labels } = data;
  const values = adjustForClass && method !== "confidenceWeightedEntropy" ? withoutThresholds(data) : data.values;
  const score = scores[method];
  const result = new Float64Array(size);
  for (let i = 0; i < size; i++)
    result[i] = score(values, { start: i * classes, end: (i + 1) * classes, label: labels[i]! });
  return result;
}

/** Where an example's row stands in the values of all. */
interface Row {
  readonly start: number;
  readonly end: number;
  readonly label: number;
}

const scores: Readonly<Record<LabelQualityMethod, (values: Float64Array, row: Row) => number>> = {
  selfConfidence: (values, { start, label }) => values[start + label]!,
  normalizedMargin(values, { start, end, label }) {
    let next = Number.NEGATIVE_INFINITY;
    for (let k = start; k < end; k++) if (k !== start + label) next = Math.max(next, values[k]!);
    return (values[start + label]! - next + 1) / 2;
  },
  confidenceWeightedEntropy(values, { start, end, label }) {
    let entropy = 0;
    for (let k = start; k < end; k++) if (values[k]! > 0) entropy -= values[k]! * Math.log(values[k]!);
    const weighted = entropy / Math.log(end - start) / Math.max(values[start + label]!, lowest);
    return Math.log(weighted + 1) / Math.max(weighted, lowest);
  },
};

function withoutThresholds(data: LabelledRows): Float64Array {
  const { size, classes, values } = data;
  const thresholds = thresholdsOf(data);
  const highest = Math.max(...thresholds);
  const shifted = new Float64Array(values.length);
  for (let i = 0; i < size; i++) {
    let total = 0;
    for (let k = 0, place = i * classes; k < classes; k++, place++) {
      shifted[place] = values[place]! - thresholds[k]! + highest;
      total += shifted[place]!;
    }
    for (let place = i * classes; place < (i + 1) * classes; place++) shifted[place]! /= total;
  }
  return shifted;
}
