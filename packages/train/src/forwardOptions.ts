// A model whose forward always has some options: what a run decides about the forward need not pass through every objective.
import type { CausalLanguageModel, ForwardOptions } from "@llm/model";
import type { Tensor } from "@llm/tensor";

/** The same model and parameters, with `options` added to those of each call of `forward`. */
export function withForwardOptions(model: CausalLanguageModel, options: ForwardOptions): CausalLanguageModel {
  const forward = (inputIds: Tensor, others?: ForwardOptions) => model.forward(inputIds, { ...others, ...options });
  return Object.assign(Object.create(Object.getPrototypeOf(model)), model, { forward });
}
