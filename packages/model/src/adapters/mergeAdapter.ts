// From a model with an adapter to an ordinary one.
import { compile, type Executor } from "@llm/tensor";
import { ModelError } from "../errors.ts";
import type { Embedding } from "../layers/embedding.ts";
import type { LinearLayer } from "../layers/linear.ts";
import type { PretrainedModel } from "../model.ts";
import { findParts, replaceParts } from "../replaceParts.ts";
import { adapterConfig } from "./adapterConfig.ts";
import { AdapterLayer } from "./adapterLayer.ts";
import { TrainedLayer } from "./trainedLayer.ts";

/**
 * The model with what its adapter learned written into its weights: it computes the same at the cost of a model without adapter, and is
 * saved with `saveModel`. The given model stays as it is.
 * @throws ModelError for a model without adapter, a quantised one, whose weights are too coarse to take it, or one whose output layer is
 * the adapted embedding.
 *
 * @example
 * await saveModel(await mergeAdapter(adapted), "runs/merged");
 */
export async function mergeAdapter<M extends PretrainedModel>(
  model: M,
  { executor }: { executor?: Executor } = {},
): Promise<M> {
  if (!adapterConfig(model)) throw new ModelError("mergeAdapter: the model has no adapter");
  if (model.tiedEmbedding instanceof AdapterLayer) {
    throw new ModelError(
      "mergeAdapter: the output layer is the token embedding, of which the adapter changes what goes in alone: one table cannot hold both (keep the adapter beside the model)",
    );
  }
  using merge = compile((layer: AdapterLayer) => layer.merged(), executor ? { executor } : {});
  const merged = new Map<string, LinearLayer | Embedding>();
  for (const [path, layer] of findParts(model, (part) => part instanceof AdapterLayer)) {
    merged.set(path, await merge(layer));
  }
  return removeAdapter(
    replaceParts(model, (part, path) => (part instanceof TrainedLayer ? part.modules_to_save : merged.get(path))),
  );
}

/** The model as it was before an adapter was applied; what was trained whole beside it (`modulesToSave`) stays. */
export function removeAdapter<M extends PretrainedModel>(model: M): M {
  const bare = replaceParts(model, (part) => {
    if (part instanceof AdapterLayer) return part.base_layer;
    return part instanceof TrainedLayer ? part.modules_to_save : undefined;
  });
  // Without the adapter's configuration and its forward with dropout.
  const { adapter: _, forward: __, ...fields } = bare as M & { adapter?: unknown; forward?: unknown };
  return Object.assign(Object.create(Object.getPrototypeOf(model)), fields);
}
