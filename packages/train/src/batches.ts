// From a batch of @llm/data to tensors.
import type { Batch } from "@llm/data";
import { tensor } from "@llm/tensor";
import { TrainError } from "./errors.ts";
import type { BatchTensors } from "./objectives/objective.ts";

export function toTensors({ inputIds, labels, batchSize, sequenceLength }: Batch): BatchTensors {
  const shape = [batchSize, sequenceLength];
  return { inputIds: tensor(inputIds, { shape }), labels: tensor(labels, { shape }) };
}

/** Throws a `TrainError` for a batch that the model cannot take: the runtime's own message would not say which. */
export function checkBatch(batch: Batch, limits: { vocabularySize: number; contextLength: number }): void {
  const { inputIds, labels, sequenceLength } = batch;
  if (sequenceLength > limits.contextLength) {
    throw new TrainError(
      `Trainer: the batches have ${sequenceLength} tokens a sequence, the model's context holds ${limits.contextLength}`,
    );
  }
  for (const [name, ids, lowest] of [
    ["inputIds", inputIds, 0],
    ["labels", labels, -100],
  ] as const) {
    for (const id of ids) {
      if (id >= limits.vocabularySize || (id < 0 && id !== lowest)) {
        throw new TrainError(
          `Trainer: ${name} has id ${id}, the model's vocabulary is 0 to ${limits.vocabularySize - 1} (was the data made with another tokenizer?)`,
        );
      }
    }
  }
}
