// Cross-entropy of logits against class indices, row by row; its gradient is softmax minus one-hot.
import { requireFloat } from "../dtype.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import { describeShape, describeType, type Tensor } from "../graph.ts";
import { iota } from "../ops/create.ts";
import { cast, equal, mul, neg, sub, where } from "../ops/elementwise.ts";
import { gatherElements } from "../ops/gather.ts";
import { reshape } from "../ops/movement.ts";
import { apply, defineFusedOp } from "../ops/op.ts";
import { shapesEqual } from "../shape.ts";
import { logSoftmax, softmax } from "./softmax.ts";

type CrossEntropyAttributes = { ignoreIndex: number };

export const crossEntropyRowsOp = defineFusedOp<CrossEntropyAttributes>({
  name: "crossEntropyRows",
  precision: "float32",
  infer: ([logits, targets]) => {
    requireFloat("crossEntropy", logits!.dtype);
    if (targets!.dtype !== "int32")
      throw new DTypeError(`crossEntropy: targets must be int32, got ${describeType(targets!)}`);
    if (logits!.shape.length !== 2 || !shapesEqual(targets!.shape, logits!.shape.slice(0, 1))) {
      throw new ShapeError(
        `crossEntropy: expected logits [N, classes] and targets [N], got ${describeShape(logits!.shape)} and ${describeShape(targets!.shape)}`,
      );
    }
    return { dtype: logits!.dtype, shape: targets!.shape };
  },
  compose: ([logits, targets], { ignoreIndex }) => {
    const ignored = equal(targets!, ignoreIndex);
    const column = reshape(where(ignored, 0, targets!), [targets!.shape[0]!, 1]);
    const chosen = reshape(gatherElements(logSoftmax(logits!), column, 1), targets!.shape);
    return where(ignored, 0, neg(chosen));
  },
  vjp: ({ gradient, inputs: [logits, targets], attributes: { ignoreIndex } }) => {
    const column = [targets!.shape[0]!, 1];
    const isTarget = equal(reshape(targets!, column), iota(logits!.shape[1]!));
    const weight = where(equal(targets!, ignoreIndex), 0, gradient);
    return [mul(sub(softmax(logits!), cast(isTarget, logits!.dtype)), reshape(weight, column)), undefined];
  },
});

/** -log softmax(logits)[target] for each row: logits [N, classes], targets int32 [N]; rows with `ignoreIndex` give 0. */
export function crossEntropyRows(logits: Tensor, targets: Tensor, ignoreIndex: number): Tensor {
  return apply(crossEntropyRowsOp, [logits, targets], { ignoreIndex });
}
