// Write out the spans that were cut from a text: T5's pre-training (Raffel et al. 2020), with the arithmetic of its published code
// (`random_spans_noise_mask`).
import type { EncoderDecoderModel } from "@llm/model";
import { hostRandomBits } from "@llm/tensor";
import { TrainError } from "../errors.ts";
import { checkVocabulary, lengthOf } from "./checkIds.ts";
import { checkKind, examplesIn } from "./checkKind.ts";
import { checkPair, pairInputs, pairTargets, type SequencePair } from "./encoderDecoder.ts";
import { type LogitsObjective, logitsObjective } from "./logitsObjective.ts";
import { paddingFor, type TokenRows, textsOf } from "./maskedLanguageModel.ts";
import type { Draw } from "./objective.ts";
import { checkPadding, type PaddingOptions } from "./padding.ts";
import type { TokenVocabulary } from "./tokenVocabulary.ts";

export interface SpanCorruptionOptions extends PaddingOptions {
  /** Has the sentinels `<extra_id_0>`, `<extra_id_1>`, … and the end `</s>`. */
  readonly tokenizer: TokenVocabulary;
  /** Share of tokens that are cut out. Default 0.15. */
  readonly noiseDensity?: number;
  /** Mean length of a span. Default 3. */
  readonly meanSpanLength?: number;
}

/** How many tokens of a text are cut out, and in how many spans. */
export interface NoiseOptions {
  readonly noiseDensity: number;
  readonly meanSpanLength: number;
}

/**
 * Cuts spans out of each text, puts a sentinel in the place of each, and has the model write sentinels and spans. Inputs and labels
 * end with `</s>`. Each batch draws anew, each epoch too. Evaluations tell the `accuracy`.
 *
 * @throws TrainError for a tokenizer without sentinels or end, or an option that cannot be.
 */
export function spanCorruption(options: SpanCorruptionOptions): LogitsObjective<EncoderDecoderModel, TokenRows> {
  const { tokenizer, noiseDensity = 0.15, meanSpanLength = 3 } = options;
  checkPadding("spanCorruption", options);
  checkNoise({ noiseDensity, meanSpanLength });
  const sentinels = sentinelsOf(tokenizer);
  const endId = tokenizer.tokenToId("</s>");
  if (endId === undefined) throw new TrainError("spanCorruption: the tokenizer has no token </s> (train it with one)");
  const corrupt = (ids: ArrayLike<number>, draw: Draw): SequencePair =>
    withSentinels(ids, noiseMask(ids.length, { noiseDensity, meanSpanLength }, draw), { sentinels, endId });
  return logitsObjective<EncoderDecoderModel, TokenRows>({
    name: "spanCorruption",
    settings: { noiseDensity, meanSpanLength, sentinels: [sentinels[0], sentinels.at(-1)], endId },
    checkModel(model, data) {
      checkKind("spanCorruption", model, "encoder-decoder");
      const { config } = model;
      checkVocabulary("spanCorruption", tokenizer.vocabularySize, config.vocabularySize);
      checkVocabulary("spanCorruption", data?.vocabularySize, config.vocabularySize);
    },
    checkBatch(batch, model) {
      for (const [i, { inputIds }] of examplesIn("spanCorruption", textsOf(batch))) {
        const { spans } = noiseCounts(lengthOf("inputIds", inputIds, i), { noiseDensity, meanSpanLength });
        if (spans > sentinels.length) {
          throw new TrainError(
            `spanCorruption: example ${i} has ${inputIds.length} tokens, so ${spans} spans, but the tokenizer has ${sentinels.length} sentinels (shorter sequences, or longer spans)`,
          );
        }
        checkPair(corrupt(inputIds, { seed: 0, place: "check" }), model, i);
      }
    },
    prepare(batch, model, { seed, place }) {
      const pairs = textsOf(batch).map(({ inputIds }, row) => corrupt(inputIds, { seed, place: `${place} ${row}` }));
      return pairInputs(pairs, model, paddingFor(batch, options));
    },
    targets: pairTargets,
  });
}

/**
 * How long texts must be for the model to read `inputLength` tokens of each, and how many it then writes: what `sequenceLength` of a
 * token dataset should be.
 *
 * @example
 * spanCorruptionLengths(512); // { sequenceLength: 568, targetLength: 114 }
 */
export function spanCorruptionLengths(
  inputLength: number,
  { noiseDensity = 0.15, meanSpanLength = 3 }: Partial<NoiseOptions> = {},
): { sequenceLength: number; targetLength: number } {
  checkNoise({ noiseDensity, meanSpanLength });
  const lengths = (tokens: number) => {
    const { noise, spans } = noiseCounts(tokens, { noiseDensity, meanSpanLength });
    return { input: tokens - noise + spans + 1, target: noise + spans + 1 };
  };
  let sequenceLength = 2;
  if (!Number.isSafeInteger(inputLength) || lengths(sequenceLength).input > inputLength) {
    throw new TrainError(`spanCorruptionLengths: inputLength must be a whole number of at least 3, got ${inputLength}`);
  }
  while (lengths(sequenceLength + 1).input <= inputLength) sequenceLength += 1;
  return { sequenceLength, targetLength: lengths(sequenceLength).target };
}

/** Of `length` tokens, at least one stays and at least one is cut out; a text of one token stays whole. */
export function noiseCounts(
  length: number,
  { noiseDensity, meanSpanLength }: NoiseOptions,
): { noise: number; spans: number } {
  if (length < 2) return { noise: 0, spans: 0 };
  const noise = Math.min(Math.max(roundHalfToEven(length * noiseDensity), 1), length - 1);
  return { noise, spans: Math.min(Math.max(roundHalfToEven(noise / meanSpanLength), 1), noise, length - noise) };
}

/** 1 for each token that is cut out. Spans of text and of noise take turns, text first. */
export function noiseMask(length: number, options: NoiseOptions, draw: Draw): Uint8Array {
  const { noise, spans } = noiseCounts(length, options);
  const mask = new Uint8Array(length);
  if (noise === 0) return mask;
  const noiseLengths = randomSegments(noise, spans, { ...draw, place: `${draw.place} noise` });
  const textLengths = randomSegments(length - noise, spans, { ...draw, place: `${draw.place} text` });
  let at = 0;
  for (let span = 0; span < spans; span++) {
    at += textLengths[span]!;
    mask.fill(1, at, at + noiseLengths[span]!);
    at += noiseLengths[span]!;
  }
  return mask;
}

/** Lengths of `segments` segments, at least 1 each, that add up to `items`; every such division is equally likely. */
function randomSegments(items: number, segments: number, { seed, place }: Draw): number[] {
  const bits = hostRandomBits(seed, `spanCorruption ${place}`, items);
  const lengths = [1];
  // Which of the items after the first begin a segment: a random choice of segments - 1 out of items - 1, one by one.
  let left = segments - 1;
  for (let item = 1; item < items; item++) {
    const begins = (bits[item]! / 2 ** 32) * (items - item) < left;
    if (begins) {
      lengths.push(1);
      left -= 1;
    } else lengths[lengths.length - 1]! += 1;
  }
  return lengths;
}

/** What is read and what is written: inputs with a sentinel for each span, labels of sentinels and spans; both end. */
export function withSentinels(
  ids: ArrayLike<number>,
  mask: Uint8Array,
  { sentinels, endId }: { sentinels: readonly number[]; endId: number },
): SequencePair {
  const inputIds: number[] = [];
  const labels: number[] = [];
  let spans = 0;
  for (let i = 0; i < ids.length; i++) {
    if (mask[i] && (i === 0 || !mask[i - 1])) {
      const sentinel = sentinels[spans++]!;
      inputIds.push(sentinel);
      labels.push(sentinel);
    }
    (mask[i] ? labels : inputIds).push(ids[i]!);
  }
  return { inputIds: [...inputIds, endId], labels: [...labels, endId] };
}

function sentinelsOf(tokenizer: TokenVocabulary): number[] {
  const sentinels: number[] = [];
  for (let id = tokenizer.tokenToId("<extra_id_0>"); id !== undefined; ) {
    sentinels.push(id);
    id = tokenizer.tokenToId(`<extra_id_${sentinels.length}>`);
  }
  if (sentinels.length > 0) return sentinels;
  throw new TrainError(
    "spanCorruption: the tokenizer has no sentinels <extra_id_0>, <extra_id_1>, … (train it with them)",
  );
}

function checkNoise({ noiseDensity, meanSpanLength }: NoiseOptions): void {
  if (!(noiseDensity > 0 && noiseDensity < 1)) {
    throw new TrainError(`spanCorruption: noiseDensity must be above 0 and below 1, got ${noiseDensity}`);
  }
  if (!(meanSpanLength >= 1 && Number.isFinite(meanSpanLength))) {
    throw new TrainError(`spanCorruption: meanSpanLength must be at least 1, got ${meanSpanLength}`);
  }
}

/** As NumPy and TensorFlow round. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
