// What this package asks of a tokenizer, so that any tokenizer will do.

/** Turns text into token ids. A `Tokenizer` of `@llm/tokenizer` is one. */
export interface TokenEncoder {
  /** Token ids are below this. */
  readonly vocabularySize: number;
  encode(text: string): ArrayLike<number>;
}
