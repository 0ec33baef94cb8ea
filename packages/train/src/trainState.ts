// What changes during training and lives with the executor: the model's parameters, the optimiser's state and the scale of the loss.
import { type CausalLanguageModel, namedParameters } from "@llm/model";
import { flattenTensors, mapTensors } from "@llm/tensor";
import type { NamedTensors, OptimizerState } from "./optimizers/optimizer.ts";

export interface TrainState {
  readonly model: CausalLanguageModel;
  readonly optimizer: OptimizerState;
  /** Only in float16. */
  readonly lossScaling?: NamedTensors;
}

export function parametersOf(model: CausalLanguageModel): NamedTensors {
  return Object.fromEntries(namedParameters(model));
}

/** The model with other tensors under the names of its parameters. */
export function withParameters<M extends CausalLanguageModel>(model: M, parameters: NamedTensors): M {
  return mapTensors(model, (_, name) => parameters[name]!);
}

export function disposeTensors(tree: unknown): void {
  for (const { tensor } of flattenTensors(tree)) tensor.dispose();
}
