// The share of examples for which something holds.
import { type Tensor, where } from "@llm/tensor";
import type { Targets } from "./logitsObjective.ts";
import type { Scorer } from "./objective.ts";
import { correct, targetMask } from "./targets.ts";

/** 1 for a row of the batch whose targets all have the largest logit, otherwise 0: float32 [batch]. */
export function rowsAllCorrect({ logits, labels }: Targets): Tensor {
  const wrong = targetMask(labels).sub(correct(logits, labels)).sum(-1);
  return where(wrong.greater(0), 0, 1).cast("float32");
}

/** Counts the prediction `name`, a number for each example, and tells its mean. */
export function shareScorer(name: string): Scorer<unknown> {
  let sum = 0;
  let count = 0;
  return {
    add(_, predictions) {
      const { data } = predictions[name]!;
      for (const value of data) sum += Number(value);
      count += data.length;
    },
    result: () => ({ [name]: sum / Math.max(count, 1) }),
  };
}
