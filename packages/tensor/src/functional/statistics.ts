// Means and squares, from sums and products.
import { type Dimension, productOfDimensions } from "../dimension.ts";
import { requireFloat } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { describeShape, type Tensor } from "../graph.ts";
import { type ReduceOptions, reductionAxes, sum } from "../ops/broadcast.ts";
import { constant, iota } from "../ops/create.ts";
import { add, cast, div, mul } from "../ops/elementwise.ts";
import { reshape, slice } from "../ops/movement.ts";

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

/** A size that may be known only at run time, as an int32 scalar. */
export function sizeOf(dimension: Dimension): Tensor {
  if (typeof dimension === "number") return constant(dimension, "int32");
  return reshape(add(slice(iota(dimension), 0, -1), 1), []);
}
