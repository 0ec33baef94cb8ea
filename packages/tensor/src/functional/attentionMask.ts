// What attention leaves out, as numbers that are added to its scores.
import type { Dimension } from "../dimension.ts";
import { DTypeError } from "../errors.ts";
import { describeType, type Tensor } from "../graph.ts";
import { asTensor, iota } from "../ops/create.ts";
import { add, greater, lessOrEqual, logicalAnd, sub, where } from "../ops/elementwise.ts";
import { reshape } from "../ops/movement.ts";

/** Added to the score of a masked position: large enough to vanish, finite so that a row without any position is not NaN. */
const masked = -3e38;

/** 0 where `mask` (bool) is true, a large negative number elsewhere. */
export function maskBias(mask: Tensor, dtype: Tensor["dtype"]): Tensor {
  if (mask.dtype !== "bool") throw new DTypeError(`attention: the mask must be bool, got ${describeType(mask)}`);
  return where(mask, asTensor(0, dtype), asTensor(masked, dtype));
}

/** int32 [count]: consecutive positions of a sequence. */
export function positions(start: number, count: Dimension): Tensor {
  return start === 0 ? iota(count) : add(iota(count), start);
}

/** bool [T, S]: whether a query's position is at or after a key's and, with a window, less than that far after it. */
export function seenBefore(queries: Tensor, keys: Tensor, window?: number): Tensor {
  const rows = reshape(queries, [queries.shape[0]!, 1]);
  const columns = reshape(keys, [1, keys.shape[0]!]);
  const before = lessOrEqual(columns, rows);
  return window === undefined ? before : logicalAnd(before, greater(columns, sub(rows, window)));
}
