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
  if (!(temperature >= 0 && Number.isFinite(temperature))) {
    throw new ModelError(`sampling: temperature must be a number, at least 0, got ${temperature}`);
  }
  if (!(Number.isInteger(topK) && topK >= 0))
    throw new ModelError(`sampling: topK must be a whole number, at least 0, got ${topK}`);
  if (!(topP > 0 && topP <= 1)) throw new ModelError(`sampling: topP must be above 0 and at most 1, got ${topP}`);
  if (!Number.isSafeInteger(seed)) throw new ModelError(`sampling: seed must be a whole number, got ${seed}`);
}

/** The index drawn from `logits` [vocabulary]; `step` makes each draw of a sequence its own. */
export function sampleToken(logits: Float32Array, options: SamplingOptions, step: number): number {
  const { temperature = 1, topK = 0, topP = 1, seed = 0 } = options;
  const best = argMax(logits);
  if (!Number.isFinite(logits[best])) {
    throw new ModelError(`sampling: a logit is ${logits[best]} (the model's weights may be damaged)`);
  }
  if (temperature === 0 || topK === 1) return best;
  const weights = weightsOf(logits, logits[best]!, temperature);
  const kept = topK === 0 && topP === 1 ? undefined : likeliest(weights, topK, topP);
  const count = kept?.length ?? weights.length;
  const tokenAt = (i: number) => kept?.[i] ?? i;
  const total = kept ? sumAt(weights, kept) : sum(weights);
  let rest = (hostRandomBits(seed, `token ${step}`, 1)[0]! / 2 ** 32) * total;
  for (let i = 0; i < count; i++) {
    rest -= weights[tokenAt(i)]!;
    if (rest < 0) return tokenAt(i);
  }
  return best;
}

/** The index of the largest logit, or of the first that is NaN. */
function argMax(logits: Float32Array): number {
  let best = 0;
  for (let i = 0; i < logits.length; i++) {
    if (Number.isNaN(logits[i])) return i;
    if (logits[i]! > logits[best]!) best = i;
  }
  return best;
}

/** Probabilities, not yet normalised; the likeliest token has 1. */
function weightsOf(logits: Float32Array, largest: number, temperature: number): Float64Array {
  const weights = new Float64Array(logits.length);
  for (let i = 0; i < logits.length; i++) weights[i] = Math.exp((logits[i]! - largest) / temperature);
  return weights;
}

function sum(weights: Float64Array): number {
  let total = 0;
  for (let i = 0; i < weights.length; i++) total += weights[i]!;
  return total;
}

function sumAt(weights: Float64Array, tokens: readonly number[]): number {
  let total = 0;
  for (const token of tokens) total += weights[token]!;
  return total;
}

/** Tokens that survive topK and then topP, the likeliest first. */
function likeliest(weights: Float64Array, topK: number, topP: number): readonly number[] {
  const limited = topK > 0 && topK < weights.length;
  const total = limited ? 0 : sum(weights);
  // Without topK, the tokens below this share add up to less than 1 - topP: none of them is needed, and sorting the few others
  // is enough.
  const smallest = limited ? kthLargest(weights, topK) : ((1 - topP) * total) / weights.length;
  const sorted = atLeast(weights, smallest).sort((a, b) => weights[b]! - weights[a]! || a - b);
  const kept = limited ? sorted.slice(0, topK) : sorted;
  if (topP === 1) return kept;
  return nucleus(weights, kept, topP * (limited ? sumAt(weights, kept) : total));
}

function kthLargest(values: Float64Array, k: number): number {
  // A heap of the k largest so far with the smallest at its root; sorted numbers are one.
  const heap = values.slice(0, k).sort();
  for (let i = k; i < values.length; i++) if (values[i]! > heap[0]!) replaceRoot(heap, values[i]!);
  return heap[0]!;
}

function replaceRoot(heap: Float64Array, value: number): void {
  let place = 0;
  for (let child = 1; child < heap.length; child = 2 * place + 1) {
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
    if (value <= heap[child]!) break;
    heap[place] = heap[child]!;
    place = child;
  }
  heap[place] = value;
}

function atLeast(weights: Float64Array, smallest: number): number[] {
  const tokens: number[] = [];
  for (let token = 0; token < weights.length; token++) if (weights[token]! >= smallest) tokens.push(token);
  return tokens;
}

/** The first tokens of `sorted` whose weights reach `mass`. */
function nucleus(weights: Float64Array, sorted: readonly number[], mass: number): readonly number[] {
  let reached = 0;
  const last = sorted.findIndex((token) => {
    reached += weights[token]!;
    return reached >= mass;
  });
  return last < 0 ? sorted : sorted.slice(0, last + 1);
}
