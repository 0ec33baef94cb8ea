// What every method of confident learning is given: labels and predicted probabilities that fit each other.
import { DataError } from "../errors.ts";

/** Probabilities [N, K]: one row per example, one value per class. Predicted for examples that the model was not trained on. */
export type ProbabilityRows = readonly ArrayLike<number>[];

/** A K × K matrix as rows. */
export type Matrix = readonly (readonly number[])[];

/** Checked labels and probabilities, laid out for loops over all examples; N examples, K classes. */
export interface LabelledRows {
  readonly size: number;
  readonly classes: number;
  /** [N] */
  readonly labels: Int32Array;
  /** [N, K], row after row. */
  readonly values: Float64Array;
  /** [N] the most probable class; of equal ones the first. */
  readonly best: Int32Array;
}

/**
 * Labels and probabilities side by side.
 * @throws DataError for no examples, labels that are no class, rows of another length, and values outside of 0 to 1.
 */
export function labelledRows(where: string, labels: ArrayLike<number>, rows: ProbabilityRows): LabelledRows {
  const size = rows.length;
  if (labels.length !== size || size === 0) {
    throw new DataError(
      `${where}: expected as many labels as rows of predictedProbabilities, at least 1, got ${labels.length} labels and ${size} rows`,
    );
  }
  const classes = rows[0]!.length;
  if (classes < 2) throw new DataError(`${where}: expected probabilities of at least 2 classes, got ${classes}`);
  const checked = new Int32Array(size);
  const values = new Float64Array(size * classes);
  const best = new Int32Array(size);
  for (let i = 0; i < size; i++) {
    const row = rows[i]!;
    const label = labels[i]!;
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new DataError(`${where}: label ${i}: expected a class from 0 to ${classes - 1}, got ${label}`);
    }
    if (row.length !== classes) {
      throw new DataError(`${where}: row ${i}: expected ${classes} probabilities like row 0, got ${row.length}`);
    }
    checked[i] = label;
    const start = i * classes;
    let largest = -1;
    for (let k = 0; k < classes; k++) {
      const value = row[k]!;
      if (!(value >= 0 && value <= 1)) {
        throw new DataError(`${where}: row ${i}, class ${k}: expected a probability from 0 to 1, got ${value}`);
      }
      values[start + k] = value;
      if (value <= largest) continue;
      largest = value;
      best[i] = k;
    }
  }
  return { size, classes, labels: checked, values, best };
}

/** Examples per class. */
export function countLabels(labels: ArrayLike<number>, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (let i = 0; i < labels.length; i++) counts[labels[i]!]! += 1;
  return counts;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
