// AdamW: Adam with decoupled weight decay (Loshchilov and Hutter 2019), step for step as PyTorch computes it.
import { mapNamed, type Optimizer } from "./optimizer.ts";
import { checkLimits } from "./settingLimits.ts";
import { decoupledWeightDecay, type WeightDecayOptions } from "./weightDecay.ts";
import { zerosLike } from "./zeros.ts";

export interface AdamWOptions extends WeightDecayOptions {
  /** Decay of the mean of gradients. Default 0.9. */
  beta1?: number;
  /** Decay of the mean of squared gradients. Default 0.95. */
  beta2?: number;
  /** Default 1e-8. */
  epsilon?: number;
}

/**
 * AdamW with the defaults usual for language models (betas 0.9 and 0.95, decay 0.1 on matrices only). Two numbers of state per weight.
 * Throws a `TrainError` for a setting outside of its limits.
 *
 * @example
 * const optimizer = adamW({ beta2: 0.99, weightDecay: 0.01 });
 */
export function adamW(options: AdamWOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8 } = options;
  checkLimits("adamW", { beta1: [beta1, 1], beta2: [beta2, 1], epsilon: [epsilon, Infinity] });
  const decay = decoupledWeightDecay("adamW", options, 0.1);
  return {
    name: "adamw",
    neverNegative: ["secondMoment"],
    settings: (parameters) => ({ beta1, beta2, epsilon, ...decay.settings(parameters) }),
    initialState: (parameters) => ({
      firstMoment: mapNamed(parameters, zerosLike),
      secondMoment: mapNamed(parameters, zerosLike),
    }),
    scalars: (step, learningRate) => ({
      stepSize: learningRate / (1 - beta1 ** (step + 1)),
      inverseRootCorrection: 1 / Math.sqrt(1 - beta2 ** (step + 1)),
      kept: decay.kept(learningRate),
    }),
    update: ({ parameters, gradients, state, scalars }) => {
      const firstMoment = mapNamed(state.firstMoment!, (m, name) => m.mul(beta1).add(gradients[name]!.mul(1 - beta1)));
      const secondMoment = mapNamed(state.secondMoment!, (v, name) =>
        v.mul(beta2).add(gradients[name]!.square().mul(1 - beta2)),
      );
      const updated = mapNamed(parameters, (parameter, name) => {
        const root = secondMoment[name]!.sqrt().mul(scalars.inverseRootCorrection!).add(epsilon);
        const step = firstMoment[name]!.mul(scalars.stepSize!).div(root);
        return decay.apply(parameter, name, scalars.kept!).sub(step);
      });
      return { parameters: updated, state: { firstMoment, secondMoment } };
    },
  };
}
