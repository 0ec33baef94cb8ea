// Lion: the sign of a mean of gradients as the step (Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", algorithm 2).
import { sign } from "@llm/tensor";
import { mapNamed, type Optimizer } from "./optimizer.ts";
import { checkLimits } from "./settingLimits.ts";
import { decoupledWeightDecay, type WeightDecayOptions } from "./weightDecay.ts";
import { zerosLike } from "./zeros.ts";

export interface LionOptions extends WeightDecayOptions {
  /** Weight of the mean against the gradient in the step. Default 0.9. */
  beta1?: number;
  /** Decay of the mean of gradients. Default 0.99. */
  beta2?: number;
}

/**
 * Lion, with the paper's betas. One number of state per weight. Every weight moves by the learning rate: the paper advises a rate 3 to
 * 10 times lower than AdamW's, and a decay as many times higher. Throws a `TrainError` for a setting outside of its limits.
 *
 * @example
 * const optimizer = lion({ weightDecay: 0.5 });
 */
export function lion(options: LionOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.99 } = options;
  checkLimits("lion", { beta1: [beta1, 1], beta2: [beta2, 1] });
  const decay = decoupledWeightDecay("lion", options, 0.1);
  return {
    name: "lion",
    settings: (parameters) => ({ beta1, beta2, ...decay.settings(parameters) }),
    initialState: (parameters) => ({ momentum: mapNamed(parameters, zerosLike) }),
    scalars: (_, learningRate) => ({ learningRate, kept: decay.kept(learningRate) }),
    update: ({ parameters, gradients, state, scalars }) => {
      const mixed = (beta: number) =>
        mapNamed(state.momentum!, (m, name) => m.mul(beta).add(gradients[name]!.mul(1 - beta)));
      const directions = mapNamed(mixed(beta1), sign);
      const updated = mapNamed(parameters, (parameter, name) =>
        decay.apply(parameter, name, scalars.kept!).sub(directions[name]!.mul(scalars.learningRate!)),
      );
      return { parameters: updated, state: { momentum: mixed(beta2) } };
    },
  };
}
