// Write one sequence after reading another: translation, summaries, and with T5 every task that can be said in text.
import type { EncoderDecoderModel } from "@llm/model";
import { checkKind, examplesIn } from "./checkKind.ts";
import { checkPair, pairInputs, pairTargets, type SequencePair } from "./encoderDecoder.ts";
import { type LogitsObjective, logitsObjective } from "./logitsObjective.ts";
import { checkPadding, type PaddingOptions } from "./padding.ts";
import { rowsAllCorrect, shareScorer } from "./shareScorer.ts";

/**
 * Cross-entropy of the labels, as T5 is trained on tasks (Raffel et al. 2020). Evaluations tell the `accuracy` of tokens and
 * `exactMatch`, the share of examples whose labels are what greedy decoding writes.
 */
export function sequenceToSequence(
  options: PaddingOptions = {},
): LogitsObjective<EncoderDecoderModel, readonly SequencePair[]> {
  checkPadding("sequenceToSequence", options);
  return logitsObjective<EncoderDecoderModel, readonly SequencePair[]>({
    name: "sequenceToSequence",
    settings: {},
    checkModel: (model) => checkKind("sequenceToSequence", model, "encoder-decoder"),
    checkBatch(pairs, model) {
      for (const [i, pair] of examplesIn("sequenceToSequence", pairs)) checkPair(pair, model, i);
    },
    prepare: (pairs, model) => pairInputs(pairs, model, options),
    targets: pairTargets,
    predictions: (targets) => ({ exactMatch: rowsAllCorrect(targets) }),
    scorer: () => shareScorer("exactMatch"),
  });
}
