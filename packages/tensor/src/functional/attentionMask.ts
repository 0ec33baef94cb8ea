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

/** Consecutive positions of a sequence. */
export interface Positions {
  readonly start: number;
  readonly count: Dimension;
}

/** bool [rows, columns]: whether the row's position is at or after the column's and, with a window, less than that far after it. */
export function seenBefore(rows: Positions, columns: Positions, window?: number): Tensor {
  const queries = reshape(positions(rows), [rows.count, 1]);
  const keys = reshape(positions(columns), [1, columns.count]);
  const before = lessOrEqual(keys, queries);
  return window === undefined ? before : logicalAnd(before, greater(keys, sub(queries, window)));
}

function positions({ start, count }: Positions): Tensor {
  return start === 0 ? iota(count) : add(iota(count), start);
}
