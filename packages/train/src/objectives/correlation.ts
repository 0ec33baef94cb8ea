// How well predicted values follow the true ones over a whole evaluation.
import type { Scorer } from "./objective.ts";

/** Tells the `pearson` correlation of the prediction `values` with the labels; 0 where either does not vary. */
export function correlationScorer<B>(labelsOf: (batch: B) => readonly number[]): Scorer<B> {
  const labels: number[] = [];
  const values: number[] = [];
  return {
    add(batch, predictions) {
      labels.push(...labelsOf(batch));
      values.push(...Array.from(predictions.values!.data, Number));
    },
    result: () => ({ pearson: pearson(labels, values) }),
  };
}

function pearson(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  const product = (x: readonly number[], meanX: number, y: readonly number[], meanY: number) =>
    x.reduce((sum, value, i) => sum + (value - meanX) * (y[i]! - meanY), 0);
  const deviations = Math.sqrt(product(a, meanA, a, meanA) * product(b, meanB, b, meanB));
  return deviations === 0 ? 0 : product(a, meanA, b, meanB) / deviations;
}
