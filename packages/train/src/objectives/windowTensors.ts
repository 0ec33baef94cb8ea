// From a batch of token windows to tensors.
import type { Batch } from "@llm/data";
import { type Tensor, tensor } from "@llm/tensor";

/** inputIds and labels, int32 [batch, sequence]. */
export function windowTensors({ inputIds, labels, batchSize, sequenceLength }: Batch): {
  inputIds: Tensor;
  labels: Tensor;
} {
  const shape = [batchSize, sequenceLength];
  return { inputIds: tensor(inputIds, { shape }), labels: tensor(labels, { shape }) };
}
