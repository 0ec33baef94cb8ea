// What objectives ask of a tokenizer, so that any tokenizer will do.

/** A `Tokenizer` of `@llm/tokenizer` is one. */
export interface TokenVocabulary {
  /** Token ids are below this. */
  readonly vocabularySize: number;
  /** The special tokens and their ids. */
  readonly specialTokens: ReadonlyMap<string, number>;
  tokenToId(token: string): number | undefined;
  idToToken(id: number): string | undefined;
}

/**
 * For each id 1 if its token begins a word, otherwise 0, by how the vocabulary spells words: WordPiece marks what goes on (`##`),
 * byte-level BPE and SentencePiece mark what begins (`Ġ`, `▁`).
 */
export function wordStarts(vocabulary: TokenVocabulary): Uint8Array {
  const tokens = Array.from({ length: vocabulary.vocabularySize }, (_, id) => vocabulary.idToToken(id) ?? "");
  const isWordPiece = tokens.some((token) => token.length > 2 && token.startsWith("##"));
  const starts = isWordPiece ? (token: string) => !token.startsWith("##") : (token: string) => /^[Ġ▁Ċ]/.test(token);
  const special = new Set(vocabulary.specialTokens.values());
  return Uint8Array.from(tokens, (token, id) => Number(special.has(id) || starts(token)));
}
