// Which tokens a model sees together and which of them count: overlapping windows, as in Hugging Face's guide to the perplexity
// of fixed-length models. Plain arithmetic; nothing is read here.

/** A window of tokens, of which those from `scoredFrom` on count. */
export interface Window {
  /** Place of its first token in the stream. */
  readonly start: number;
  /** Tokens in it; the last window of a stream may have fewer than the others. */
  readonly length: number;
  /** Place in the stream of the first token that counts; each token but the very first counts in exactly one window. */
  readonly scoredFrom: number;
}

/** The window number `index` of a stream of `tokenCount` tokens. */
export function windowAt(
  index: number,
  { tokenCount, windowLength, stride }: { tokenCount: number; windowLength: number; stride: number },
): Window {
  const start = index * stride;
  const length = Math.min(windowLength, tokenCount - start);
  return { start, length, scoredFrom: index === 0 ? 1 : start - stride + windowLength };
}

/** How many windows it takes until the last token is in one. */
export function windowCount({
  tokenCount,
  windowLength,
  stride,
}: {
  tokenCount: number;
  windowLength: number;
  stride: number;
}): number {
  return tokenCount <= windowLength ? 1 : Math.ceil((tokenCount - windowLength) / stride) + 1;
}
