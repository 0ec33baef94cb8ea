// What a model is trained for: from a model and a batch to a loss.
import type { CausalLanguageModel } from "@llm/model";
import type { RandomKey, Tensor } from "@llm/tensor";

/** One batch as tensors: inputIds and labels int32 [batch, sequence]. */
export interface BatchTensors {
  readonly inputIds: Tensor;
  /** At each place the id to predict there, or -100 for none. */
  readonly labels: Tensor;
}

/** The sum of the losses (nats) and how many targets it is over: batches of different size then weigh as they should. */
export interface SummedLoss {
  readonly sum: Tensor;
  readonly count: Tensor;
}

/** `key` is given in training and absent in evaluation. */
export type Objective = (model: CausalLanguageModel, batch: BatchTensors, key?: RandomKey) => SummedLoss;
