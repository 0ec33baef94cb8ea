// A score per example that says how well its label fits what a model predicts; cleanlab's three scores.
import { DataError } from "../errors.ts";
import { checkLabels, type ProbabilityRows } from "./checkLabels.ts";
import { confidentThresholds } from "./confidentJoint.ts";

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
  const { method = "selfConfidence", adjustForClass = false } = options;
  checkLabels("labelQualityScores", labels, predictedProbabilities);
  if (!Object.hasOwn(scores, method)) {
    throw new DataError(`labelQualityScores: method: expected one of ${Object.keys(scores).join(", ")}, got ${method}`);
  }
  const adjusted = adjustForClass && method !== "confidenceWeightedEntropy";
  const rows = adjusted ? withoutThresholds(labels, predictedProbabilities) : predictedProbabilities;
  return Float64Array.from(rows, (row, i) => scores[method](row, labels[i]!));
}

const scores: Readonly<Record<LabelQualityMethod, (row: ArrayLike<number>, label: number) => number>> = {
  selfConfidence: (row, label) => row[label]!,
  normalizedMargin(row, label) {
    let next = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < row.length; k++) if (k !== label) next = Math.max(next, row[k]!);
    return (row[label]! - next + 1) / 2;
  },
  confidenceWeightedEntropy(row, label) {
    let entropy = 0;
    for (let k = 0; k < row.length; k++) if (row[k]! > 0) entropy -= row[k]! * Math.log(row[k]!);
    const weighted = entropy / Math.log(row.length) / Math.max(row[label]!, lowest);
    return Math.log(weighted + 1) / Math.max(weighted, lowest);
  },
};

function withoutThresholds(labels: ArrayLike<number>, rows: ProbabilityRows): Float64Array[] {
  const thresholds = confidentThresholds(labels, rows);
  const highest = Math.max(...thresholds);
  return rows.map((row) => {
    const shifted = Float64Array.from(row, (value, k) => value - thresholds[k]! + highest);
    const total = shifted.reduce((all, value) => all + value);
    return shifted.map((value) => value / total);
  });
}
