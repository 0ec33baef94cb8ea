// Losses and counts over the places that have a target.
import { argMax, cast, equal, logicalNot, type Tensor } from "@llm/tensor";
import type { SummedLoss } from "./objective.ts";

/** The label of a place without a target, as in PyTorch. */
export const ignoreIndex = -100;

/** 1 where there is a target, otherwise 0; float32 in the shape of the labels. */
export function targetMask(labels: Tensor): Tensor {
  return cast(logicalNot(equal(labels, ignoreIndex)), "float32");
}

/** Cross-entropy of logits [..., classes] against labels int32 [...], over the places whose label is not -100. */
export function crossEntropySum(logits: Tensor, labels: Tensor): SummedLoss {
  return {
    sum: logits.crossEntropy(labels, { reduction: "sum", ignoreIndex }),
    count: targetMask(labels).sum(),
  };
}

/** 1 where the largest of the logits [..., classes] is the label's, otherwise 0; float32 in the shape of the labels. */
export function correct(logits: Tensor, labels: Tensor): Tensor {
  return cast(equal(argMax(logits, -1), labels), "float32");
}
