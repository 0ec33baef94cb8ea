// The end of a training step: from added-up gradients to new parameters and new state, all of it tensor ops.
import type { Tensor } from "@llm/tensor";
import { type EmaOptions, movedAverage, shareTaken } from "./ema.ts";
import { clipGradients, type GradientClipping, globalNorm } from "./gradientClipping.ts";
import { allFinite, type LossScalingOptions, nextLossScaling, unlessSkipped } from "./lossScaling.ts";
import { mapNamed, type NamedTensors, type Optimizer } from "./optimizers/optimizer.ts";
import type { TrainState } from "./trainState.ts";

export interface UpdateOptions {
  readonly optimizer: Optimizer;
  /** Undefined for no clipping. */
  readonly gradientClipping: GradientClipping | undefined;
  /** Of float16. */
  readonly lossScaling?: LossScalingOptions | undefined;
}

/** Gradients and losses of a step's micro-batches, added up. */
export interface Accumulated {
  readonly gradients: NamedTensors;
  readonly lossSum: Tensor;
  readonly count: Tensor;
}

/** The part of the state that an update replaces: in place of the whole model, the parameters that are trained. */
export interface TrainedState extends Omit<TrainState, "model"> {
  readonly parameters: NamedTensors;
}

export interface Applied {
  readonly state: TrainedState;
  readonly loss: Tensor;
  readonly gradientNorm: Tensor;
}

/** Numbers of a step from the host. */
export interface StepScalars<T = Tensor> {
  readonly optimizer: Readonly<Record<string, T>>;
  /** Share of the new parameters in their average. */
  readonly averageTaken?: T;
}

/** The numbers of the step after so many updates. */
export function stepNumbers(
  updates: number,
  learningRate: number,
  { optimizer, ema }: { readonly optimizer: Optimizer; readonly ema?: EmaOptions | undefined },
): StepScalars<number> {
  return {
    optimizer: optimizer.scalars(updates, learningRate),
    ...(ema && { averageTaken: shareTaken(updates, ema) }),
  };
}

export function mapScalars<T, U>(
  { optimizer, averageTaken }: StepScalars<T>,
  compute: (value: T) => U,
): StepScalars<U> {
  return {
    optimizer: Object.fromEntries(Object.entries(optimizer).map(([name, value]) => [name, compute(value)])),
    ...(averageTaken !== undefined && { averageTaken: compute(averageTaken) }),
  };
}

/** The mean of the gradients, clipped, as one update; recorded into the step's program. */
export function applyGradients(
  { parameters, optimizer: state, average, lossScaling }: TrainedState,
  summed: Accumulated,
  scalars: StepScalars,
  { optimizer, gradientClipping, lossScaling: scalingOptions }: UpdateOptions,
): Applied {
  const targets = summed.count.maximum(1);
  const means = mapNamed(summed.gradients, (gradient) => gradient.div(targets));
  const gradientNorm = globalNorm(means);
  const gradients = clipGradients(means, gradientNorm, gradientClipping);
  const updated = optimizer.update({ parameters, gradients, state, scalars: scalars.optimizer });
  const loss = summed.lossSum.div(targets);
  const averaged = (updated: NamedTensors) =>
    average && { average: movedAverage(average, updated, scalars.averageTaken!) };
  if (!lossScaling) {
    const next = { parameters: updated.parameters, optimizer: updated.state, ...averaged(updated.parameters) };
    return { state: next, loss, gradientNorm };
  }
  const finite = allFinite(gradientNorm);
  const kinds = Object.entries(updated.state).map(
    ([kind, tensors]) => [kind, unlessSkipped(finite, tensors, state[kind]!)] as const,
  );
  const kept = unlessSkipped(finite, updated.parameters, parameters);
  const next: TrainedState = {
    parameters: kept,
    optimizer: Object.fromEntries(kinds),
    ...averaged(kept),
    lossScaling: nextLossScaling(lossScaling, finite, scalingOptions),
  };
  return { state: next, loss, gradientNorm };
}
