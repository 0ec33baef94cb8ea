// Encoded texts as examples: what the objectives on encoders have in common.
import type { EncoderForwardOptions, PretrainedModel } from "@llm/model";
import type { RandomKey, Tensor } from "@llm/tensor";
import { TrainError } from "../errors.ts";
import type { NamedTensors } from "../optimizers/optimizer.ts";
import { checkExampleLength, checkIds, lengthOf } from "./checkIds.ts";
import { randomness, type Targets } from "./logitsObjective.ts";
import { attentionMaskOf, type PaddingOptions, paddedLength, padRows, tokensIn } from "./padding.ts";

/** A text, or a pair of texts, as a tokenizer encodes it, without padding. */
export interface TextExample {
  readonly inputIds: ArrayLike<number>;
  /** The segment of each token, where the model has segments. Default all 0. */
  readonly tokenTypeIds?: ArrayLike<number>;
}

/** What objectives need of an encoder with a head that gives `Output`; `BertForMaskedLM` and its like are one. */
export interface EncoderModel<Output> extends PretrainedModel {
  readonly config: EncoderLimits;
  forward(inputIds: Tensor, options?: EncoderForwardOptions): Output;
}

export interface EncoderLimits {
  readonly vocabularySize: number;
  readonly contextLength: number;
  readonly paddingId: number;
  readonly tokenTypes: number;
  readonly labels: readonly string[];
  /** What the labels of whole texts are, where the model says. */
  readonly problemType?: string | undefined;
}

/** Texts as tensors, int32 [batch, length] each. */
export interface TextInputs {
  readonly inputs: { readonly inputIds: Tensor; readonly attentionMask?: Tensor; readonly tokenTypeIds?: Tensor };
  readonly tokens: number;
  readonly length: number;
}

/** Pads the texts of a batch. */
export function textInputs(
  examples: readonly TextExample[],
  limits: EncoderLimits,
  padding: PaddingOptions,
): TextInputs {
  const rows = examples.map(({ inputIds }) => inputIds);
  const length = paddedLength(rows, padding, limits.contextLength);
  const types =
    examples.some(({ tokenTypeIds }) => tokenTypeIds) && examples.map(({ tokenTypeIds = [] }) => tokenTypeIds);
  return {
    inputs: {
      inputIds: padRows(rows, length, limits.paddingId),
      ...attentionMaskOf(rows, length),
      ...(types && { tokenTypeIds: padRows(types, length, 0) }),
    },
    tokens: tokensIn(rows),
    length,
  };
}

/** Throws a `TrainError` for a text that the model cannot take. */
export function checkText({ inputIds, tokenTypeIds }: TextExample, limits: EncoderLimits, example: number): void {
  checkExampleLength(lengthOf("inputIds", inputIds, example), limits.contextLength, example);
  checkIds("inputIds", inputIds, limits.vocabularySize, { example });
  if (!tokenTypeIds) return;
  if (tokenTypeIds.length !== inputIds.length) {
    throw new TrainError(
      `Trainer: example ${example} has ${inputIds.length} tokens and ${tokenTypeIds.length} tokenTypeIds (give each token one)`,
    );
  }
  checkIds("tokenTypeIds", tokenTypeIds, limits.tokenTypes, { example });
}

/** The options of an encoder's forward: those among the inputs, and the key of a training. */
export function encoderOptions(
  { attentionMask, tokenTypeIds }: NamedTensors,
  key: RandomKey | undefined,
): EncoderForwardOptions {
  return { attentionMask, tokenTypeIds, ...randomness(key) };
}

/** What an encoder's head says of the inputs, and their labels. */
export function encoderTargets(model: EncoderModel<Tensor>, inputs: NamedTensors, key: RandomKey | undefined): Targets {
  return { logits: model.forward(inputs.inputIds!, encoderOptions(inputs, key)), labels: inputs.labels! };
}
