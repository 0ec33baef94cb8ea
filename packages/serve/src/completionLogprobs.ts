// Probabilities of tokens as OpenAI's completions API writes them: a list for each property, one entry a token.
import type { GeneratedLogprob, TokenLogprob } from "@llm/model";
import type { Tokenizer } from "@llm/tokenizer";
import { tokenText } from "./tokenText.ts";

/** Log-probabilities (nats) of a text's tokens, one entry a token, as OpenAI's completions give them. */
export interface CompletionLogprobs {
  readonly tokens: string[];
  /** Natural logarithms; null for the first token of a prompt, which nothing comes before. */
  readonly token_logprobs: (number | null)[];
  /** By the token's text; null where no alternatives were asked for, and for the first token of a prompt. */
  readonly top_logprobs: (Record<string, number> | null)[] | null;
  /** Where each token's text begins, in UTF-16 units: the tokens' own texts, one after the other. */
  readonly text_offset: number[];
}

/** A token of a prompt or a text; the first of a prompt has no probability. */
export type ScoredToken = GeneratedLogprob | { readonly id: number; readonly logprob: null; readonly top: readonly [] };

/** Writes the tokens of one choice. */
export class LogprobWriter {
  readonly #tokenizer: Tokenizer;
  #offset = 0;

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  /** Those that follow what was written before. */
  write(scored: readonly ScoredToken[]): CompletionLogprobs {
    const tokens = scored.map(({ id }) => tokenText(this.#tokenizer, id));
    const alternatives = scored.map(({ top }) => (top.length > 0 ? this.#byText(top) : null));
    return {
      tokens,
      token_logprobs: scored.map(({ logprob }) => logprob),
      top_logprobs: alternatives.some((each) => each) ? alternatives : null,
      text_offset: tokens.map((token) => {
        const offset = this.#offset;
        this.#offset += token.length;
        return offset;
      }),
    };
  }

  /** Two tokens may be spelled alike; the likelier one comes first and stays. */
  #byText(top: readonly TokenLogprob[]): Record<string, number> {
    return Object.fromEntries([...top].reverse().map(({ id, logprob }) => [tokenText(this.#tokenizer, id), logprob]));
  }
}
