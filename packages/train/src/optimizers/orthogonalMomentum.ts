// The part of Muon that moves matrices: the momentum's singular values are all made about 1 by Newton-Schulz steps (Jordan et al. 2024).
import { sumOfSquares, type Tensor } from "@llm/tensor";
import { TrainError } from "../errors.ts";
import { mapNamed, type Optimizer } from "./optimizer.ts";
import { checkLimits } from "./settingLimits.ts";
import { decoupledWeightDecay, type WeightDecayOptions } from "./weightDecay.ts";
import { zerosLike } from "./zeros.ts";

export interface OrthogonalMomentumOptions extends WeightDecayOptions {
  /** Decay of the mean of gradients. Default 0.95. */
  momentum?: number;
  /** Look ahead along the momentum. Default true. */
  nesterov?: boolean;
  /** Steps of the iteration that makes the momentum orthogonal. Default 5. */
  newtonSchulzSteps?: number;
  /** Lower limit of the norm that the momentum is divided by. Default 1e-7. */
  epsilon?: number;
  /**
   * How the learning rate follows the shape [rows, columns] of a matrix. `"match_rms_adamw"` (default): times 0.2 · sqrt(max(rows,
   * columns)), which makes updates as large as AdamW's (Liu et al. 2025), so that one learning rate serves both. `"original"`: times
   * sqrt(max(1, rows / columns)), PyTorch's default, with rates about 0.02.
   */
  adjustLearningRate?: "match_rms_adamw" | "original";
}

/** Weights of X, X·Xᵀ·X and (X·Xᵀ)²·X: chosen for the steepest rise from zero, not to converge to 1 exactly. */
const coefficients = [3.4445, -4.775, 2.0315] as const;

const adjustments = {
  match_rms_adamw: (rows: number, columns: number) => 0.2 * Math.sqrt(Math.max(rows, columns)),
  original: (rows: number, columns: number) => Math.sqrt(Math.max(1, rows / columns)),
};

/** The optimiser of `muon`'s matrices. Throws a `TrainError` for a setting outside of its limits or a parameter that is no matrix. */
export function orthogonalMomentum(options: OrthogonalMomentumOptions = {}): Optimizer {
  const { momentum = 0.95, nesterov = true, newtonSchulzSteps = 5, epsilon = 1e-7 } = options;
  const { adjustLearningRate = "match_rms_adamw" } = options;
  checkLimits("muon", {
    momentum: [momentum, 1],
    newtonSchulzSteps: [newtonSchulzSteps, 100],
    epsilon: [epsilon, Infinity],
  });
  if (!Number.isInteger(newtonSchulzSteps)) {
    throw new TrainError(`muon: newtonSchulzSteps must be a whole number, got ${newtonSchulzSteps}`);
  }
  if (!Object.hasOwn(adjustments, adjustLearningRate)) {
    throw new TrainError(
      `muon: adjustLearningRate must be one of ${Object.keys(adjustments).join(", ")}, got ${adjustLearningRate}`,
    );
  }
  const decay = decoupledWeightDecay("muon", options, 0.1);
  return {
    name: "orthogonalMomentum",
    settings: (parameters) => ({
      momentum,
      nesterov,
      newtonSchulzSteps,
      epsilon,
      adjustLearningRate,
      ...decay.settings(parameters),
    }),
    initialState: (parameters) => ({
      momentum: mapNamed(parameters, (parameter, name) => zerosLike(matrix(parameter, name))),
    }),
    scalars: (_, learningRate) => ({ learningRate, kept: decay.kept(learningRate) }),
    update: ({ parameters, gradients, state, scalars }) => {
      const towards = (from: Tensor, to: Tensor, share: number) => from.mul(1 - share).add(to.mul(share));
      const means = mapNamed(state.momentum!, (mean, name) => towards(mean, gradients[name]!, 1 - momentum));
      const updated = mapNamed(parameters, (parameter, name) => {
        const direction = nesterov ? towards(gradients[name]!, means[name]!, momentum) : means[name]!;
        const [rows, columns] = parameter.shape as [number, number];
        const rate = scalars.learningRate!.mul(adjustments[adjustLearningRate](rows, columns));
        const step = orthogonalized(direction, newtonSchulzSteps, epsilon);
        return decay.apply(parameter, name, scalars.kept!).sub(step.mul(rate));
      });
      return { parameters: updated, state: { momentum: means } };
    },
  };
}

function matrix(parameter: Tensor, name: string): Tensor {
  if (parameter.shape.length === 2) return parameter;
  throw new TrainError(
    `muon: ${name} has shape [${parameter.shape}], only matrices can be made orthogonal (leave it out of \`orthogonalizes\`)`,
  );
}

/** About U·Vᵀ of the singular value decomposition U·S·Vᵀ of `direction` [rows, columns]. */
function orthogonalized(direction: Tensor, steps: number, epsilon: number): Tensor {
  const [rows, columns] = direction.shape as [number, number];
  const [a, b, c] = coefficients;
  // The smaller product of the two is enough.
  let x = rows > columns ? direction.transpose() : direction;
  x = x.div(sumOfSquares(x).sqrt().maximum(epsilon));
  for (let i = 0; i < steps; i++) {
    const gram = x.matmul(x, { transposeB: true });
    x = x.mul(a).add(gram.mul(b).add(gram.matmul(gram).mul(c)).matmul(x));
  }
  return rows > columns ? x.transpose() : x;
}
