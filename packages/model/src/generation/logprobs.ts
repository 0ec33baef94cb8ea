// Logarithms of the probabilities that a model gives to tokens, before anything is done to its logits.
import { largest } from "./largest.ts";

/** A token and its log-probability, in nats. */
export interface TokenLogprob {
  readonly id: number;
  /** Natural logarithm of its probability. */
  readonly logprob: number;
}

/** The probability of a generated token, and of the likeliest tokens in its place. */
export interface GeneratedLogprob extends TokenLogprob {
  /** The likeliest first; the generated token need not be among them. */
  readonly top: readonly TokenLogprob[];
}

/** log Σ exp(logits) */
export function logSumExp(logits: Float32Array): number {
  let top = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) if (logits[i]! > top) top = logits[i]!;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - top);
  return top + Math.log(sum);
}

/** How likely `logits` [vocabularySize] make the token `id`, with the `count` likeliest beside it. */
export function tokenLogprob(logits: Float32Array, id: number, count: number): GeneratedLogprob {
  const normalizer = logSumExp(logits);
  const of = (id: number): TokenLogprob => ({ id, logprob: logits[id]! - normalizer });
  return { ...of(id), top: largest(logits, count).map(of) };
}
