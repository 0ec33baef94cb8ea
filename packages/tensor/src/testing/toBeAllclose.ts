// Compares tensors' elements with a tolerance stated per dtype; also a matcher for vitest and jest (`expect.extend({ toBeAllclose })`).
import { type DType, toNumbers } from "../dtype.ts";
import type { HostArray } from "../storage.ts";

export interface Tolerance {
  /** Allowed difference as a share of the expected number's size. */
  readonly relative: number;
  /** Allowed difference besides that. */
  readonly absolute: number;
}

const exact: Tolerance = { relative: 0, absolute: 0 };

/** Some units of rounding of each float dtype, for sums of a few dozen terms; integers are equal or not. */
export const tolerances: Readonly<Record<DType, Tolerance>> = {
  float32: { relative: 2e-5, absolute: 2e-6 },
  float16: { relative: 8e-3, absolute: 4e-3 },
  bfloat16: { relative: 4e-2, absolute: 2e-2 },
  int64: exact,
  int32: exact,
  uint32: exact,
  int8: exact,
  uint8: exact,
  bool: exact,
};

/** What differs first, in words; undefined where `actual` has the dtype, the shape and (within tolerance) the elements of `expected`. */
export function describeDifference(
  actual: HostArray,
  expected: HostArray,
  tolerance: Tolerance = tolerances[expected.dtype],
): string | undefined {
  const describe = ({ dtype, shape }: HostArray) => `${dtype}[${shape.join(",")}]`;
  if (describe(actual) !== describe(expected)) return `expected ${describe(expected)}, got ${describe(actual)}`;
  const [got, wanted] = [toNumbers(actual.dtype, actual.data), toNumbers(expected.dtype, expected.data)];
  if (got.length !== wanted.length) return `expected ${wanted.length} elements, got ${got.length}`;
  for (const [i, value] of got.entries()) {
    const target = wanted[i]!;
    // Equal covers infinities, for which the difference is not a number.
    if (Object.is(value, target) || value === target) continue;
    if (
      Number.isFinite(target) &&
      Math.abs(value - target) <= tolerance.absolute + tolerance.relative * Math.abs(target)
    )
      continue;
    return `element ${i} of ${describe(expected)}: expected ${target}, got ${value}`;
  }
  return undefined;
}

/**
 * Matcher: same dtype, shape and elements, where elements may differ by `absolute + relative · |expected|` and NaN equals NaN.
 *
 * @example
 * expect.extend({ toBeAllclose });
 * expect({ dtype: "float32", shape: [2], data }).toBeAllclose({ dtype: "float32", shape: [2], data: new Float32Array([1, 2]) });
 */
export function toBeAllclose(actual: HostArray, expected: HostArray, tolerance?: Tolerance) {
  const difference = describeDifference(actual, expected, tolerance);
  return {
    pass: difference === undefined,
    message: () => difference ?? `expected a tensor that differs from ${expected.dtype}[${expected.shape.join(",")}]`,
  };
}
