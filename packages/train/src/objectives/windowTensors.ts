// From a batch of token windows to tensors.
import type { Batch } from "@llm/data";
import { type Tensor, tensor } from "@llm/tensor";

/** inputIds, labels and, of packed texts, positionIds: int32 [batch, sequence]. */
export function windowTensors({ inputIds, labels, positionIds, batchSize, sequenceLength }: Batch): {
  inputIds: Tensor;
  labels: Tensor;
  positionIds?: Tensor;
} {
  const shape = [batchSize, sequenceLength];
  return {
    inputIds: tensor(inputIds, { shape }),
    labels: tensor(labels, { shape }),
    ...(positionIds && { positionIds: tensor(positionIds, { shape }) }),
  };
}
