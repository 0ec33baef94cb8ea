// Predict the next token (Radford et al. 2018).
import { cast, equal, logicalNot } from "@llm/tensor";
import type { Objective } from "./objective.ts";

const ignoreIndex = -100;

/** Cross-entropy of the next token at every place whose label is not -100. */
export const causalLanguageModel: Objective = (model, { inputIds, labels }, key) => {
  const logits = model.forward(inputIds, key ? { key } : {});
  return {
    sum: logits.crossEntropy(labels, { reduction: "sum", ignoreIndex }),
    count: cast(logicalNot(equal(labels, ignoreIndex)), "float32").sum(),
  };
};
