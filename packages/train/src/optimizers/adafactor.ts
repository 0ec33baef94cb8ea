// Adafactor (Shazeer and Stern 2018) as torch.optim.Adafactor computes it: means of squared gradients are kept by rows and columns,
// steps are relative to the size of the weights, and updates that are too large as a whole are clipped.
import { sumOfSquares, type Tensor } from "@llm/tensor";
import { TrainError } from "../errors.ts";
import { filterNamed, mapNamed, type Optimizer } from "./optimizer.ts";
import { checkLimits } from "./settingLimits.ts";
import { decoupledWeightDecay, hasSeveralAxes, type WeightDecayOptions } from "./weightDecay.ts";
import { elementCount, zerosLike } from "./zeros.ts";

export interface AdafactorOptions extends WeightDecayOptions {
  /** Step t takes t ** beta2Decay of the new squares into the mean. Default -0.8. */
  beta2Decay?: number;
  /** Lower limit of the means of squares, and its square of the estimates. Default 2 ** -23, float32's. */
  epsilon1?: number;
  /** Lower limit of a parameter's root mean square, to which steps are relative. Default 1e-3. */
  epsilon2?: number;
  /** Largest root mean square of an update. Default 1. */
  clipThreshold?: number;
}

/**
 * Adafactor. Of a matrix [rows, columns] the state is rows + columns numbers. The step's size is the weights' root mean square times the
 * smaller of the learning rate and 1 / sqrt(step); PyTorch's default rate is 0.01. Weight decay is 0 by default. Throws a `TrainError`
 * for a setting outside of its limits.
 *
 * @example
 * const optimizer = adafactor({ clipThreshold: 1 });
 */
export function adafactor(options: AdafactorOptions = {}): Optimizer {
  const { beta2Decay = -0.8, epsilon1 = 2 ** -23, epsilon2 = 1e-3, clipThreshold = 1 } = options;
  checkLimits("adafactor", { epsilon1: [epsilon1, Infinity], epsilon2: [epsilon2, Infinity] });
  if (!(beta2Decay <= 0)) throw new TrainError(`adafactor: beta2Decay must be at most 0, got ${beta2Decay}`);
  if (!(clipThreshold >= 1)) throw new TrainError(`adafactor: clipThreshold must be at least 1, got ${clipThreshold}`);
  const decay = decoupledWeightDecay("adafactor", options, 0);
  return {
    name: "adafactor",
    settings: (parameters) => ({
      beta2Decay,
      epsilon1,
      epsilon2,
      clipThreshold,
      ...decay.settings(parameters),
    }),
    initialState: (parameters) => {
      const matrices = filterNamed(parameters, hasSeveralAxes);
      return {
        rowVariance: mapNamed(matrices, ({ shape }) => zerosLike({ shape: [...shape.slice(0, -1), 1] })),
        columnVariance: mapNamed(matrices, ({ shape }) =>
          zerosLike({ shape: [...shape.slice(0, -2), 1, shape.at(-1)!] }),
        ),
        variance: mapNamed(
          filterNamed(parameters, (name, parameter) => !hasSeveralAxes(name, parameter)),
          zerosLike,
        ),
      };
    },
    scalars: (step, learningRate) => ({
      taken: (step + 1) ** beta2Decay,
      relativeStep: Math.min(learningRate, 1 / Math.sqrt(step + 1)),
      kept: decay.kept(learningRate),
    }),
    update: ({ parameters, gradients, state, scalars }) => {
      const moved = (before: Tensor, now: Tensor) => before.add(now.sub(before).mul(scalars.taken!));
      const meanSquares = (name: string, axis: number) =>
        gradients[name]!.square().mean(axis, { keepDimensions: true });
      const rowVariance = mapNamed(state.rowVariance!, (row, name) => moved(row, meanSquares(name, -1)));
      const columnVariance = mapNamed(state.columnVariance!, (column, name) => moved(column, meanSquares(name, -2)));
      const variance = mapNamed(state.variance!, (value, name) => moved(value, gradients[name]!.square()));
      const estimateOf = (name: string): Tensor => {
        const [row, column] = [rowVariance[name], columnVariance[name]];
        if (!row || !column) return variance[name]!;
        return row.div(row.mean(-2, { keepDimensions: true }).maximum(epsilon1)).mul(column);
      };
      const updated = mapNamed(parameters, (parameter, name) => {
        const update = gradients[name]!.div(
          estimateOf(name)
            .maximum(epsilon1 ** 2)
            .sqrt(),
        );
        const tooLarge = rootMeanSquare(update).div(clipThreshold).maximum(1);
        const size = rootMeanSquare(parameter).maximum(epsilon2).mul(scalars.relativeStep!);
        return decay.apply(parameter, name, scalars.kept!).sub(update.mul(size.div(tooLarge)));
      });
      return { parameters: updated, state: { rowVariance, columnVariance, variance } };
    },
  };
}

function rootMeanSquare(x: Tensor): Tensor {
  const count = elementCount(x.shape);
  return sumOfSquares(x).div(count).sqrt();
}
