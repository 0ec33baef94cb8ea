// What is generated from: prompts, checked, as the decoder reads them.
import { ModelError } from "../errors.ts";
import type { CausalLanguageModel, EncoderDecoderModel } from "../model.ts";
import type { Start } from "./sequences.ts";

/** A model that text can be generated from. */
export type GenerativeModel = CausalLanguageModel | EncoderDecoderModel;

export interface Prompts {
  /** What the decoder begins with: the prompts, or the start token for each. */
  readonly starts: readonly Start[];
  /** The prompts of an encoder-decoder, for its encoder. */
  readonly sources: readonly (readonly number[])[] | undefined;
}

export function isEncoderDecoder(model: GenerativeModel): model is EncoderDecoderModel {
  return "encode" in model;
}

/** Checks prompts before anything runs. Throws a `ModelError` that names the prompt, the value and its limit. */
export function readPrompts(
  model: GenerativeModel,
  prompts: readonly ArrayLike<number>[],
  { maxNewTokens }: { maxNewTokens?: number | undefined },
): Prompts {
  if (prompts.length === 0) throw new ModelError("generate: no prompt was given (give at least one)");
  const { contextLength, vocabularySize } = model.config;
  const where = (i: number) => (prompts.length === 1 ? "the prompt" : `prompt ${i}`);
  const read = prompts.map((ids, i) => {
    if (typeof ids === "number") {
      throw new ModelError(`generate: prompts must be lists of token ids, got ${ids} (put one prompt in a list)`);
    }
    if (ids.length === 0) {
      throw new ModelError(`generate: ${where(i)} is empty (begin with the end-of-text token to start from nothing)`);
    }
    for (let at = 0; at < ids.length; at++) {
      const id = ids[at]!;
      if (Number.isInteger(id) && id >= 0 && id < vocabularySize) continue;
      const of = prompts.length === 1 ? "" : ` of ${where(i)}`;
      throw new ModelError(
        `generate: token id ${id} at position ${at}${of} is outside the vocabulary of ${vocabularySize}`,
      );
    }
    return Array.from(ids);
  });
  const starts = isEncoderDecoder(model) ? read.map(() => [model.config.decoderStartId]) : read;
  for (const [i, { length }] of starts.entries()) {
    if (length < contextLength) continue;
    throw new ModelError(
      `generate: ${where(i)} has ${length} tokens, the context holds ${contextLength} with at least one new token (shorten it)`,
    );
  }
  return {
    starts: starts.map((ids) => {
      const room = contextLength - ids.length;
      return { ids, maxNewTokens: Math.min(maxNewTokens ?? room, room) };
    }),
    sources: isEncoderDecoder(model) ? read : undefined,
  };
}
