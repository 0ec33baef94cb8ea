// Rounds a float matrix to int8 with one scale for each column, symmetric around zero: what ONNX Runtime's fast matrix products
// of unsigned activations and signed weights take.
import { CompressionError } from "./errors.ts";

/** `weight[i][j]` is about `values[i][j] * scales[j]`. */
export interface QuantizedColumns {
  /** [rows, columns], each from -levels to levels. */
  readonly values: Int8Array;
  /** [columns] */
  readonly scales: Float32Array;
}

/**
 * Scale = max |w| / levels over a column (1 for a column of zeros), values rounded half to even as ONNX and PyTorch do.
 * @throws CompressionError that names the place of a value that is not finite.
 */
export function quantizeColumns(
  where: string,
  weight: Float32Array,
  { columns, levels }: { columns: number; levels: number },
): QuantizedColumns {
  const largest = new Float32Array(columns);
  for (let i = 0; i < weight.length; i++) {
    const magnitude = Math.abs(weight[i]!);
    if (!Number.isFinite(magnitude)) {
      const place = `[${Math.floor(i / columns)}, ${i % columns}]`;
      throw new CompressionError(
        `${where}: expected finite weights, got ${weight[i]} at ${place} (the model is damaged)`,
      );
    }
    const column = i % columns;
    if (magnitude > largest[column]!) largest[column] = magnitude;
  }
  const scales = largest.map((magnitude) => Math.fround(magnitude / levels) || 1);
  const values = new Int8Array(weight.length);
  for (let i = 0; i < weight.length; i++) {
    const level = roundHalfToEven(weight[i]! / scales[i % columns]!);
    // A scale rounded down to float32 (or a subnormal one) could put the largest weight past the last level.
    values[i] = Math.max(-levels, Math.min(levels, level));
  }
  return { values, scales };
}

function roundHalfToEven(x: number): number {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
