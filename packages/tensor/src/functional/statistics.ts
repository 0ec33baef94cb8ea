// Means, squares and what is made of them, from sums and products.
import { type Dimension, productOfDimensions } from "../dimension.ts";
import { requireFloat } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { describeShape, type Tensor } from "../graph.ts";
import { type ReduceOptions, reductionAxes, sum } from "../ops/broadcast.ts";
import { constant, iota } from "../ops/create.ts";
import { add, cast, div, exp, log, mul, stopGradient, sub, where } from "../ops/elementwise.ts";
import { reshape, slice } from "../ops/movement.ts";
import { max } from "../ops/reduce.ts";
import { isFinite as finite } from "./logic.ts";

/** x². */
export function square(x: Tensor): Tensor {
  return mul(x, x);
}

/** Average over `axes` (default: all). */
export function mean(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  requireFloat("mean", x.dtype);
  const along = reductionAxes("mean", x, axes);
  const count = productOfDimensions(along.map((axis) => x.shape[axis]!));
  if (count === 0) throw new ShapeError(`mean: there is nothing to average in ${describeShape(x.shape)}`);
  const total = sum(x, along, options);
  return typeof count === "number" ? mul(total, 1 / count) : div(total, cast(sizeOf(count), x.dtype));
}

/** How the variance is divided. */
export interface VarianceOptions extends ReduceOptions {
  /** Divide by the number of elements less this. 0 (default) for the variance of these, 1 for an estimate of what they are drawn from. */
  readonly correction?: number;
}

/** Mean square distance from the mean over `axes` (default: all). */
export function variance(x: Tensor, axes?: number | readonly number[], options: VarianceOptions = {}): Tensor {
  const { correction = 0 } = options;
  const along = reductionAxes("variance", x, axes);
  const spread = mean(square(sub(x, mean(x, along, { keepDimensions: true }))), along, options);
  if (correction === 0) return spread;
  const count = productOfDimensions(along.map((axis) => x.shape[axis]!));
  if (typeof count !== "number") {
    const elements = cast(sizeOf(count), x.dtype);
    return mul(spread, div(elements, sub(elements, correction)));
  }
  if (count > correction) return mul(spread, count / (count - correction));
  throw new ShapeError(`variance: ${count} elements of ${describeShape(x.shape)} less a correction of ${correction}`);
}

/** log(sum(exp(x))) over `axes` (default: all), without overflow. */
export function logSumExp(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  requireFloat("logSumExp", x.dtype);
  const along = reductionAxes("logSumExp", x, axes);
  const highest = stopGradient(max(x, along, { keepDimensions: true }));
  const shift = where(finite(highest), highest, 0);
  const sums = log(sum(exp(sub(x, shift)), along, options));
  return add(sums, reshape(shift, sums.shape));
}

/** A size that may be known only at run time, as an int32 scalar. */
export function sizeOf(dimension: Dimension): Tensor {
  if (typeof dimension === "number") return constant(dimension, "int32");
  return reshape(add(slice(iota(dimension), 0, -1), 1), []);
}
