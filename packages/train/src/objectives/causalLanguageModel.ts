// Predict the next token (Radford et al. 2018).
import type { Batch } from "@llm/data";
import { checkIds, checkLength, checkVocabulary } from "./checkIds.ts";
import { checkKind } from "./checkKind.ts";
import type { DecoderModel } from "./decoderModel.ts";
import { logitsObjective, randomness } from "./logitsObjective.ts";
import { ignoreIndex } from "./targets.ts";
import { windowTensors } from "./windowTensors.ts";

/**
 * Cross-entropy of the next token at every place whose label is not -100. Texts that share a sequence (batches with positionIds, as of
 * `packSequences` and `stackSequences` of `@llm/data`) do not see each other.
 */
export const causalLanguageModel = logitsObjective<DecoderModel, Batch>({
  name: "causalLanguageModel",
  settings: {},
  checkModel(model, data) {
    checkKind("causalLanguageModel", model, "decoder");
    checkVocabulary("causalLanguageModel", data?.vocabularySize, model.config.vocabularySize);
  },
  checkBatch({ inputIds, labels, sequenceLength }, { config }) {
    checkLength(sequenceLength, config.contextLength);
    checkIds("inputIds", inputIds, config.vocabularySize);
    checkIds("labels", labels, config.vocabularySize, { except: ignoreIndex });
  },
  prepare: (batch) => ({ inputs: windowTensors(batch), tokens: batch.inputIds.length }),
  targets: (model, { inputIds, positionIds, labels }, key) => ({
    logits: model.forward(inputIds!, { positionIds, ...randomness(key) }),
    labels: labels!,
  }),
  accuracy: false,
});
