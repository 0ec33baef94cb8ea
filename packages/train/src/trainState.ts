// What changes during training and lives with the executor: the model's parameters, the optimiser's state, the average of the weights
// and the scale of the loss.
import { type CausalLanguageModel, namedParameters, type PretrainedModel } from "@llm/model";
import { flattenTensors, mapTensors, type Tensor, tensor } from "@llm/tensor";
import type { NamedTensors, OptimizerState } from "./optimizers/optimizer.ts";

/** What a training step changes: the parameters and the optimiser's state. */
export interface TrainState<Model extends PretrainedModel = CausalLanguageModel> {
  readonly model: Model;
  readonly optimizer: OptimizerState;
  /** Moving average of the parameters that are trained, where one is kept. */
  readonly average?: NamedTensors;
  /** Only in float16. */
  readonly lossScaling?: NamedTensors;
}

export function parametersOf(model: PretrainedModel): NamedTensors {
  return Object.fromEntries(namedParameters(model));
}

/** The model with other tensors under the names of those given. */
export function withParameters<Model extends PretrainedModel>(model: Model, parameters: NamedTensors): Model {
  return mapTensors(model, (before, name) => parameters[name] ?? before);
}

export function disposeTensors(tree: unknown): void {
  for (const { tensor } of flattenTensors(tree)) tensor.dispose();
}

/** The same tree with tensors of its own, in host memory. */
export async function copyTensors<T>(tree: T): Promise<T> {
  const sources = flattenTensors(tree).map(({ tensor }) => tensor);
  const copies = new Map(await Promise.all(sources.map(async (source) => [source, await copyOf(source)] as const)));
  return mapTensors(tree, (source) => copies.get(source)!);
}

async function copyOf(source: Tensor): Promise<Tensor> {
  const data = await source.data();
  return tensor(data.slice(), { dtype: source.dtype, shape: source.shape as readonly number[] });
}
