// How often examples with one label seem to belong to each class: the confident joint of Northcutt, Jiang and Chuang, "Confident
// Learning: Estimating Uncertainty in Dataset Labels" (2021), counted and calibrated as the Python package cleanlab does.
import { countLabels, type LabelledRows, labelledRows, type Matrix, type ProbabilityRows, sum } from "./checkLabels.ts";

// cleanlab's margin for comparing probabilities, and the threshold below which none is trusted.
export const probabilityMargin = 1e-6;
const lowestThreshold = 2e-6;

/** The confident joint of labels, and the examples that are counted off its diagonal. */
export interface ConfidentJoint {
  /** Row: the given label; column: the class that the example seems to have. Whole numbers. */
  readonly counts: Matrix;
  /** Indices of examples that confidently belong to another class than their label, ascending. */
  readonly offDiagonal: readonly number[];
}

/** Options of `confidentJoint`. */
export interface ConfidentJointOptions {
  /** Scales the rows to the number of examples of each label, and the whole to the number of examples. Default true. */
  readonly calibrate?: boolean;
  /** From which probability on an example counts as one of a class, by class. Default: `confidentThresholds`. */
  readonly thresholds?: readonly number[];
}

/**
 * The mean probability of each class over the examples with its label; a class without examples gets 2, which no probability reaches.
 *
 * @param labels [N] classes, from 0.
 * @param predictedProbabilities [N, K], out of sample.
 */
export function confidentThresholds(labels: ArrayLike<number>, predictedProbabilities: ProbabilityRows): number[] {
  return thresholdsOf(labelledRows("confidentThresholds", labels, predictedProbabilities));
}

/** `confidentThresholds` of what was checked. */
export function thresholdsOf({ size, classes, labels, values }: LabelledRows): number[] {
  const totals = new Array<number>(classes).fill(0);
  for (let i = 0; i < size; i++) totals[labels[i]!]! += values[i * classes + labels[i]!]!;
  const counts = countLabels(labels, classes);
  return totals.map((total, k) => (counts[k] === 0 ? 2 : Math.max(total / counts[k]!, lowestThreshold)));
}

/**
 * Counts, for each label, the classes that its examples confidently belong to. An example belongs to a class when its
 * probability reaches the class' threshold; to the more probable one, where it reaches several.
 *
 * @throws DataError for labels and probabilities that do not fit each other.
 * @example
 * confidentJoint([0, 0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.1, 0.9], [0.3, 0.7]]).offDiagonal; // [1]
 */
export function confidentJoint(
  labels: ArrayLike<number>,
  predictedProbabilities: ProbabilityRows,
  options: ConfidentJointOptions = {},
): ConfidentJoint {
  return jointOf(labelledRows("confidentJoint", labels, predictedProbabilities), options);
}

/** `confidentJoint` of what was checked. */
export function jointOf(data: LabelledRows, options: ConfidentJointOptions = {}): ConfidentJoint {
  const { size, classes, labels } = data;
  const lowest = Float64Array.from(options.thresholds ?? thresholdsOf(data), (value) => value - probabilityMargin);
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  const offDiagonal: number[] = [];
  for (let i = 0; i < size; i++) {
    const guess = confidentClass(data, i, lowest);
    if (guess === -1) continue;
    const label = labels[i]!;
    counts[label]![guess]! += 1;
    if (guess !== label) offDiagonal.push(i);
  }
  for (let k = 0; k < classes; k++) counts[k]![k] = Math.max(counts[k]![k]!, 1);
  return { counts: options.calibrate === false ? counts : calibrate(counts, labels), offDiagonal };
}

/** The class whose threshold the example reaches, the most probable one where it reaches several; -1 for none. */
function confidentClass({ classes, values, best }: LabelledRows, index: number, lowest: Float64Array): number {
  let found = -1;
  for (let k = 0, place = index * classes; k < classes; k++, place++) {
    if (values[place]! < lowest[k]!) continue;
    if (found !== -1) return best[index]!;
    found = k;
  }
  return found;
}

/** Rows that sum to the number of examples of their label. */
function calibrate(counts: Matrix, labels: ArrayLike<number>): number[][] {
  const labelCounts = countLabels(labels, counts.length);
  const scaled = counts.map((row, k) => {
    const total = sum(row);
    return row.map((count) => (count / total) * labelCounts[k]!);
  });
  const total = sum(scaled.map(sum));
  return scaled.map((row) => roundKeepingSum(row.map((value) => (value / total) * labels.length)));
}

/** Whole numbers with the rounded sum of the values: those that rounding changed most give way. */
function roundKeepingSum(values: readonly number[]): number[] {
  const rounded = values.map(roundHalfEven);
  const wanted = roundHalfEven(sum(values));
  for (let missing = wanted - sum(rounded); missing !== 0; missing = wanted - sum(rounded)) {
    const step = Math.sign(missing);
    const order = values.map((_, i) => i).sort((a, b) => values[a]! - rounded[a]! - (values[b]! - rounded[b]!));
    if (step > 0) order.reverse();
    for (const i of order.slice(0, Math.abs(missing))) rounded[i]! += step;
  }
  return rounded;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
