// What every evaluation of a language model ends in: the negative log-likelihood of the tokens, in the units people compare.
import { EvaluationError } from "./errors.ts";

/** How well a model predicts a text. Scores of one text compare across models; across tokenizers only `bitsPerByte` does. */
export interface LanguageModelScore {
  /** Sum over the scored tokens of -ln p(token | tokens before it), in nats. */
  readonly negativeLogLikelihood: number;
  /** Scored tokens: all but the first, which has nothing before it. */
  readonly tokens: number;
  /** exp of the mean negative log-likelihood. */
  readonly perplexity: number;
  readonly bitsPerToken: number;
  /** The sum in bits over the UTF-8 bytes of the text; only where the number of bytes is known. */
  readonly bitsPerByte?: number;
}

/** The score of `tokens` tokens with the given sum of -ln p, made from a text of `byteCount` bytes. */
export function languageModelScore(
  negativeLogLikelihood: number,
  tokens: number,
  byteCount: number | undefined,
): LanguageModelScore {
  const bits = negativeLogLikelihood / Math.LN2;
  return {
    negativeLogLikelihood,
    tokens,
    perplexity: Math.exp(negativeLogLikelihood / tokens),
    bitsPerToken: bits / tokens,
    ...(byteCount === undefined ? {} : { bitsPerByte: bits / byteCount }),
  };
}

/** The number of bytes to divide by: what the caller says, else what the tokens say of themselves. */
export function checkedByteCount(where: string, byteCount: number | undefined): number | undefined {
  if (byteCount !== undefined && !(byteCount > 0 && Number.isFinite(byteCount))) {
    throw new EvaluationError(`${where}: byteCount must be above 0, got ${byteCount} (the UTF-8 bytes of the text)`);
  }
  return byteCount;
}
