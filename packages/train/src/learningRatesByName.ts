// A learning rate of its own for each parameter: what layer-wise rates and muP ask for.
import { namedParameters, type PretrainedModel } from "@llm/model";
import type { Optimizer } from "./optimizers/optimizer.ts";
import { parameterGroups } from "./parameterGroups.ts";

export interface LearningRatesByNameOptions {
  readonly optimizer: Optimizer;
  /** What the schedule's rate is multiplied with, by the name of the parameter: `layerWiseLearningRates`, `mupLearningRates` of @llm/model. */
  readonly rate: (name: string) => number;
}

/**
 * The optimiser with other learning rates. Throws a `TrainError` for a rate below 0.
 *
 * @example
 * const rate = layerWiseLearningRates(model, { decay: 0.8 });
 * const optimizer = learningRatesByName(model, { optimizer: adamW(), rate });
 */
export function learningRatesByName(
  model: PretrainedModel,
  { optimizer, rate }: LearningRatesByNameOptions,
): Optimizer {
  const rates = new Map([...namedParameters(model).keys()].map((name) => [name, rate(name)]));
  const groups = [...new Set(rates.values())].map((learningRateScale) => ({
    parameters: (name: string) => rates.get(name) === learningRateScale,
    optimizer,
    learningRateScale,
  }));
  return parameterGroups(groups);
}
