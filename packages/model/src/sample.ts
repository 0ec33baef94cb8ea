// Choosing the next token from logits.
import { hostRandomBits } from "@llm/tensor";
import { ModelError } from "./errors.ts";

export interface SamplingOptions {
  /** Divides the logits; 0 takes the likeliest token. Default 1. */
  temperature?: number;
  /** Only the k likeliest tokens stay. Default 0: all. */
  topK?: number;
  /** Only the likeliest tokens whose probabilities add up to p stay (Holtzman et al. 2020). Default 1: all. */
  topP?: number;
  /** Whole number that makes the draw repeatable. Default 0. */
  seed?: number;
}

/** Throws a `ModelError` that names the option outside its limits. */
export function checkSampling({ temperature = 1, topK = 0, topP = 1, seed = 0 }: SamplingOptions): void {
  if (!(temperature >= 0)) throw new ModelError(`sampling: temperature must be at least 0, got ${temperature}`);
  if (!(Number.isInteger(topK) && topK >= 0))
    throw new ModelError(`sampling: topK must be a whole number, at least 0, got ${topK}`);
  if (!(topP > 0 && topP <= 1)) throw new ModelError(`sampling: topP must be above 0 and at most 1, got ${topP}`);
  if (!Number.isSafeInteger(seed)) throw new ModelError(`sampling: seed must be a whole number, got ${seed}`);
}

/** The index drawn from `logits` [vocabulary]; `step` makes each draw of a sequence its own. */
export function sampleToken(logits: Float32Array, options: SamplingOptions, step: number): number {
  const { temperature = 1, topK = 0, topP = 1, seed = 0 } = options;
  const best = argMax(logits);
  if (Number.isNaN(logits[best]!))
    throw new ModelError("sampling: the logits are NaN (the model's weights may be damaged)");
  if (temperature === 0 || topK === 1) return best;
  const candidates = keepLikeliest(logits, best, { temperature, topK, topP });
  const total = candidates.reduce((sum, { weight }) => sum + weight, 0);
  let rest = (hostRandomBits(seed, `token ${step}`, 1)[0]! / 2 ** 32) * total;
  for (const { id, weight } of candidates) {
    rest -= weight;
    if (rest < 0) return id;
  }
  return candidates.at(-1)!.id;
}

function argMax(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (!(logits[i]! <= logits[best]!)) best = i;
  return best;
}

/** Tokens that survive topK and topP with their unnormalised probabilities. */
function keepLikeliest(logits: Float32Array, best: number, options: Required<Omit<SamplingOptions, "seed">>) {
  const { temperature, topK, topP } = options;
  const weighted = Array.from(logits, (logit, id) => ({ id, weight: Math.exp((logit - logits[best]!) / temperature) }));
  if (topK === 0 && topP === 1) return weighted;
  weighted.sort((a, b) => b.weight - a.weight || a.id - b.id);
  const kept = topK > 0 ? weighted.slice(0, topK) : weighted;
  if (topP === 1) return kept;
  const total = kept.reduce((sum, { weight }) => sum + weight, 0);
  let reached = 0;
  const end = kept.findIndex(({ weight }) => {
    reached += weight;
    return reached >= topP * total;
  });
  return end < 0 ? kept : kept.slice(0, end + 1);
}
