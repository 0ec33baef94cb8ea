// Find the span of a text that answers a question (BERT's way with SQuAD, Devlin et al. 2019).
import { constant, type Tensor, tensor } from "@llm/tensor";
import { TrainError } from "../errors.ts";
import { type AnswerOptions, answerScorer } from "./answerScores.ts";
import { checkKind, examplesIn } from "./checkKind.ts";
import type { Objective } from "./objective.ts";
import { checkPadding, type PaddingOptions } from "./padding.ts";
import type { QuestionWindow } from "./questionWindows.ts";
import { checkText, type EncoderModel, encoderOptions, textInputs } from "./textExamples.ts";

export interface QuestionAnsweringOptions extends PaddingOptions, AnswerOptions {}

/**
 * Mean of the cross-entropies of an answer's first and last token, for `BertForQuestionAnswering` and its like, over windows that
 * `questionWindows` makes. Evaluations tell SQuAD's `exactMatch` and `f1` over questions, the best of each one's windows: have them go
 * over all windows of a question.
 */
export function extractiveQuestionAnswering(
  options: QuestionAnsweringOptions = {},
): Objective<EncoderModel<{ start: Tensor; end: Tensor }>, readonly QuestionWindow[]> {
  checkPadding("extractiveQuestionAnswering", options);
  return {
    name: "extractiveQuestionAnswering",
    settings: {},
    checkModel: (model) => checkKind("extractiveQuestionAnswering", model, "encoder"),
    checkBatch(windows, { config }) {
      for (const [i, window] of examplesIn("extractiveQuestionAnswering", windows)) {
        checkText(window, config, i);
        const { start, end, inputIds } = window;
        if (Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end && end < inputIds.length)
          continue;
        throw new TrainError(
          `Trainer: the answer of example ${i} is tokens ${start} to ${end}, the window has 0 to ${inputIds.length - 1}`,
        );
      }
    },
    prepare(windows, { config }) {
      const { inputs, tokens } = textInputs(windows, config, options);
      const places = (name: "start" | "end") => tensor(Int32Array.from(windows, (window) => window[name]));
      return { inputs: { ...inputs, start: places("start"), end: places("end") }, tokens };
    },
    loss(model, inputs, key) {
      const logits = model.forward(inputs.inputIds!, encoderOptions(inputs, key));
      const first = logits.start.crossEntropy(inputs.start!, { reduction: "sum" });
      const last = logits.end.crossEntropy(inputs.end!, { reduction: "sum" });
      const count = constant(inputs.start!.shape[0] as number);
      return { sum: first.add(last).div(2), count, predictions: { start: logits.start, end: logits.end } };
    },
    scorer: () => answerScorer(options),
  };
}
