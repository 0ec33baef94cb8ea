// AdamW: Adam with decoupled weight decay (Loshchilov and Hutter 2019), step for step as PyTorch computes it.
import { hostArray, type Tensor, tensor } from "@llm/tensor";
import { TrainError } from "../errors.ts";
import { mapNamed, type Optimizer } from "./optimizer.ts";

export interface AdamWOptions {
  /** Decay of the mean of gradients. Default 0.9. */
  beta1?: number;
  /** Decay of the mean of squared gradients. Default 0.95. */
  beta2?: number;
  /** Default 1e-8. */
  epsilon?: number;
  /** Share of a weight, times the learning rate, taken away each step. Default 0.1. */
  weightDecay?: number;
  /** Which parameters decay. Default: those with two or more axes, so neither norms nor biases. */
  decays?: (name: string, parameter: Tensor) => boolean;
}

/** AdamW with the defaults usual for language models (betas 0.9 and 0.95, decay 0.1 on matrices only). */
export function adamW(options: AdamWOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, weightDecay = 0.1 } = options;
  const decays = options.decays ?? ((_, parameter) => parameter.shape.length >= 2);
  for (const [name, value, limit] of [
    ["beta1", beta1, 1],
    ["beta2", beta2, 1],
    ["epsilon", epsilon, Infinity],
    ["weightDecay", weightDecay, Infinity],
  ] as const) {
    if (!(value >= 0 && value < limit))
      throw new TrainError(`adamW: ${name} must be at least 0 and below ${limit}, got ${value}`);
  }
  return {
    name: "adamw",
    settings: { beta1, beta2, epsilon, weightDecay },
    initialState: (parameters) => ({
      firstMoment: mapNamed(parameters, zerosLike),
      secondMoment: mapNamed(parameters, zerosLike),
    }),
    scalars: (step, learningRate) => ({
      stepSize: learningRate / (1 - beta1 ** (step + 1)),
      inverseRootCorrection: 1 / Math.sqrt(1 - beta2 ** (step + 1)),
      kept: 1 - learningRate * weightDecay,
    }),
    update: ({ parameters, gradients, state, scalars }) => {
      const firstMoment = mapNamed(state.firstMoment!, (m, name) => m.mul(beta1).add(gradients[name]!.mul(1 - beta1)));
      const secondMoment = mapNamed(state.secondMoment!, (v, name) =>
        v.mul(beta2).add(gradients[name]!.square().mul(1 - beta2)),
      );
      const updated = mapNamed(parameters, (parameter, name) => {
        const root = secondMoment[name]!.sqrt().mul(scalars.inverseRootCorrection!).add(epsilon);
        const step = firstMoment[name]!.mul(scalars.stepSize!).div(root);
        const kept = weightDecay > 0 && decays(name, parameter) ? parameter.mul(scalars.kept!) : parameter;
        return kept.sub(step);
      });
      return { parameters: updated, state: { firstMoment, secondMoment } };
    },
  };
}

function zerosLike({ shape }: Tensor): Tensor {
  const sizes = shape as readonly number[];
  return tensor(
    hostArray(
      "float32",
      sizes.reduce((a, b) => a * b, 1),
    ),
    { shape: sizes },
  );
}
