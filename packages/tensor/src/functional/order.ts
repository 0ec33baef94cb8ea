// The smallest, limits, and sorting, from the ops for the largest.
import { byteSize, isInteger } from "../dtype.ts";
import type { Tensor } from "../graph.ts";
import type { Operand } from "../ops/create.ts";
import { maximum, minimum, neg, sub } from "../ops/elementwise.ts";
import { argMax, type MaxOptions, max, topK } from "../ops/reduce.ts";
import { normalizeAxis } from "../shape.ts";

/** The same numbers in the opposite order. Of integers, -1 - x or the largest - x: -x of the lowest does not fit. */
function reversed(x: Tensor): Tensor {
  if (!isInteger(x.dtype)) return neg(x);
  return sub(x.dtype.startsWith("u") ? 2 ** (8 * byteSize(x.dtype)) - 1 : -1, x);
}

/** Smallest element over `axes` (default: all). Ties share the gradient equally. */
export function min(x: Tensor, axes?: number | readonly number[], options: MaxOptions = {}): Tensor {
  return reversed(max(reversed(x), axes, options));
}

/** Place (int32) of the smallest element along `axis` (default: the last); the first of equals. */
export function argMin(x: Tensor, axis = -1): Tensor {
  return argMax(reversed(x), axis);
}

/** Between `low` and `high`: x where it is, else the limit it is beyond, through which no gradient flows. */
export function clamp(x: Tensor, low: Operand, high: Operand): Tensor {
  return minimum(maximum(x, low), high);
}

/** In which order `sort` and `argSort` go. */
export interface SortOptions {
  /** Largest first. Default false. */
  readonly descending?: boolean;
}

function sorted(x: Tensor, axis: number, { descending = false }: SortOptions) {
  const along = normalizeAxis("sort", axis, x.shape.length);
  return topK(descending ? x : neg(x), x.shape[along]!, along);
}

/** Floats without NaN, the smallest first along `axis` (default: the last). */
export function sort(x: Tensor, axis = -1, options: SortOptions = {}): Tensor {
  const { values } = sorted(x, axis, options);
  return options.descending ? values : neg(values);
}

/** Places (int32) along `axis` (default: the last) that sort floats without NaN; equals keep their order. */
export function argSort(x: Tensor, axis = -1, options: SortOptions = {}): Tensor {
  return sorted(x, axis, options).indices;
}
