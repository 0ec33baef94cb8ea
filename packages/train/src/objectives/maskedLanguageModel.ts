// Predict hidden tokens from both sides: BERT's masking (Devlin et al. 2019), by token or by whole word.
import type { Batch } from "@llm/data";
import type { MaskedForwardOptions } from "@llm/model";
import { hostRandomBits, type Tensor } from "@llm/tensor";
import { TrainError } from "../errors.ts";
import { checkVocabulary } from "./checkIds.ts";
import { checkKind, examplesIn } from "./checkKind.ts";
import { type LogitsObjective, logitsObjective } from "./logitsObjective.ts";
import type { Draw } from "./objective.ts";
import { checkPadding, type PaddingOptions, paddedLength, padRows } from "./padding.ts";
import { ignoreIndex } from "./targets.ts";
import { checkText, type EncoderModel, encoderOptions, type TextExample, textInputs } from "./textExamples.ts";
import { type TokenVocabulary, wordStarts } from "./tokenVocabulary.ts";

export interface MaskedLanguageModelOptions extends PaddingOptions {
  /** Says which token hides others (`[MASK]` or `<mask>`), which are special and never hidden, and where words begin. */
  readonly tokenizer: TokenVocabulary;
  /** Share of tokens, or of words, that are to be predicted. Default 0.15. */
  readonly maskShare?: number;
  /** Chooses whole words, so that no part of one gives away the others. Default false. */
  readonly wholeWords?: boolean;
}

/** What the objective needs of an encoder; `BertForMaskedLM` is one. Logits are [batch, sequence, classes], or [batch, places, classes]. */
export interface MaskedModel extends EncoderModel<Tensor> {
  forward(inputIds: Tensor, options?: MaskedForwardOptions): Tensor;
}

/** Windows of tokens (their labels are not read), or texts. */
export type TokenRows = Batch | readonly TextExample[];

/**
 * Chooses `maskShare` of the tokens to be predicted: 80 % of them are replaced by the mask token, 10 % by any token, 10 % stay. Each
 * batch draws anew, each epoch too. Only the chosen places go through the model's head. Evaluations tell the `accuracy`.
 *
 * @throws TrainError for a tokenizer without a mask token, or a share that cannot be.
 */
export function maskedLanguageModel(options: MaskedLanguageModelOptions): LogitsObjective<MaskedModel, TokenRows> {
  const { tokenizer, maskShare = 0.15, wholeWords = false } = options;
  checkPadding("maskedLanguageModel", options);
  if (!(maskShare > 0 && maskShare < 1)) {
    throw new TrainError(`maskedLanguageModel: maskShare must be above 0 and below 1, got ${maskShare}`);
  }
  const maskId = tokenizer.tokenToId("[MASK]") ?? tokenizer.tokenToId("<mask>");
  if (maskId === undefined) {
    throw new TrainError("maskedLanguageModel: the tokenizer has no token [MASK] or <mask> (train it with one)");
  }
  const masking: Masking = {
    maskId,
    maskShare,
    vocabularySize: tokenizer.vocabularySize,
    special: new Set(tokenizer.specialTokens.values()),
    wordStarts: wholeWords ? wordStarts(tokenizer) : undefined,
  };
  return logitsObjective<MaskedModel, TokenRows>({
    name: "maskedLanguageModel",
    settings: { maskShare, wholeWords, maskId, vocabularySize: tokenizer.vocabularySize },
    checkModel(model, data) {
      checkKind("maskedLanguageModel", model, "encoder");
      const { config } = model;
      checkVocabulary("maskedLanguageModel", tokenizer.vocabularySize, config.vocabularySize);
      checkVocabulary("maskedLanguageModel", data?.vocabularySize, config.vocabularySize);
    },
    checkBatch(batch, { config }) {
      for (const [i, text] of examplesIn("maskedLanguageModel", textsOf(batch))) checkText(text, config, i);
    },
    prepare(batch, { config }, { seed, place }) {
      const texts = textsOf(batch);
      const masked = texts.map(({ inputIds }, row) =>
        maskTokens(inputIds, masking, { seed, place: `${place} ${row}` }),
      );
      const hidden = texts.map((text, row) => ({ ...text, inputIds: masked[row]!.inputIds }));
      const { inputs, tokens, length } = textInputs(hidden, config, paddingFor(batch, options));
      const hiddenIds = masked.map(({ labels }) => labels);
      return { inputs: { ...inputs, ...placesOf(hiddenIds, length) }, tokens };
    },
    targets: (model, inputs, key) => ({
      logits: model.forward(inputs.inputIds!, { places: inputs.places, ...encoderOptions(inputs, key) }),
      labels: inputs.labels!,
    }),
  });
}

/**
 * The columns with a label and the labels, for each row: int32 [batch, places] each. Their number is rounded up to one of a few, each of
 * which is a program of its own; the places added have no label.
 */
function placesOf(rows: readonly Int32Array[], length: number): { places: Tensor; labels: Tensor } {
  const places = rows.map((labels) => Array.from(labels.keys()).filter((column) => labels[column] !== ignoreIndex));
  const labels = places.map((columns, row) => columns.map((column) => rows[row]![column]!));
  const count = paddedLength(places, { padToMultipleOf: Math.max(4, Math.ceil(length / 16)) }, length);
  return { places: padRows(places, count, 0), labels: padRows(labels, count, ignoreIndex) };
}

/** The texts of a batch; a window of a token dataset is one. */
export function textsOf(batch: TokenRows): readonly TextExample[] {
  if (!("sequenceLength" in batch)) return batch;
  const { inputIds, batchSize, sequenceLength } = batch;
  return Array.from({ length: batchSize }, (_, row) => ({
    inputIds: inputIds.subarray(row * sequenceLength, (row + 1) * sequenceLength),
  }));
}

/** Windows are all of one length already. */
export function paddingFor(batch: TokenRows, options: PaddingOptions): PaddingOptions {
  return "sequenceLength" in batch ? { padToMultipleOf: 1 } : options;
}

interface Masking {
  readonly maskId: number;
  readonly maskShare: number;
  readonly vocabularySize: number;
  readonly special: ReadonlySet<number>;
  /** For each id whether it begins a word; undefined to choose token by token. */
  readonly wordStarts: Uint8Array | undefined;
}

/** The text with tokens hidden, and for each place the token to predict or -100. */
function maskTokens(
  ids: ArrayLike<number>,
  { maskId, maskShare, vocabularySize, special, wordStarts }: Masking,
  { seed, place }: Draw,
): { inputIds: Int32Array; labels: Int32Array } {
  const inputIds = Int32Array.from(ids);
  const labels = new Int32Array(ids.length).fill(ignoreIndex);
  const bits = (purpose: string) => hostRandomBits(seed, `maskedLanguageModel ${place} ${purpose}`, ids.length);
  const [choices, fates, substitutes] = [bits("choice"), bits("fate"), bits("substitute")];
  const share = (value: number) => value / 2 ** 32;
  let wordChoice = 1;
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (!wordStarts || wordStarts[id] || i === 0 || special.has(ids[i - 1]!)) wordChoice = share(choices[i]!);
    if (special.has(id) || wordChoice >= maskShare) continue;
    labels[i] = id;
    const fate = share(fates[i]!);
    if (fate < 0.8) inputIds[i] = maskId;
    else if (fate < 0.9) inputIds[i] = Math.floor(share(substitutes[i]!) * vocabularySize);
  }
  return { inputIds, labels };
}
