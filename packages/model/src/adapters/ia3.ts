// (IA)³ for any model: factors for the outputs or inputs of its linear layers, and nothing else is trained.
import { tensor } from "@llm/tensor";
import { ModelError } from "../errors.ts";
import type { PretrainedModel } from "../model.ts";
import { replaceParts } from "../replaceParts.ts";
import type { Adapted } from "./adapterConfig.ts";
import { isAdaptable } from "./adapterLayer.ts";
import { Ia3Linear } from "./ia3Linear.ts";
import { findTargets, type Targets, withTrainedModules } from "./targets.ts";

export interface Ia3Options {
  /** Layers whose outputs are scaled, in the paper keys and values: `["k_proj", "v_proj"]`. */
  readonly targets: Targets;
  /** Layers whose inputs are scaled, in the paper the second of a feed-forward layer: `["down_proj"]`. Default none. */
  readonly feedForwardTargets?: Targets;
  /** Layers trained whole and stored with the adapter. Default none. */
  readonly modulesToSave?: readonly string[];
}

/**
 * The model with an (IA)³ adapter (Liu et al. 2022) that changes nothing yet: every factor is 1. Used like that of `applyLora`, with
 * far fewer parameters.
 * @throws ModelError for targets that are not there or named twice, a model that has an adapter already.
 *
 * @example
 * const adapted = applyIa3(model, { targets: ["k_proj", "v_proj"], feedForwardTargets: ["down_proj"] });
 */
export function applyIa3<M extends PretrainedModel>(model: M, options: Ia3Options): Adapted<M> {
  const { targets, feedForwardTargets, modulesToSave = [] } = options;
  const layers = new Map<string, Ia3Linear>();
  for (const [path, base] of findTargets("applyIa3", model, { targets, isAdaptable })) {
    const outputs = base.size[1];
    layers.set(path, new Ia3Linear(base, ones([outputs, 1]), { scalesInputs: false }));
  }
  const feedForward = feedForwardTargets && { targets: feedForwardTargets, isAdaptable };
  for (const [path, base] of feedForward ? findTargets("applyIa3", model, feedForward) : []) {
    if (layers.has(path))
      throw new ModelError(`applyIa3: ${path} is in targets and in feedForwardTargets (name it once)`);
    layers.set(path, new Ia3Linear(base, ones([1, base.size[0]]), { scalesInputs: true }));
  }
  return withIa3(withTrainedModules("applyIa3", model, { modules: modulesToSave, adapted: layers }), layers);
}

/** The model with the given layers in place. */
export function withIa3<M extends PretrainedModel>(model: M, layers: ReadonlyMap<string, Ia3Linear>): Adapted<M> {
  const adapted = replaceParts(model, (_, path) => layers.get(path));
  return Object.assign(Object.create(Object.getPrototypeOf(adapted)), adapted, { adapter: { kind: "ia3" } });
}

function ones(shape: readonly [number, number]) {
  return tensor(new Float32Array(shape[0] * shape[1]).fill(1), { shape });
}
