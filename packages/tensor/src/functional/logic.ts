// What is said of several elements, or of one, as bool.
import type { Tensor } from "../graph.ts";
import { type ReduceOptions, sum } from "../ops/broadcast.ts";
import type { Operand } from "../ops/create.ts";
import { abs, cast, equal, greater, less, logicalNot } from "../ops/elementwise.ts";
import { requireBool } from "../ops/elementwiseOp.ts";

/** bool: a ≠ b, element by element; operands as in `add`. NaN differs from everything. */
export function notEqual(a: Operand, b: Operand): Tensor {
  return logicalNot(equal(a, b));
}

/** bool: neither NaN nor infinite. */
// biome-ignore lint/suspicious/noShadowRestrictedNames: the name of the op in every tensor library
export function isFinite(x: Tensor): Tensor {
  return less(abs(x), Number.POSITIVE_INFINITY);
}

/** Whether one of the bools over `axes` (default: all) is true. */
export function any(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  requireBool("any", x.dtype);
  return greater(sum(cast(x, "int32"), axes, options), 0);
}

/** Whether all bools over `axes` (default: all) are true. */
export function all(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  requireBool("all", x.dtype);
  return logicalNot(any(logicalNot(x), axes, options));
}
