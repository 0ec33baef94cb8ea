// The sum of the squares of all elements: what a gradient's norm is made of.
import { requireFloat } from "../dtype.ts";
import type { Tensor } from "../graph.ts";
import { sum } from "../ops/broadcast.ts";
import { mul } from "../ops/elementwise.ts";
import { apply, defineFusedOp, widenBfloat16 } from "../ops/op.ts";

export const sumOfSquaresOp = defineFusedOp({
  name: "sumOfSquares",
  infer: ([x]) => {
    requireFloat("sumOfSquares", x!.dtype);
    return { dtype: x!.dtype, shape: [] };
  },
  compose: ([x]) => sum(mul(x!, x!)),
  vjp: ({ gradient, inputs: [x] }) => [mul(mul(x!, 2), gradient)],
  onnx: (emit, inputs) => emit.node("ReduceSumSquare", inputs, { keepdims: { int: 0 } }),
  widen: widenBfloat16,
  precision: "float32",
});

/** Sum of x² over all elements, a scalar. */
export function sumOfSquares(x: Tensor): Tensor {
  return apply(sumOfSquaresOp, [x], {});
}
