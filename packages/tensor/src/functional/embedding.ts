// Look-up of vectors by index.
import { ShapeError } from "../errors.ts";
import { describeType, type Tensor } from "../graph.ts";
import { gather } from "../ops/gather.ts";

/**
 * Rows of `table` [vocabulary, width] for int32 `ids` [...] → [..., width].
 *
 * @example
 * const vectors = embedding(table, tensor([[5, 2]], { dtype: "int32" })); // [1, 2, width]
 */
export function embedding(table: Tensor, ids: Tensor): Tensor {
  if (table.shape.length !== 2)
    throw new ShapeError(`embedding: expected a table [vocabulary, width], got ${describeType(table)}`);
  return gather(table, ids);
}
