// What the objectives with labels for whole texts have in common: classes, several classes, values.
import type { Tensor } from "@llm/tensor";
import { TrainError } from "../errors.ts";
import { checkKind, examplesIn } from "./checkKind.ts";
import type { Objective } from "./objective.ts";
import { checkPadding, type PaddingOptions } from "./padding.ts";
import { checkText, type EncoderModel, type TextExample, textInputs } from "./textExamples.ts";

export interface LabelParts<E extends TextExample> {
  readonly name: string;
  /** transformers' name for what the labels are. */
  readonly problemType: string;
  /** Throws a `TrainError` for a text whose label the model, which has so many classes, cannot learn. */
  checkLabels(text: E, classes: number, example: number): void;
  /** The labels of a batch, its first axis that of the texts. */
  labelsOf(texts: readonly E[], classes: number): Tensor;
}

type Parts = "name" | "settings" | "checkModel" | "checkBatch" | "prepare";

/** All of an objective but its loss; `labels` is among the inputs. */
export function labelledTexts<E extends TextExample>(
  { name, problemType, checkLabels, labelsOf }: LabelParts<E>,
  padding: PaddingOptions,
): Required<Pick<Objective<EncoderModel<Tensor>, readonly E[]>, Parts>> {
  checkPadding(name, padding);
  return {
    name,
    settings: {},
    checkModel(model) {
      checkKind(name, model, "encoder");
      const { problemType: ofModel = problemType } = model.config;
      if (ofModel === problemType) return;
      throw new TrainError(
        `${name}: the model is made for problemType "${ofModel}" (make it with problemType: "${problemType}", or leave it out)`,
      );
    },
    checkBatch(texts, { config }) {
      for (const [i, text] of examplesIn(name, texts)) {
        checkText(text, config, i);
        checkLabels(text, config.labels.length, i);
      }
    },
    prepare(texts, { config }) {
      const { inputs, tokens } = textInputs(texts, config, padding);
      return { inputs: { ...inputs, labels: labelsOf(texts, config.labels.length) }, tokens };
    },
  };
}
