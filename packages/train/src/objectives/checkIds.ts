// Checks of what goes into a model: the runtime's own message would not say which id or which length is wrong.
import { TrainError } from "../errors.ts";

/** Throws a `TrainError` for an id outside of the vocabulary; `except` is the one id below 0 that means something. */
export function checkIds(
  name: string,
  ids: ArrayLike<number>,
  vocabularySize: number,
  { except }: { except?: number } = {},
): void {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (id < vocabularySize && (id >= 0 || id === except)) continue;
    throw new TrainError(
      `Trainer: ${name} has id ${id}, the model's vocabulary is 0 to ${vocabularySize - 1} (was the data made with another tokenizer?)`,
    );
  }
}

/** Throws a `TrainError` for a sequence that the model's context does not hold. */
export function checkLength(sequenceLength: number, contextLength: number): void {
  if (sequenceLength <= contextLength) return;
  throw new TrainError(
    `Trainer: the batches have ${sequenceLength} tokens a sequence, the model's context holds ${contextLength}`,
  );
}
