// Checks of what goes into a model: the runtime's own message would not say which id or which length is wrong.
import { TrainError } from "../errors.ts";

export interface IdLimits {
  /** The one id below 0 that means something. */
  readonly except?: number;
  /** Which of several examples it is, for errors. */
  readonly example?: number;
}

/** Throws a `TrainError` for an id outside of the vocabulary. */
export function checkIds(
  name: string,
  ids: ArrayLike<number>,
  vocabularySize: number,
  { except, example }: IdLimits = {},
): void {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (Number.isInteger(id) && id < vocabularySize && (id >= 0 || id === except)) continue;
    const where = example === undefined ? name : `${name} of example ${example}`;
    throw new TrainError(
      `Trainer: ${where} has id ${id}, the model's vocabulary is 0 to ${vocabularySize - 1} (was the data made with another tokenizer?)`,
    );
  }
}

/** Throws a `TrainError` for a sequence that the model's context does not hold. */
export function checkLength(sequenceLength: number, contextLength: number): void {
  if (sequenceLength <= contextLength) return;
  if (sequenceLength === undefined) {
    throw new TrainError(
      "Trainer: the batches must be windows of tokens (dataset.batches of @llm/data), or give the objective that they are for",
    );
  }
  throw new TrainError(
    `Trainer: the batches have ${sequenceLength} tokens a sequence, the model's context holds ${contextLength}`,
  );
}

/** The number of an example's tokens. Throws a `TrainError` where it has none of that name. */
export function lengthOf(name: string, ids: ArrayLike<number>, example: number): number {
  if (ids?.length !== undefined) return ids.length;
  throw new TrainError(`Trainer: example ${example} has no ${name} (the ids that the tokenizer's encode gives)`);
}

/** Throws a `TrainError` for an example without tokens, or with more than the context holds. */
export function checkExampleLength(length: number, contextLength: number, example: number): void {
  if (length > 0 && length <= contextLength) return;
  const advice = length > 0 ? "cut it when it is encoded" : "leave it out";
  throw new TrainError(
    `Trainer: example ${example} has ${length} tokens, the model's context holds 1 to ${contextLength} (${advice})`,
  );
}

/** Throws a `TrainError` for a label that is none of the model's classes. */
export function checkLabel(label: number, classes: number, example: number): void {
  if (Number.isInteger(label) && label >= 0 && label < classes) return;
  throw new TrainError(
    `Trainer: the label of example ${example} is ${label}, the model's classes are 0 to ${classes - 1} (make the model with the labels of the data)`,
  );
}

/** Throws a `TrainError` for a tokenizer, or data made with one, whose ids the model does not have. */
export function checkVocabulary(where: string, tokenizerSize: number | undefined, vocabularySize: number): void {
  if (tokenizerSize === undefined || tokenizerSize <= vocabularySize) return;
  throw new TrainError(
    `${where}: the tokenizer of the data has ${tokenizerSize} tokens, the model's vocabulary ${vocabularySize} (use the tokenizer the model was made for, or resizeVocabulary(model, ${tokenizerSize}) of @llm/model)`,
  );
}
