// A model whose forward always has some options: what a run decides about the forward need not pass through every objective.
import type { ForwardOptions, PretrainedModel } from "@llm/model";

interface Forwarding {
  forward(input: unknown, options?: object): unknown;
}

/** The same model and parameters, with `options` added to those of each call of `forward`, where the model has one. */
export function withForwardOptions<Model extends PretrainedModel>(model: Model, options: ForwardOptions): Model {
  if (!isForwarding(model)) return model;
  const forward = (input: unknown, others?: object) => model.forward(input, { ...others, ...options });
  return Object.assign(Object.create(Object.getPrototypeOf(model)), model, { forward });
}

function isForwarding<Model extends PretrainedModel>(model: Model): model is Model & Forwarding {
  return "forward" in model && typeof model.forward === "function";
}
