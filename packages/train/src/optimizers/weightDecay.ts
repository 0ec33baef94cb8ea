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
  readonly settings: (parameters: NamedTensors) => Record<string, unknown>;
  /** The share of a decaying weight that stays in a step. */
  readonly kept: (learningRate: number) => number;
  /** `parameter` times `kept` where it decays. */
  readonly apply: (parameter: Tensor, name: string, kept: Tensor) => Tensor;
}

/** Throws a `TrainError` for a decay below 0. */
export function decoupledWeightDecay(where: string, options: WeightDecayOptions, fallback: number): WeightDecay {
  const { weightDecay = fallback, decays: chosen = hasSeveralAxes } = options;
  checkLimits(where, { weightDecay: [weightDecay, Infinity] });
  const decays: ParameterPredicate = (name, parameter) => weightDecay > 0 && chosen(name, parameter);
  return {
    weightDecay,
    decays,
    settings: (parameters) => ({
      weightDecay,
      ...(weightDecay > 0 && { decays: describeNames(Object.keys(filterNamed(parameters, decays))) }),
    }),
    kept: (learningRate) => 1 - learningRate * weightDecay,
    apply: (parameter, name, kept) => (decays(name, parameter) ? parameter.mul(kept) : parameter),
  };
}

/** Matrices and tables, but neither norms nor biases. */
export const hasSeveralAxes: ParameterPredicate = (_, { shape }) => shape.length >= 2;
