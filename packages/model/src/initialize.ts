// How fresh parameters are drawn. Every parameter has its own stream of random numbers, named by its path, so the result depends
// on the seed and the name alone; the numbers are drawn when they are needed.
import { hostRandomNormal, hostRandomUniform, lazyTensor, placeholder, type Tensor, tensor } from "@llm/tensor";
import { type MaximalUpdate, relativeWidth } from "./maximalUpdate.ts";

/**
 * - `"gpt2"`: normal, deviation 0.02; projections back into the residual stream divided by sqrt(2 · layers) (Radford et al. 2019)
 * - `"normal"`: normal, one deviation for all (BERT, Devlin et al. 2019)
 * - `"xavier"`: uniform, limit sqrt(6 / (in + out)) (Glorot and Bengio 2010)
 * - `"he"`: normal, deviation sqrt(2 / in) (He et al. 2015)
 * - `"t5"`: normal, deviation 1 / sqrt(in) (Raffel et al. 2020)
 * - `{ method: "mup", baseWidth }`: as `"gpt2"` at `baseWidth`, and from there on scaled with the width so that learning rates found at
 *   `baseWidth` hold (Yang et al. 2022); train with `mupLearningRates`
 * - `"empty"`: names and shapes without elements, for a model whose weights are read from a file (`loadWeights`) or only counted
 *
 * Tables of vectors have the model's own deviation with every method.
 */
export type Initialization = "gpt2" | "normal" | "xavier" | "he" | "t5" | "empty" | MaximalUpdate;

export interface MatrixOptions {
  /** Marks projections whose output is added to the residual stream. Default false. */
  residual?: boolean;
  /** Marks the layer that makes logits of hidden states. Default false. */
  output?: boolean;
  /** Stored [outputs, inputs]. Default false. */
  transposed?: boolean;
  /** Multiplies what the method draws. Default 1. */
  scale?: number;
}

export interface Initializer {
  /** A matrix [inputs, outputs], or [outputs, inputs] where it is `transposed`. */
  matrix(path: string, inputs: number, outputs: number, options?: MatrixOptions): Tensor;
  /** A table of vectors [rows, width]; `deviation` instead of the model's. */
  table(path: string, rows: number, width: number, deviation?: number): Tensor;
  zeros(size: number): Tensor;
  ones(size: number): Tensor;
  /** The weight of the norm whose result the output layer reads: ones, unless the method scales the logits. */
  outputNorm(size: number): Tensor;
}

export interface InitializerOptions {
  readonly seed: number;
  readonly layers: number;
  readonly width: number;
  readonly deviation: number;
}

/** Draws parameters for a model of `layers` layers and a residual stream of `width`. */
export function initializer(method: Initialization, options: InitializerOptions): Initializer {
  if (method === "empty") return emptyInitializer;
  const { seed, deviation, width } = options;
  const normal = (path: string, shape: [number, number], spread: number) =>
    lazyTensor(() => hostRandomNormal(seed, path, shape[0] * shape[1], spread), { dtype: "float32", shape });
  const constantVector = (size: number, value: number) => tensor(new Float32Array(size).fill(value));
  const logitScale = typeof method === "object" ? 1 / relativeWidth(method, width) : 1;
  return {
    matrix: (path, inputs, outputs, matrixOptions = {}) => {
      const { transposed = false, scale = 1 } = matrixOptions;
      const shape: [number, number] = transposed ? [outputs, inputs] : [inputs, outputs];
      if (method === "xavier") {
        const limit = scale * Math.sqrt(6 / (inputs + outputs));
        return lazyTensor(() => hostRandomUniform(seed, path, inputs * outputs, limit), { dtype: "float32", shape });
      }
      return normal(path, shape, scale * deviationOf(method, inputs, matrixOptions, options));
    },
    table: (path, rows, width, spread = deviation) => normal(path, [rows, width], spread),
    zeros: (size) => constantVector(size, 0),
    ones: (size) => constantVector(size, 1),
    outputNorm: (size) => constantVector(size, logitScale),
  };
}

function deviationOf(
  method: Exclude<Initialization, "xavier" | "empty">,
  inputs: number,
  { residual = false, output = false }: MatrixOptions,
  { layers, width, deviation }: InitializerOptions,
): number {
  if (method === "he") return Math.sqrt(2 / inputs);
  if (method === "t5") return Math.sqrt(1 / inputs);
  if (method === "normal") return deviation;
  const ofDepth = residual ? deviation / Math.sqrt(2 * layers) : deviation;
  if (method === "gpt2") return ofDepth;
  const growth = relativeWidth(method, width);
  return ofDepth / (output ? growth : Math.sqrt(growth));
}

const emptyInitializer: Initializer = {
  matrix: (path, inputs, outputs, { transposed = false } = {}) =>
    placeholder(path, "float32", transposed ? [outputs, inputs] : [inputs, outputs]),
  table: (path, rows, width) => placeholder(path, "float32", [rows, width]),
  zeros: (size) => placeholder("parameter without elements", "float32", [size]),
  ones: (size) => placeholder("parameter without elements", "float32", [size]),
  outputNorm: (size) => placeholder("parameter without elements", "float32", [size]),
};
