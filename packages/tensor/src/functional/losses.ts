// Losses over batches, from the row-wise rules in fused/.
import { ShapeError } from "../errors.ts";
import { crossEntropyRows } from "../fused/crossEntropy.ts";
import { describeShape, type Tensor } from "../graph.ts";
import { sum } from "../ops/broadcast.ts";
import { cast, div, equal, logicalNot, maximum } from "../ops/elementwise.ts";
import { reshape } from "../ops/movement.ts";
import { shapesEqual } from "../shape.ts";

/** Which targets `crossEntropy` counts, and how. */
export interface CrossEntropyOptions {
  /** Targets with this value do not count. Default -100. */
  ignoreIndex?: number;
  /** `"mean"` over the targets that count (default; 0 if none does), `"sum"`, or `"none"` for one loss per target. */
  reduction?: "mean" | "sum" | "none";
}

/**
 * Cross-entropy (nats) of logits [..., classes] against int32 class indices [...].
 *
 * @example
 * const loss = crossEntropy(logits, targets, { ignoreIndex: -100 }); // logits [batch, time, classes], targets [batch, time]
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { ignoreIndex = -100, reduction = "mean" } = options;
  const classes = logits.shape.at(-1);
  if (classes === undefined || !shapesEqual(targets.shape, logits.shape.slice(0, -1))) {
    throw new ShapeError(
      `crossEntropy: targets must have the shape of the logits without the last axis: ${describeShape(logits.shape)} and ${describeShape(targets.shape)}`,
    );
  }
  const flatTargets = reshape(targets, [-1]);
  const losses = crossEntropyRows(reshape(logits, [-1, classes]), flatTargets, ignoreIndex);
  if (reduction === "none") return reshape(losses, targets.shape);
  if (reduction === "sum") return sum(losses);
  const counted = sum(cast(logicalNot(equal(flatTargets, ignoreIndex)), logits.dtype));
  return div(sum(losses), maximum(counted, 1));
}
