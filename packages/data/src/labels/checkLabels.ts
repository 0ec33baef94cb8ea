// What every method of confident learning is given: labels and predicted probabilities that fit each other.
import { DataError } from "../errors.ts";

/** Probabilities [N, K]: one row per example, one value per class. Predicted for examples that the model was not trained on. */
export type ProbabilityRows = readonly ArrayLike<number>[];

/** A K × K matrix as rows. */
export type Matrix = readonly (readonly number[])[];

/**
 * The number of classes K.
 * @throws DataError for no examples, labels that are no class, rows of another length, and values outside of 0 to 1.
 */
export function checkLabels(where: string, labels: ArrayLike<number>, rows: ProbabilityRows): number {
  if (labels.length !== rows.length || labels.length === 0) {
    throw new DataError(
      `${where}: expected as many labels as rows of predictedProbabilities, at least 1, got ${labels.length} labels and ${rows.length} rows`,
    );
  }
  const classes = rows[0]!.length;
  if (classes < 2) throw new DataError(`${where}: expected probabilities of at least 2 classes, got ${classes}`);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const label = labels[i]!;
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new DataError(`${where}: label ${i}: expected a class from 0 to ${classes - 1}, got ${label}`);
    }
    if (row.length !== classes) {
      throw new DataError(`${where}: row ${i}: expected ${classes} probabilities like row 0, got ${row.length}`);
    }
    for (let k = 0; k < classes; k++) {
      const value = row[k]!;
      if (value >= 0 && value <= 1) continue;
      throw new DataError(`${where}: row ${i}, class ${k}: expected a probability from 0 to 1, got ${value}`);
    }
  }
  return classes;
}

/** Where the row is largest; of equal values the first. */
export function largest(row: ArrayLike<number>): number {
  let best = 0;
  for (let k = 1; k < row.length; k++) if (row[k]! > row[best]!) best = k;
  return best;
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
