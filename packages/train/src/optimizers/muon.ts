// Muon (Jordan et al. 2024): momentum made orthogonal as the step, for the matrices inside of a model's blocks; AdamW for the rest. The
// matrices' part is torch.optim.Muon, but in float32 where that computes the Newton-Schulz steps in bfloat16.
import { layerOf } from "../layerOf.ts";
import { parameterGroups } from "../parameterGroups.ts";
import { type AdamWOptions, adamW } from "./adamw.ts";
import type { Optimizer, ParameterPredicate } from "./optimizer.ts";
import { type OrthogonalMomentumOptions, orthogonalMomentum } from "./orthogonalMomentum.ts";

export interface MuonOptions extends OrthogonalMomentumOptions {
  /**
   * Which parameters take orthogonal steps; they must have two axes. Default: matrices with a block's number in their name, and so
   * neither embeddings nor the output layer, except position biases.
   */
  orthogonalizes?: ParameterPredicate;
  /** Of all other parameters. */
  adamW?: AdamWOptions;
  /** What the learning rate of all other parameters is multiplied with. Default 1. */
  adamWLearningRateScale?: number;
}

/**
 * Muon with AdamW for what is not a matrix of a block. With the default `adjustLearningRate` both take the learning rate that AdamW
 * alone would. One number of state per weight of the matrices. Throws a `TrainError` for a setting outside of its limits.
 *
 * @example
 * const optimizer = muon({ weightDecay: 0.1, adamW: { beta2: 0.99 } });
 */
export function muon(options: MuonOptions = {}): Optimizer {
  const orthogonalizes = options.orthogonalizes ?? isBlockMatrix;
  const { adamWLearningRateScale = 1 } = options;
  const groups = parameterGroups([
    { parameters: orthogonalizes, optimizer: orthogonalMomentum(options) },
    { optimizer: adamW(options.adamW), learningRateScale: adamWLearningRateScale },
  ]);
  return { ...groups, name: "muon" };
}

const isBlockMatrix: ParameterPredicate = (name, { shape }) =>
  shape.length === 2 && layerOf(name) !== undefined && !/bias/.test(name);
