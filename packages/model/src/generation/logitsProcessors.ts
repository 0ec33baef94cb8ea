// Small functions that change the scores of the next token, one after the other: first what depends on the tokens so far, then what
// shapes the distribution to draw from. A token that is ruled out gets -Infinity.
import { nthLargest } from "./largest.ts";
import type { ProcessorOptions, SamplingOptions } from "./options.ts";

/** The tokens that a decoder has read, of which the first `promptLength` were given and the others generated. */
export interface TokenHistory {
  readonly ids: readonly number[];
  readonly promptLength: number;
}

/** Changes the scores [vocabularySize] of the token after `history` in place. */
export type LogitsProcessor = (scores: Float32Array, history: TokenHistory) => void;

const ruledOut = Number.NEGATIVE_INFINITY;

/** The processors that `options` ask for, in the order of transformers. */
export function logitsProcessors(options: ProcessorOptions): LogitsProcessor[] {
  const { repetitionPenalty = 1, frequencyPenalty = 0, presencePenalty = 0, noRepeatNgramSize = 0 } = options;
  return [
    ...(options.logitBias ? [logitBias(options.logitBias)] : []),
    ...(repetitionPenalty === 1 ? [] : [penalizeRepetition(repetitionPenalty)]),
    ...(frequencyPenalty === 0 && presencePenalty === 0 ? [] : [penalizeCounts(frequencyPenalty, presencePenalty)]),
    ...(noRepeatNgramSize === 0 ? [] : [forbidRepeatedNgrams(noRepeatNgramSize)]),
    ...(options.logitsProcessors ?? []),
  ];
}

/** What shapes the distribution that is drawn from; none where the likeliest token is taken. */
export function samplingProcessors({
  temperature = 1,
  topK = 0,
  topP = 1,
  minP = 0,
}: SamplingOptions): LogitsProcessor[] {
  if (temperature === 0 || topK === 1) return [];
  return [
    ...(temperature === 1 ? [] : [divideBy(temperature)]),
    ...(topK === 0 ? [] : [keepLargest(topK)]),
    ...(topP === 1 ? [] : [keepNucleus(topP)]),
    ...(minP === 0 ? [] : [keepAbove(minP)]),
  ];
}

/** Adds to the scores of single tokens. */
export function logitBias(biases: Readonly<Record<number, number>>): LogitsProcessor {
  const entries = Object.entries(biases).map(([id, bias]) => [Number(id), bias] as const);
  return (scores) => {
    for (const [id, bias] of entries) scores[id]! += bias;
  };
}

/** CTRL (Keskar et al. 2019), as transformers: scores of tokens that were read or generated are divided, those below 0 multiplied. */
export function penalizeRepetition(penalty: number): LogitsProcessor {
  return (scores, { ids }) => {
    for (const id of new Set(ids)) scores[id] = scores[id]! < 0 ? scores[id]! * penalty : scores[id]! / penalty;
  };
}

/** As OpenAI: `frequency` for each time a token was generated, `presence` once. The prompt does not count. */
export function penalizeCounts(frequency: number, presence: number): LogitsProcessor {
  return (scores, { ids, promptLength }) => {
    const seen = new Set<number>();
    for (let i = promptLength; i < ids.length; i++) {
      const id = ids[i]!;
      scores[id]! -= seen.has(id) ? frequency : frequency + presence;
      seen.add(id);
    }
  };
}

/** No sequence of `size` tokens comes twice, the prompt included (as fairseq and transformers). */
export function forbidRepeatedNgrams(size: number): LogitsProcessor {
  return (scores, { ids }) => {
    const begun = ids.length - (size - 1);
    for (let start = 0; start < begun; start++) {
      let same = 0;
      while (same < size - 1 && ids[start + same] === ids[begun + same]) same++;
      if (same === size - 1) scores[ids[start + same]!] = ruledOut;
    }
  };
}

export function divideBy(temperature: number): LogitsProcessor {
  return (scores) => {
    // A temperature near 0 would take large scores to Infinity: only their distance to the largest matters.
    const top = largestOf(scores);
    for (let i = 0; i < scores.length; i++) scores[i] = (scores[i]! - top) / temperature;
  };
}

/** Only the `count` likeliest tokens stay; of equal ones those with the lower ids. */
export function keepLargest(count: number): LogitsProcessor {
  return (scores) => {
    if (count < scores.length) keepFrom(scores, nthLargest(scores, count), count);
  };
}

/** Only the likeliest tokens whose probabilities together reach `mass` stay (Holtzman et al. 2020). */
export function keepNucleus(mass: number): LogitsProcessor {
  return (scores) => {
    const top = largestOf(scores);
    let total = 0;
    for (let i = 0; i < scores.length; i++) if (scores[i] !== ruledOut) total += Math.exp(scores[i]! - top);
    // Tokens below this score add up to less than 1 - mass: none of them is needed, and sorting the few others is enough.
    const needed = top + Math.log(((1 - mass) * total) / scores.length);
    const candidates: number[] = [];
    for (let i = 0; i < scores.length; i++) if (scores[i]! >= needed) candidates.push(scores[i]!);
    const ranked = Float32Array.from(candidates).sort();
    let place = ranked.length;
    for (let reached = 0; place > 0 && reached < mass * total; ) reached += Math.exp(ranked[--place]! - top);
    keepFrom(scores, ranked[place]!, ranked.length - place);
  };
}

/** Only tokens at least `share` times as likely as the likeliest stay (Nguyen et al. 2024). */
export function keepAbove(share: number): LogitsProcessor {
  return (scores) => {
    const least = largestOf(scores) + Math.log(share);
    for (let i = 0; i < scores.length; i++) if (scores[i]! < least) scores[i] = ruledOut;
  };
}

function largestOf(scores: Float32Array): number {
  let top = ruledOut;
  for (let i = 0; i < scores.length; i++) if (scores[i]! > top) top = scores[i]!;
  return top;
}

/** Rules out scores below `least`, and of those equal to it the later ones, so that `count` stay. */
function keepFrom(scores: Float32Array, least: number, count: number): void {
  let above = 0;
  for (let i = 0; i < scores.length; i++) if (scores[i]! > least) above++;
  let equal = count - above;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i]! < least || (scores[i] === least && equal-- <= 0)) scores[i] = ruledOut;
  }
}
