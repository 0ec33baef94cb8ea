// What all trainers have in common: checks of their options, and special tokens as tokenizer.json has them.

import { TokenizerError } from "./errors.ts";

/** @throws TokenizerError for a size that is not a whole number from `smallest` to `largest` */
export function checkVocabularySize(where: string, size: number, smallest: number, largest: number): void {
  if (Number.isInteger(size) && size >= smallest && size <= largest) return;
  throw new TokenizerError(
    `${where}: vocabularySize must be a whole number from ${smallest} to ${largest}, got ${size}`,
  );
}

/** @throws TokenizerError for a special token that is empty or comes twice */
export function checkSpecialTokens(where: string, tokens: readonly string[]): void {
  if (new Set(tokens).size === tokens.length && !tokens.includes("")) return;
  throw new TokenizerError(`${where}: specialTokens must be different and not empty, got ${tokens.join(", ")}`);
}

/** The `added_tokens` of `tokenizer.json`; a token's place is its id. */
export function addedSpecialTokens(tokens: readonly string[]): object[] {
  return tokens.map((content, id) => ({
    ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  }));
}
