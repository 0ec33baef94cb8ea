// Learning rates that fall from a model's last layers to its first, for fine-tuning (Howard and Ruder 2018; Clark et al. 2020, ELECTRA).
import { namedParameters, type PretrainedModel } from "@llm/model";
import { TrainError } from "./errors.ts";
import { layerOf } from "./layerOf.ts";

export interface LayerWiseOptions {
  /** What the rate is multiplied with from one layer to the one before it: above 0, at most 1. */
  readonly decay: number;
}

/**
 * For `learningRatesByName`: 1 for what comes after the blocks, `decay` for the last block, decay² for the one before and so on down to
 * the embeddings. Blocks are known by the number in their parameters' names; what has none belongs to the embeddings if it comes before
 * the first block in the model, otherwise to the end. Encoder and decoder of a T5 are counted side by side.
 *
 * Throws a `TrainError` for a decay outside of its limits and for a model without numbered blocks.
 */
export function layerWiseLearningRates(model: PretrainedModel, { decay }: LayerWiseOptions): (name: string) => number {
  if (!(decay > 0 && decay <= 1))
    throw new TrainError(`layerWiseLearningRates: decay must be above 0 and at most 1, got ${decay}`);
  const names = [...namedParameters(model).keys()];
  const firstBlock = names.findIndex((name) => layerOf(name) !== undefined);
  if (firstBlock < 0)
    throw new TrainError("layerWiseLearningRates: no parameter of the model has the number of a block in its name");
  const blocks = Math.max(...names.map((name) => (layerOf(name) ?? -1) + 1));
  const embeddings = new Set(names.slice(0, firstBlock));
  return (name) => {
    const depth = embeddings.has(name) ? 0 : (layerOf(name) ?? blocks) + 1;
    return decay ** (blocks + 1 - depth);
  };
}
