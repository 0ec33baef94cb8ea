// Probabilities of tokens as OpenAI's completions API writes them: a list for each property, one entry a token.
import type { GeneratedLogprob, TokenLogprob } from "@llm/model";
import type { Tokenizer } from "@llm/tokenizer";
import { tokenText } from "./tokenText.ts";

/** Log-probabilities (nats) of a text's tokens, one entry a token, as OpenAI's completions give them. */
export interface CompletionLogprobs {
  readonly tokens: string[];
  /** Natural logarithms. */
  readonly token_logprobs: number[];
  /** By the token's text; null where no alternatives were asked for. */
  readonly top_logprobs: Record<string, number>[] | null;
  /** Where each token's text begins, in UTF-16 units: the tokens' own texts, one after the other. */
  readonly text_offset: number[];
}

/** Writes the tokens of one choice. */
export class LogprobWriter {
  readonly #tokenizer: Tokenizer;
  #offset = 0;

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  write({ id, logprob, top }: GeneratedLogprob): CompletionLogprobs {
    const token = tokenText(this.#tokenizer, id);
    const offset = this.#offset;
    this.#offset += token.length;
    return {
      tokens: [token],
      token_logprobs: [logprob],
      top_logprobs: top.length === 0 ? null : [this.#byText(top)],
      text_offset: [offset],
    };
  }

  /** Two tokens may be spelled alike; the likelier one comes first and stays. */
  #byText(top: readonly TokenLogprob[]): Record<string, number> {
    return Object.fromEntries([...top].reverse().map(({ id, logprob }) => [tokenText(this.#tokenizer, id), logprob]));
  }
}

/** Several tokens as one. */
export function joinLogprobs(parts: readonly CompletionLogprobs[]): CompletionLogprobs {
  const top = parts.flatMap(({ top_logprobs }) => top_logprobs ?? []);
  return {
    tokens: parts.flatMap(({ tokens }) => tokens),
    token_logprobs: parts.flatMap(({ token_logprobs }) => token_logprobs),
    top_logprobs: top.length === 0 ? null : top,
    text_offset: parts.flatMap(({ text_offset }) => text_offset),
  };
}
