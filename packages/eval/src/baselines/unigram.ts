// Tokens by their frequency, without any context.
import { readPieces, type Tokens, tokenSource } from "../tokenSource.ts";
import { type BaselineModel, requireVocabularySize } from "./baseline.ts";

/** Options of `unigramModel`. */
export interface UnigramOptions {
  readonly vocabularySize: number;
  readonly signal?: AbortSignal;
}

/**
 * Counts tokens; one is added to each count (Laplace), so that no token is impossible.
 * @throws EvaluationError for ids outside the vocabulary. What `signal` aborts with.
 */
export async function unigramModel(tokens: Tokens, options: UnigramOptions): Promise<BaselineModel> {
  const { vocabularySize, signal } = options;
  requireVocabularySize("unigramModel", vocabularySize);
  const source = tokenSource(tokens);
  const counts = new Float64Array(vocabularySize).fill(1);
  for await (const piece of readPieces("unigramModel", source, { overlap: 0, vocabularySize, signal })) {
    for (const token of piece.tokens) counts[token]! += 1;
  }
  const total = source.tokenCount + vocabularySize;
  return {
    name: "unigram",
    vocabularySize,
    contextLength: 0,
    probability: (tokens, at) => counts[tokens[at]!]! / total,
  };
}
