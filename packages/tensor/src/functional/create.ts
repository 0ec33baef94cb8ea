// Tensors of one number, ones at the places that indices name, and triangles of matrices.
import type { DType } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { describeType, type Shape, type Tensor } from "../graph.ts";
import { broadcastTo } from "../ops/broadcast.ts";
import { constant, iota } from "../ops/create.ts";
import { add, cast, equal, lessOrEqual, where } from "../ops/elementwise.ts";
import { unsqueeze } from "./axes.ts";

/** What the elements of a new tensor are. */
export interface FillOptions {
  /** Default float32. */
  readonly dtype?: DType;
}

/** `value` in every place of `shape`, whose sizes may be named. */
export function full(shape: Shape, value: number, { dtype = "float32" }: FillOptions = {}): Tensor {
  return broadcastTo(constant(value, dtype), shape);
}

/** 0 in every place. */
export function zeros(shape: Shape, options?: FillOptions): Tensor {
  return full(shape, 0, options);
}

/** 1 in every place. */
export function ones(shape: Shape, options?: FillOptions): Tensor {
  return full(shape, 1, options);
}

/** int32 [...] → [..., classes]: 1 at the index, 0 elsewhere; all 0 for an index that is no class. */
export function oneHot(indices: Tensor, classes: number, { dtype = "float32" }: FillOptions = {}): Tensor {
  return cast(equal(unsqueeze(indices, -1), iota(classes)), dtype);
}

/** The lower triangle of the last two axes, zeros above; a `diagonal` above 0 keeps as many more diagonals. */
export function tril(x: Tensor, diagonal = 0): Tensor {
  const [row, column] = places("tril", x);
  return where(lessOrEqual(column, add(row, diagonal)), x, 0);
}

/** The upper triangle of the last two axes, zeros below; a `diagonal` above 0 leaves as many out. */
export function triu(x: Tensor, diagonal = 0): Tensor {
  const [row, column] = places("triu", x);
  return where(lessOrEqual(add(row, diagonal), column), x, 0);
}

/** int32 [rows, 1] and [columns]. */
function places(name: string, x: Tensor): [Tensor, Tensor] {
  const [rows, columns] = x.shape.slice(-2);
  if (rows === undefined || columns === undefined) {
    throw new ShapeError(`${name}: expected at least two axes, got ${describeType(x)}`);
  }
  return [unsqueeze(iota(rows), -1), iota(columns)];
}
