// Tell all classes that a text, or a pair of texts, belongs to: none, one or several.
import { constant, softplus, type Tensor, tensor } from "@llm/tensor";
import { TrainError } from "../errors.ts";
import { multiLabelScorer } from "./classScores.ts";
import { labelledTexts } from "./labelledTexts.ts";
import type { Objective } from "./objective.ts";
import type { PaddingOptions } from "./padding.ts";
import { type EncoderModel, encoderOptions, type TextExample } from "./textExamples.ts";

/** A text and, for each of the model's classes, whether it belongs to it. */
export interface MultiLabelText extends TextExample {
  /** One number for each class: 1 if the text belongs to it, otherwise 0, or a share between. */
  readonly labels: ArrayLike<number>;
}

/**
 * Binary cross-entropy of each class, for `BertForSequenceClassification` and its like; transformers' problem type
 * `multi_label_classification` (`BCEWithLogitsLoss`). The loss is the mean over texts and classes. Evaluations take a class for told
 * where its probability is above a half, and tell `accuracy` (all classes of a text right), `f1` (the mean over the classes) and
 * `f1Micro` (over all).
 */
export function multiLabelClassification(
  options: PaddingOptions = {},
): Objective<EncoderModel<Tensor>, readonly MultiLabelText[]> {
  return {
    ...labelledTexts<MultiLabelText>(
      {
        name: "multiLabelClassification",
        problemType: "multi_label_classification",
        checkLabels: ({ labels }, classes, example) => checkLabels(labels, classes, example),
        labelsOf: (texts, classes) => {
          const labels = Float32Array.from(texts.flatMap(({ labels }) => Array.from(labels)));
          return tensor(labels, { shape: [texts.length, classes] });
        },
      },
      options,
    ),
    loss(model, inputs, key) {
      const logits = model.forward(inputs.inputIds!, encoderOptions(inputs, key)); // [B, classes]
      const [rows, classes] = logits.shape as readonly number[];
      const losses = softplus(logits).sub(logits.mul(inputs.labels!));
      return { sum: losses.sum(), count: constant(rows! * classes!), predictions: { logits } };
    },
    scorer: () => multiLabelScorer((texts) => texts.map(({ labels }) => labels)),
  };
}

function checkLabels(labels: ArrayLike<number>, classes: number, example: number): void {
  if (labels?.length !== classes) {
    throw new TrainError(
      `Trainer: example ${example} has ${labels?.length ?? "no"} labels, the model ${classes} classes (give one for each class, 1 or 0)`,
    );
  }
  for (const label of Array.from(labels)) {
    if (label >= 0 && label <= 1) continue;
    throw new TrainError(
      `Trainer: a label of example ${example} is ${label} (give each class 1 or 0, or a share between)`,
    );
  }
}
