// Takes one token by its scores: the likeliest, or one drawn by its probability.
import { hostRandomBits } from "@llm/tensor";
import { ModelError } from "../errors.ts";
import { argMax } from "./largest.ts";

/** The token with the largest score. Throws a `ModelError` where no token has a finite one. */
export function likeliestToken(scores: Float32Array): number {
  const best = argMax(scores);
  const score = scores[best]!;
  if (Number.isFinite(score)) return best;
  if (score === Number.NEGATIVE_INFINITY) throw everythingRuledOut();
  throw new ModelError(`generate: a logit is ${score} (the model's weights may be damaged)`);
}

export function everythingRuledOut(): ModelError {
  return new ModelError("generate: every token is ruled out (relax noRepeatNgramSize, logitBias or logitsProcessors)");
}

/** A token drawn from softmax(scores). `seed` and `place`, a name for the draw, decide which. */
export function drawToken(scores: Float32Array, { seed, place }: { seed: number; place: string }): number {
  const best = likeliestToken(scores);
  const weights = new Float64Array(scores.length);
  let total = 0;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] !== Number.NEGATIVE_INFINITY) total += weights[i] = Math.exp(scores[i]! - scores[best]!);
  }
  let rest = (hostRandomBits(seed, place, 1)[0]! / 2 ** 32) * total;
  for (let i = 0; i < weights.length; i++) {
    rest -= weights[i]!;
    if (rest < 0) return i;
  }
  return best;
}
