// What is served: a model, the tokenizer that belongs to it, and the name clients ask for.
import type { CausalLanguageModel } from "@llm/model";
import type { ChatTemplate, Tokenizer } from "@llm/tokenizer";
import { ServeError } from "./errors.ts";

/** A model with what turns its ids into text, under the name that clients call it by; `loadServed` reads one from a folder. */
export interface ServedModel {
  readonly model: CausalLanguageModel;
  readonly tokenizer: Tokenizer;
  /** The `id` in `/v1/models` and the `model` of requests. */
  readonly name: string;
  /** Tokens that end a text. Default: `eos_token_id` of the model's configuration. */
  readonly endOfTextIds?: readonly number[];
  /** Writes conversations as text, for chat completions. Default: none, and such requests are refused. */
  readonly chatTemplate?: ChatTemplate;
}

/** The tokens that end a text. */
export function endOfTextIds({ model, endOfTextIds }: ServedModel): readonly number[] {
  return endOfTextIds ?? tokenIds(model.toConfigJson().eos_token_id);
}

/** The ids in a field of config.json or generation_config.json: one id, a list of them, or null. */
export function tokenIds(field: unknown): number[] {
  return [field].flat().filter((id): id is number => Number.isInteger(id));
}

/** @throws ServeError if the tokenizer has ids the model does not know: every prompt with one would fail. */
export function checkServed({ model, tokenizer, name }: ServedModel): void {
  const { vocabularySize } = model.config;
  if (tokenizer.vocabularySize > vocabularySize) {
    throw new ServeError(
      `serve: the tokenizer of "${name}" has ${tokenizer.vocabularySize} tokens, its model knows ${vocabularySize} ` +
        "(use the tokenizer the model was trained with)",
    );
  }
}
