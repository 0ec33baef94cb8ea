// An exponential moving average of the weights (Polyak and Juditsky 1992, as torch.optim.swa_utils keeps it), in the step's program.
import type { Tensor } from "@llm/tensor";
import { TrainError } from "./errors.ts";
import { mapNamed, type NamedTensors } from "./optimizers/optimizer.ts";

export interface EmaOptions {
  /** Share of the average that stays at each update. Default 0.999. */
  decay?: number;
  /** Start with less: at most (1 + updates) / (10 + updates), as TensorFlow does, so that early weights are soon forgotten. Default true. */
  warmup?: boolean;
}

/** The options with their defaults. Throws a `TrainError` for a decay that is none. */
export function emaSettings({ decay = 0.999, warmup = true }: EmaOptions): Required<EmaOptions> {
  if (!(decay >= 0 && decay < 1))
    throw new TrainError(`Trainer: ema.decay must be at least 0 and below 1, got ${decay}`);
  return { decay, warmup };
}

/** The share of the new weights that goes into the average after so many updates; the first are taken whole. */
export function shareTaken(updates: number, options: EmaOptions): number {
  const { decay, warmup } = emaSettings(options);
  if (updates === 0) return 1;
  return 1 - (warmup ? Math.min(decay, (1 + updates) / (10 + updates)) : decay);
}

/** The average moved by `taken` of the way to the parameters. */
export function movedAverage(average: NamedTensors, parameters: NamedTensors, taken: Tensor): NamedTensors {
  return mapNamed(average, (value, name) => value.add(parameters[name]!.sub(value).mul(taken)));
}
