// Stochastic gradient descent with momentum (Polyak 1964, Nesterov 1983), step for step as torch.optim.SGD computes it.
import type { Tensor } from "@llm/tensor";
import { TrainError } from "../errors.ts";
import { mapNamed, type NamedTensors, type Optimizer, type UpdateInput } from "./optimizer.ts";
import { checkLimits } from "./settingLimits.ts";
import { decoupledWeightDecay, type WeightDecayOptions } from "./weightDecay.ts";
import { zerosLike } from "./zeros.ts";

/** `weightDecay` is added to the gradient here, times the weight, as PyTorch does: with momentum it is not the decoupled one. */
export interface SgdOptions extends WeightDecayOptions {
  /** Default 0: none, and no state. */
  momentum?: number;
  /** Share of each new gradient that the momentum leaves out, from the second step on. Default 0. */
  dampening?: number;
  /** Look ahead along the momentum. Default false. */
  nesterov?: boolean;
}

/**
 * SGD; without momentum it has no state at all. Throws a `TrainError` for a setting outside of its limits, and for `nesterov` without
 * momentum or with dampening.
 *
 * @example
 * const optimizer = sgd({ momentum: 0.9, nesterov: true });
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum = 0, dampening = 0, nesterov = false } = options;
  checkLimits("sgd", { momentum: [momentum, 1], dampening: [dampening, 1] });
  if (nesterov && !(momentum > 0 && dampening === 0)) {
    throw new TrainError(
      `sgd: nesterov needs momentum above 0 and dampening 0, got momentum ${momentum} and dampening ${dampening}`,
    );
  }
  const decay = decoupledWeightDecay("sgd", options, 0);
  const stepsOf = ({ parameters, gradients, state, scalars }: UpdateInput) => {
    const wanted = mapNamed(gradients, (gradient, name) => {
      const parameter = parameters[name]!;
      return decay.decays(name, parameter) ? gradient.add(parameter.mul(decay.weightDecay)) : gradient;
    });
    if (momentum === 0) return { steps: wanted, state: {} };
    const buffer = mapNamed(state.momentum!, (m, name) =>
      m.mul(momentum).add(dampening > 0 ? wanted[name]!.mul(scalars.taken!) : wanted[name]!),
    );
    const ahead = (gradient: Tensor, name: string) => gradient.add(buffer[name]!.mul(momentum));
    return { steps: nesterov ? mapNamed(wanted, ahead) : buffer, state: { momentum: buffer } };
  };
  return {
    name: "sgd",
    settings: (parameters) => ({ momentum, dampening, nesterov, ...decay.settings(parameters) }),
    initialState: (parameters): Record<string, NamedTensors> =>
      momentum === 0 ? {} : { momentum: mapNamed(parameters, zerosLike) },
    scalars: (step, learningRate) => ({
      learningRate,
      // The first gradient is the momentum's start and is taken whole.
      ...(dampening > 0 && { taken: step === 0 ? 1 : 1 - dampening }),
    }),
    update: (input) => {
      const { steps, state } = stepsOf(input);
      const moved = (parameter: Tensor, name: string) => parameter.sub(steps[name]!.mul(input.scalars.learningRate!));
      return { parameters: mapNamed(input.parameters, moved), state };
    },
  };
}
