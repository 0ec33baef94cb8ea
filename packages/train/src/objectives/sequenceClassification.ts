// Tell which class a text, or a pair of texts, belongs to, or how much of something it has.
import { constant, square, type Tensor, tensor } from "@llm/tensor";
import { TrainError } from "../errors.ts";
import { checkLabel } from "./checkIds.ts";
import { checkKind, examplesIn } from "./checkKind.ts";
import { classScorer } from "./classScores.ts";
import { correlationScorer } from "./correlation.ts";
import { type LogitsObjective, logitsObjective } from "./logitsObjective.ts";
import type { Objective } from "./objective.ts";
import { checkPadding, type PaddingOptions } from "./padding.ts";
import {
  checkText,
  type EncoderModel,
  encoderOptions,
  encoderTargets,
  type TextExample,
  textInputs,
} from "./textExamples.ts";

/** A text and its class, or its value in a regression. */
export interface LabelledText extends TextExample {
  readonly label: number;
}

/**
 * Cross-entropy of the class, for `BertForSequenceClassification` and its like. Evaluations tell `accuracy` and `f1`, the mean over
 * the classes.
 */
export function sequenceClassification(
  options: PaddingOptions = {},
): LogitsObjective<EncoderModel<Tensor>, readonly LabelledText[]> {
  checkPadding("sequenceClassification", options);
  return logitsObjective<EncoderModel<Tensor>, readonly LabelledText[]>({
    name: "sequenceClassification",
    settings: {},
    checkModel: (model) => checkKind("sequenceClassification", model, "encoder"),
    checkBatch(texts, { config }) {
      for (const [i, text] of examplesIn("sequenceClassification", texts)) {
        checkText(text, config, i);
        checkLabel(text.label, config.labels.length, i);
      }
    },
    prepare(texts, { config }) {
      const { inputs, tokens } = textInputs(texts, config, options);
      const labels = tensor(Int32Array.from(texts, ({ label }) => label));
      return { inputs: { ...inputs, labels }, tokens };
    },
    targets: encoderTargets,
    predictions: ({ logits }) => ({ classes: logits.argMax(-1) }),
    scorer: () => classScorer((texts) => texts.map(({ label }) => label)),
  });
}

/**
 * Squared error of one value a text, for a `BertForSequenceClassification` with one label. Evaluations tell the `pearson`
 * correlation beside the loss, which is the mean squared error.
 */
export function sequenceRegression(
  options: PaddingOptions = {},
): Objective<EncoderModel<Tensor>, readonly LabelledText[]> {
  checkPadding("sequenceRegression", options);
  return {
    name: "sequenceRegression",
    settings: {},
    checkModel(model) {
      checkKind("sequenceRegression", model, "encoder");
      const { config } = model;
      if (config.labels.length === 1) return;
      throw new TrainError(
        `sequenceRegression: the model has ${config.labels.length} labels, a value needs one (make it with labels: ["value"])`,
      );
    },
    checkBatch(texts, { config }) {
      for (const [i, text] of examplesIn("sequenceRegression", texts)) {
        checkText(text, config, i);
        if (!Number.isFinite(text.label)) {
          throw new TrainError(`Trainer: the label of example ${i} must be a number, got ${text.label}`);
        }
      }
    },
    prepare(texts, { config }) {
      const { inputs, tokens } = textInputs(texts, config, options);
      const labels = tensor(Float32Array.from(texts, ({ label }) => label));
      return { inputs: { ...inputs, labels }, tokens };
    },
    loss(model, inputs, key) {
      const logits = model.forward(inputs.inputIds!, encoderOptions(inputs, key)); // [B, 1]
      const values = logits.reshape(inputs.labels!.shape);
      const errors = square(values.sub(inputs.labels!));
      return { sum: errors.sum(), count: constant(errors.shape[0] as number), predictions: { values } };
    },
    scorer: () => correlationScorer((texts) => texts.map(({ label }) => label)),
  };
}
