// How fresh parameters are drawn. Every parameter has its own stream of random numbers, named by its path, so the result depends
// on the seed and the name alone.
import { hostRandomNormal, hostRandomUniform, placeholder, type Tensor, tensor } from "@llm/tensor";

/**
 * - `"gpt2"`: normal, deviation 0.02; projections back into the residual stream divided by sqrt(2 · layers) (Radford et al. 2019)
 * - `"normal"`: normal, one deviation for all (BERT, Devlin et al. 2019)
 * - `"xavier"`: uniform, limit sqrt(6 / (in + out)) (Glorot and Bengio 2010)
 * - `"he"`: normal, deviation sqrt(2 / in) (He et al. 2015)
 * - `"empty"`: names and shapes without elements, for a model whose weights are read from a file (`loadWeights`) or only counted
 */
export type Initialization = "gpt2" | "normal" | "xavier" | "he" | "empty";

export interface MatrixOptions {
  /** Marks projections whose output is added to the residual stream. Default false. */
  residual?: boolean;
  /** Stored [outputs, inputs]. Default false. */
  transposed?: boolean;
}

export interface Initializer {
  /** A matrix [inputs, outputs], or [outputs, inputs] where it is `transposed`. */
  matrix(path: string, inputs: number, outputs: number, options?: MatrixOptions): Tensor;
  /** A table of vectors [rows, width]. */
  table(path: string, rows: number, width: number): Tensor;
  zeros(size: number): Tensor;
  ones(size: number): Tensor;
}

/** Draws parameters for a model of `layers` layers. */
export function initializer(
  method: Initialization,
  options: { seed: number; layers: number; deviation: number },
): Initializer {
  if (method === "empty") return emptyInitializer;
  const { seed, layers, deviation } = options;
  const normal = (path: string, shape: [number, number], spread: number) =>
    tensor(hostRandomNormal(seed, path, shape[0] * shape[1], spread), { shape });
  return {
    matrix: (path, inputs, outputs, { residual = false, transposed = false } = {}) => {
      const shape: [number, number] = transposed ? [outputs, inputs] : [inputs, outputs];
      if (method === "he") return normal(path, shape, Math.sqrt(2 / inputs));
      if (method === "xavier") {
        const limit = Math.sqrt(6 / (inputs + outputs));
        return tensor(hostRandomUniform(seed, path, inputs * outputs, limit), { shape });
      }
      return normal(path, shape, residual && method === "gpt2" ? deviation / Math.sqrt(2 * layers) : deviation);
    },
    table: (path, rows, width) => normal(path, [rows, width], deviation),
    zeros: (size) => tensor(new Float32Array(size)),
    ones: (size) => tensor(new Float32Array(size).fill(1)),
  };
}

const emptyInitializer: Initializer = {
  matrix: (path, inputs, outputs, { transposed = false } = {}) =>
    placeholder(path, "float32", transposed ? [outputs, inputs] : [inputs, outputs]),
  table: (path, rows, width) => placeholder(path, "float32", [rows, width]),
  zeros: (size) => placeholder("parameter without elements", "float32", [size]),
  ones: (size) => placeholder("parameter without elements", "float32", [size]),
};
