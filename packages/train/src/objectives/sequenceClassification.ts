// Tell which class a text, or a pair of texts, belongs to, or how much of something it has.
import { constant, square, type Tensor, tensor } from "@llm/tensor";
import { TrainError } from "../errors.ts";
import { checkLabel } from "./checkIds.ts";
import { classScorer } from "./classScores.ts";
import { correlationScorer } from "./correlation.ts";
import { labelledTexts } from "./labelledTexts.ts";
import { type LogitsObjective, logitsObjective } from "./logitsObjective.ts";
import type { Objective } from "./objective.ts";
import type { PaddingOptions } from "./padding.ts";
import { type EncoderModel, encoderOptions, encoderTargets, type TextExample } from "./textExamples.ts";

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
  return logitsObjective<EncoderModel<Tensor>, readonly LabelledText[]>({
    ...labelledTexts<LabelledText>(
      {
        name: "sequenceClassification",
        problemType: "single_label_classification",
        checkLabels: ({ label }, classes, example) => checkLabel(label, classes, example),
        labelsOf: (texts) => tensor(Int32Array.from(texts, ({ label }) => label)),
      },
      options,
    ),
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
  const parts = labelledTexts<LabelledText>(
    {
      name: "sequenceRegression",
      problemType: "regression",
      checkLabels: ({ label }, _, example) => {
        if (Number.isFinite(label)) return;
        throw new TrainError(`Trainer: the label of example ${example} must be a number, got ${label}`);
      },
      labelsOf: (texts) => tensor(Float32Array.from(texts, ({ label }) => label)),
    },
    options,
  );
  return {
    ...parts,
    checkModel(model) {
      parts.checkModel(model);
      const { labels } = model.config;
      if (labels.length === 1) return;
      throw new TrainError(
        `sequenceRegression: the model has ${labels.length} labels, a value needs one (make it with labels: ["value"])`,
      );
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
