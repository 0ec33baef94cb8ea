// Cross-entropy of logits against class indices, row by row; its gradient is softmax minus one-hot.
import { requireFloat } from "../dtype.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import { describeShape, describeType, type Tensor } from "../graph.ts";
import { broadcastTo } from "../ops/broadcast.ts";
import { constant } from "../ops/create.ts";
import { add, equal, log, mul, sub, where } from "../ops/elementwise.ts";
import { gatherElements, scatterElementsAdd } from "../ops/gather.ts";
import { reshape } from "../ops/movement.ts";
import { defineFusedOp, record } from "../ops/op.ts";
import { after } from "../ops/order.ts";
import { max } from "../ops/reduce.ts";
import { shapesEqual } from "../shape.ts";
import { gradientOfSoftmax, softmax } from "./softmax.ts";

type CrossEntropyAttributes = { ignoreIndex: number };

/** Outputs: the losses and the probabilities, which the gradient needs. */
export const crossEntropyRowsOp = defineFusedOp<CrossEntropyAttributes>({
  name: "crossEntropyRows",
  precision: "float32",
  infer: ([logits, targets]) => {
    requireFloat("crossEntropy", logits!.dtype);
    if (targets!.dtype !== "int32")
      throw new DTypeError(`crossEntropy: targets must be int32, got ${describeType(targets!)} (cast them first)`);
    if (logits!.shape.length !== 2 || !shapesEqual(targets!.shape, logits!.shape.slice(0, 1))) {
      throw new ShapeError(
        `crossEntropy: expected logits [N, classes] and targets [N], got ${describeShape(logits!.shape)} and ${describeShape(targets!.shape)}`,
      );
    }
    const { dtype, shape } = logits!;
    return [
      { dtype, shape: targets!.shape },
      { dtype, shape },
    ];
  },
  compose: ([logits, targets], { ignoreIndex }) => {
    const { shape } = targets!;
    const ignored = equal(targets!, ignoreIndex);
    const column = reshape(where(ignored, 0, targets!), [shape[0]!, 1]);
    const chosen = reshape(gatherElements(logits!, column, 1), shape);
    // A NaN among the logits is in every probability of its row.
    const largest = (x: Tensor) => max(x, -1, { ignoresNaN: true });
    const largestLogit = largest(logits!);
    // Nothing reads the logits after softmax, so that the probabilities may take their memory.
    const probabilities = softmax(after([logits!], [chosen, largestLogit])[0]!);
    // log(sum(exp(logits))) without another array as large as the logits: the largest probability is at least 1 / classes.
    const normalizer = sub(largestLogit, log(largest(probabilities)));
    return [where(ignored, 0, sub(normalizer, chosen)), probabilities];
  },
  vjp: ({
    inputs: [, targets],
    outputs: [losses, probabilities],
    gradients: [ofLosses, ofProbabilities],
    attributes,
  }) => {
    const parts = [
      // The gradient is written over the probabilities, once the losses are computed.
      ofLosses && gradientOfLosses(after([ofLosses], [losses!])[0]!, targets!, probabilities!, attributes),
      // Only where the gradient is differentiated again.
      ofProbabilities && gradientOfSoftmax(ofProbabilities, probabilities!),
    ].filter((part) => part !== undefined);
    return [parts.reduce(add), undefined];
  },
});

/** Softmax minus one-hot, one element a row, scaled. */
function gradientOfLosses(
  gradient: Tensor,
  targets: Tensor,
  probabilities: Tensor,
  { ignoreIndex }: CrossEntropyAttributes,
): Tensor {
  const [rows, classes] = probabilities.shape;
  const ignored = equal(targets, ignoreIndex);
  const weight = reshape(where(ignored, 0, gradient), [rows!, 1]);
  const place = reshape(where(ignored, 0, targets), [rows!, 1]);
  const minusOne = broadcastTo(constant(-1, probabilities.dtype), [rows!, 1]);
  return mul(scatterElementsAdd(place, minusOne, { axis: 1, size: classes!, onto: probabilities }), weight);
}

/** -log softmax(logits)[target] for each row: logits [N, classes], targets int32 [N]; rows with `ignoreIndex` give 0. */
export function crossEntropyRows(logits: Tensor, targets: Tensor, ignoreIndex: number): Tensor {
  return record(crossEntropyRowsOp, [logits, targets], { ignoreIndex })[0]!;
}
