// The shape of a parsed `tokenizer.json`.

/** The parsed content of a `tokenizer.json`; its parts are those of Hugging Face `tokenizers`. */
export interface TokenizerJson {
  readonly version: string;
  readonly truncation: unknown;
  readonly padding: unknown;
  readonly added_tokens: readonly unknown[];
  readonly normalizer: unknown;
  readonly pre_tokenizer: unknown;
  readonly post_processor: unknown;
  readonly decoder: unknown;
  readonly model: unknown;
}

/** Everything of a `tokenizer.json` but its model and added tokens, which are written from the tables. */
export type TokenizerShell = Omit<TokenizerJson, "added_tokens" | "model">;
