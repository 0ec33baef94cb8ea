// What the objectives of encoder-decoders have in common: one sequence is read, another is written.
import type { EncoderDecoderModel } from "@llm/model";
import type { NamedTensors } from "../optimizers/optimizer.ts";
import { checkExampleLength, checkIds, lengthOf } from "./checkIds.ts";
import { randomness, type Targets } from "./logitsObjective.ts";
import type { PreparedBatch } from "./objective.ts";
import { attentionMaskOf, type PaddingOptions, paddedLength, padRows, tokensIn } from "./padding.ts";
import { ignoreIndex } from "./targets.ts";

/** What is read and what is to be written, both without padding. */
export interface SequencePair {
  readonly inputIds: ArrayLike<number>;
  /** Ends, where the model is to stop, with the token that says so. */
  readonly labels: ArrayLike<number>;
}

/** Throws a `TrainError` for a pair that the model cannot take. */
export function checkPair({ inputIds, labels }: SequencePair, { config }: EncoderDecoderModel, example: number): void {
  checkExampleLength(lengthOf("inputIds", inputIds, example), config.contextLength, example);
  checkExampleLength(lengthOf("labels", labels, example), config.contextLength, example);
  checkIds("inputIds", inputIds, config.vocabularySize, { example });
  checkIds("labels", labels, config.vocabularySize, { example });
}

/** Pads the pairs of a batch. */
export function pairInputs(
  pairs: readonly SequencePair[],
  { config }: EncoderDecoderModel,
  padding: PaddingOptions,
): PreparedBatch {
  const [sources, targets] = [pairs.map(({ inputIds }) => inputIds), pairs.map(({ labels }) => labels)];
  const length = paddedLength(sources, padding, config.contextLength);
  return {
    inputs: {
      // What padding holds makes no difference: nothing sees it.
      inputIds: padRows(sources, length, 0),
      ...attentionMaskOf(sources, length),
      labels: padRows(targets, paddedLength(targets, padding, config.contextLength), ignoreIndex),
    },
    tokens: tokensIn(sources) + tokensIn(targets),
  };
}

/** The logits of what is to be written, each place given all before it. */
export function pairTargets(
  model: EncoderDecoderModel,
  { inputIds, attentionMask, labels }: NamedTensors,
  key: Parameters<typeof randomness>[0],
): Targets {
  const decoderInputIds = model.shiftRight(labels!);
  return { logits: model.forward(inputIds!, { attentionMask, decoderInputIds, ...randomness(key) }), labels: labels! };
}
