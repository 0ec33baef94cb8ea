// Which parameters decay, and decoupled weight decay (Loshchilov and Hutter 2019): shared by the optimisers.
import type { Tensor } from "@llm/tensor";
import { describeNames } from "./describeNames.ts";
import { filterNamed, type NamedTensors, type ParameterPredicate } from "./optimizer.ts";
import { checkLimits } from "./settingLimits.ts";

export interface WeightDecayOptions {
  /** Share of a weight, times the learning rate, taken away each step. Default 0.1 (`sgd`, `adafactor`: 0). */
  weightDecay?: number;
  /** Which parameters decay. Default: those with two or more axes, so neither norms nor biases. */
  decays?: ParameterPredicate;
}

export interface WeightDecay {
  readonly weightDecay: number;
  readonly decays: ParameterPredicate;
  settings(parameters: NamedTensors): Record<string, unknown>;
  /** The share of a decaying weight that stays in a step. */
  kept(learningRate: number): number;
  /** `parameter` times `kept` where it decays. */
  apply(parameter: Tensor, name: string, kept: Tensor): Tensor;
}

/** Throws a `TrainError` for a decay below 0. */
export function decoupledWeightDecay(where: string, options: WeightDecayOptions, fallback: number): WeightDecay {
  const { weightDecay = fallback, decays = (_, { shape }) => shape.length >= 2 } = options;
  checkLimits(where, { weightDecay: [weightDecay, Infinity] });
  return {
    weightDecay,
    decays: (name, parameter) => weightDecay > 0 && decays(name, parameter),
    settings(parameters) {
      const decayed = Object.keys(filterNamed(parameters, this.decays));
      return { weightDecay, ...(weightDecay > 0 && { decays: describeNames(decayed) }) };
    },
    kept: (learningRate) => 1 - learningRate * weightDecay,
    apply(parameter, name, kept) {
      return this.decays(name, parameter) ? parameter.mul(kept) : parameter;
    },
  };
}
