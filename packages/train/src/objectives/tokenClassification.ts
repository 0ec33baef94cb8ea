// Tell which class each token belongs to: names, parts of speech.
import type { Tensor } from "@llm/tensor";
import { TrainError } from "../errors.ts";
import { checkLabel } from "./checkIds.ts";
import { checkKind, examplesIn } from "./checkKind.ts";
import { classScorer } from "./classScores.ts";
import { entityScorer, isEntityScheme } from "./entities.ts";
import { type LogitsObjective, logitsObjective } from "./logitsObjective.ts";
import { checkPadding, type PaddingOptions, padRows } from "./padding.ts";
import { ignoreIndex } from "./targets.ts";
import { checkText, type EncoderModel, encoderTargets, type TextExample, textInputs } from "./textExamples.ts";

/** A text and the class of each of its tokens. */
export interface LabelledTokens extends TextExample {
  /** As many as tokens; -100 for a token that does not count: special ones, and all but the first of a word. */
  readonly labels: ArrayLike<number>;
}

export interface TokenClassificationOptions extends PaddingOptions {
  /**
   * Names of the classes, as in the model's configuration. Where they are of the kind `O`, `B-PER`, `I-PER`, evaluations tell
   * `entityF1`, of whole names. Default none.
   */
  readonly labels?: readonly string[];
}

/**
 * Cross-entropy of the classes, for `BertForTokenClassification` and its like. Evaluations tell `accuracy`, `f1` (of tokens, the mean
 * over the classes) and, where the labels say what a name is, `entityF1`.
 */
export function tokenClassification(
  options: TokenClassificationOptions = {},
): LogitsObjective<EncoderModel<Tensor>, readonly LabelledTokens[]> {
  const { labels: names } = options;
  checkPadding("tokenClassification", options);
  return logitsObjective<EncoderModel<Tensor>, readonly LabelledTokens[]>({
    name: "tokenClassification",
    settings: { labels: names },
    checkModel(model) {
      checkKind("tokenClassification", model, "encoder");
      const { config } = model;
      if (names && String(names) !== String(config.labels)) {
        throw new TrainError(
          `tokenClassification: labels are ${names.join(", ")}, the model's are ${config.labels.join(", ")} (make the model with the same)`,
        );
      }
    },
    checkBatch(texts, { config }) {
      for (const [i, text] of examplesIn("tokenClassification", texts))
        checkTokens(text, { limits: config, example: i });
    },
    prepare(texts, { config }) {
      const { inputs, tokens, length } = textInputs(texts, config, options);
      const labels = padRows(
        texts.map(({ labels }) => labels),
        length,
        ignoreIndex,
      );
      return { inputs: { ...inputs, labels }, tokens };
    },
    targets: encoderTargets,
    predictions: ({ logits }) => ({ classes: logits.argMax(-1) }),
    scorer: () => tokenScorer(names),
  });
}

function checkTokens(
  text: LabelledTokens,
  { limits, example }: { limits: EncoderModel<Tensor>["config"]; example: number },
): void {
  checkText(text, limits, example);
  if (text.labels?.length !== text.inputIds.length) {
    throw new TrainError(
      `Trainer: example ${example} has ${text.inputIds.length} tokens and ${text.labels?.length ?? 0} labels (give each token one, -100 where it does not count)`,
    );
  }
  for (const label of Array.from(text.labels)) {
    if (label !== ignoreIndex) checkLabel(label, limits.labels.length, example);
  }
}

/** A place in a text: its code units from `start` to before `end`. */
export interface TextPlace {
  readonly start: number;
  readonly end: number;
}

/**
 * The label of each token of an encoded text, from those of its words: a word's first token has the word's label, all others -100.
 * `offsets` is what `encodeWithOffsets` of a tokenizer gives.
 *
 * @example
 * const { ids, offsets } = tokenizer.encodeWithOffsets("Ada wrote");
 * const example = { inputIds: ids, labels: labelsOfTokens(offsets, [{ start: 0, end: 3, label: 1 }, { start: 4, end: 9, label: 0 }]) };
 */
export function labelsOfTokens(
  offsets: readonly (readonly [start: number, end: number])[],
  words: readonly (TextPlace & { readonly label: number })[],
): Int32Array {
  const labels = new Int32Array(offsets.length).fill(ignoreIndex);
  const labelled = new Set<object>();
  for (const [i, [start, end]] of offsets.entries()) {
    const word = words.find((word) => start < end && start < word.end && end > word.start);
    if (!word || labelled.has(word)) continue;
    labels[i] = word.label;
    labelled.add(word);
  }
  return labels;
}

function tokenScorer(names: readonly string[] | undefined) {
  type Batch = readonly LabelledTokens[];
  const tokens = classScorer<readonly number[]>((labels) => labels);
  const entities = names && isEntityScheme(names) ? entityScorer(names) : undefined;
  return {
    add(batch: Batch, { classes }: Parameters<typeof tokens.add>[1]) {
      const length = classes!.shape[1]!;
      for (const [row, { labels }] of batch.entries()) {
        const data = classes!.data.slice(row * length, row * length + labels.length) as Int32Array;
        tokens.add(Array.from(labels), { classes: { ...classes!, data } });
        entities?.add(Array.from(labels), Array.from(data, Number));
      }
    },
    result: () => ({ ...tokens.result(), ...entities?.result() }),
  };
}
