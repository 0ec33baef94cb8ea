// Simple language models to hold a neural one against, and how they are scored on the same tokens.
import { EvaluationError } from "../errors.ts";
import { checkedByteCount, type LanguageModelScore, languageModelScore } from "../score.ts";
import { readPieces, type Tokens, tokenSource } from "../tokenSource.ts";

/** A language model without a neural network. */
export interface BaselineModel {
  /** As it stands in tables, for example `"5-gram"`. */
  readonly name: string;
  readonly vocabularySize: number;
  /** How many tokens before one it looks at. */
  readonly contextLength: number;
  /** Probability of `tokens[at]` after the tokens before it in the array; above 0, and 1 in sum over the vocabulary. */
  probability(tokens: Uint32Array, at: number): number;
}

/** Options of `evaluateBaseline`. */
export interface EvaluateBaselineOptions {
  /** UTF-8 bytes of the text, for bits per byte. Default: what the tokens say of themselves. */
  readonly byteCount?: number;
  readonly signal?: AbortSignal;
}

/**
 * The score of a baseline on the tokens that `perplexity` scores: all but the first.
 * @throws EvaluationError for fewer than two tokens or ids outside the vocabulary. What `signal` aborts with.
 */
export async function evaluateBaseline(
  model: BaselineModel,
  tokens: Tokens,
  options: EvaluateBaselineOptions = {},
): Promise<LanguageModelScore> {
  const source = tokenSource(tokens);
  const where = "evaluateBaseline";
  if (source.tokenCount < 2) {
    throw new EvaluationError(`${where}: at least 2 tokens are needed, got ${source.tokenCount}`);
  }
  const byteCount = checkedByteCount(where, options.byteCount ?? source.byteCount);
  const { contextLength: overlap, vocabularySize } = model;
  let sum = 0;
  let first = true;
  for await (const piece of readPieces(where, source, { overlap, vocabularySize, signal: options.signal })) {
    for (let at = first ? 1 : piece.from; at < piece.tokens.length; at++) {
      sum -= Math.log(model.probability(piece.tokens, at));
    }
    first = false;
  }
  return languageModelScore(sum, source.tokenCount - 1, byteCount);
}

/** Throws unless a vocabulary of this size can be used. */
export function requireVocabularySize(where: string, vocabularySize: number): void {
  if (!(Number.isInteger(vocabularySize) && vocabularySize > 0 && vocabularySize < 2 ** 31)) {
    throw new EvaluationError(`${where}: vocabularySize must be a whole number above 0, got ${vocabularySize}`);
  }
}
