// The maximal update parametrisation, "muP" (Yang et al. 2022, "Tensor Programs V"): initial weights and learning rates scaled with the
// width so that activations and their updates stay of one size, and a learning rate found on a narrow model holds on a wide one.
//
// The paper multiplies the logits by base width / width in the forward. Here the weight of the norm before the output layer carries that
// factor, and its learning rate with it, which Adam cannot tell apart: the model stays an ordinary one, also in its checkpoint.
import { flattenTensors, type Tensor } from "@llm/tensor";
import { ModelError } from "./errors.ts";
import { Embedding } from "./layers/embedding.ts";
import type { PretrainedModel } from "./model.ts";

/**
 * Scales with the width from `baseWidth`, the width of the narrow model whose learning rate is carried over. Depth, and the size of a
 * head, are to stay the same: a wider model has more heads.
 */
export interface MaximalUpdate {
  readonly method: "mup";
  readonly baseWidth: number;
}

/** How many times as wide as the base. */
export function relativeWidth({ baseWidth }: MaximalUpdate, width: number): number {
  if (!(baseWidth > 0 && Number.isFinite(baseWidth))) {
    throw new ModelError(`mup: baseWidth must be a number above 0, got ${baseWidth}`);
  }
  return width / baseWidth;
}

/**
 * For Adam and its relatives: the factor of the learning rate of each parameter, by its name, for a model made with
 * `initialization: { method: "mup", baseWidth }`. Matrices and the norm before the output layer get base width / width; embeddings,
 * other norms and biases keep the rate.
 *
 * @throws ModelError for a name that is no parameter of the model.
 * @example
 * const rate = mupLearningRates(model, { baseWidth: 256 });
 * rate("transformer.h.0.mlp.c_fc.weight"); // 0.25 for a model of width 1024
 */
export function mupLearningRates(
  model: PretrainedModel & { readonly config: { readonly width: number } },
  { baseWidth }: { baseWidth: number },
): (name: string) => number {
  const slower = 1 / relativeWidth({ method: "mup", baseWidth }, model.config.width);
  const tables = tablesOf(model);
  const ofOutputNorm = new Set(flattenTensors(model.outputNorm).map(({ tensor }) => tensor));
  const rates = new Map(
    flattenTensors(model).map(({ path, tensor }) => {
      const isMatrix = tensor.shape.length > 1 && !tables.has(tensor);
      return [path, isMatrix || ofOutputNorm.has(tensor) ? slower : 1];
    }),
  );
  return (name) => {
    const rate = rates.get(name);
    if (rate === undefined) throw new ModelError(`mup: the model has no parameter "${name}"`);
    return rate;
  };
}

/** The weights of all embeddings: one row is looked up at a time, so that their size does not grow with the width. */
function tablesOf(value: unknown): Set<Tensor> {
  if (typeof value !== "object" || value === null || "dtype" in value) return new Set();
  if (value instanceof Embedding) return new Set([value.weight]);
  return new Set(Object.values(value).flatMap((child) => [...tablesOf(child)]));
}
