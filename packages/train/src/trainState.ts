// What changes during training and lives with the executor: the model's parameters, the optimiser's state and the scale of the loss.
import { type CausalLanguageModel, namedParameters, type PretrainedModel } from "@llm/model";
import { flattenTensors, mapTensors } from "@llm/tensor";
import type { NamedTensors, OptimizerState } from "./optimizers/optimizer.ts";

export interface TrainState<Model extends PretrainedModel = CausalLanguageModel> {
  readonly model: Model;
  readonly optimizer: OptimizerState;
  /** Only in float16. */
  readonly lossScaling?: NamedTensors;
}

export function parametersOf(model: PretrainedModel): NamedTensors {
  return Object.fromEntries(namedParameters(model));
}

/** The model with other tensors under the names of its parameters. */
export function withParameters<Model extends PretrainedModel>(model: Model, parameters: NamedTensors): Model {
  return mapTensors(model, (_, name) => parameters[name]!);
}

export function disposeTensors(tree: unknown): void {
  for (const { tensor } of flattenTensors(tree)) tensor.dispose();
}
