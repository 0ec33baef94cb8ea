// Which layers of a model an adapter changes.
import { ModelError } from "../errors.ts";
import type { Embedding } from "../layers/embedding.ts";
import type { PretrainedModel } from "../model.ts";
import { findParts, replaceParts } from "../replaceParts.ts";
import { adapterConfig } from "./adapterConfig.ts";
import type { AdaptableLinear } from "./adapterLayer.ts";
import { isTrainable, trainedLayer } from "./trainedLayer.ts";

/** Names of layers or ends of their paths (`"q_proj"`, `"self_attn.q_proj"`), or an expression for whole paths; as in PEFT. */
export type Targets = readonly string[] | RegExp;

/**
 * The layers an adapter goes to, of those that `isAdaptable` finds. Without `targets` all of the model's repeated blocks, so that heads
 * and poolers are left out.
 */
export function findTargets<P extends AdaptableLinear | Embedding>(
  where: string,
  model: PretrainedModel,
  { targets, isAdaptable }: { targets: Targets | undefined; isAdaptable: (part: object) => part is P },
): ReadonlyMap<string, P> {
  if (adapterConfig(model)) {
    throw new ModelError(`${where}: the model has an adapter already (merge it with mergeAdapter first)`);
  }
  const layers = findParts(model, isAdaptable);
  const chosen = [...layers].filter(([path]) => (targets ? matches(path, targets) : /\.\d+\./.test(path)));
  const unused = targets instanceof RegExp ? [] : (targets ?? []).filter((name) => !matchesAny(layers.keys(), name));
  if (chosen.length === 0 || unused.length > 0) {
    const what = targets instanceof RegExp ? String(targets) : unused.join(", ") || "anything in repeated blocks";
    throw new ModelError(`${where}: no layer matches ${what}; there are ${lastNames(layers.keys())}`);
  }
  return new Map(chosen);
}

/** Why an embedding that is the output layer cannot be one of `modulesToSave`. */
export const trainedTied =
  "is the output layer as well: PEFT trains a copy of it apart from the output layer, which is no such model any more (leave it out of modulesToSave)";

/** The model in which each layer of `modules` (names or ends of paths) is trained whole; none may be among the `adapted` ones. */
export function withTrainedModules<M extends PretrainedModel>(
  where: string,
  model: M,
  { modules, adapted }: { modules: readonly string[]; adapted: ReadonlyMap<string, unknown> },
): M {
  const layers = findParts(model, isTrainable);
  const missing = modules.filter((name) => !matchesAny(layers.keys(), name));
  if (missing.length > 0) {
    throw new ModelError(
      `${where}: modulesToSave must name layers in float, ${missing.join(", ")} is none; there are ${lastNames(layers.keys())}`,
    );
  }
  const twice = [...adapted.keys()].find((path) => matches(path, modules));
  if (twice !== undefined) {
    throw new ModelError(`${where}: ${twice} is in targets and in modulesToSave (a layer is adapted or trained whole)`);
  }
  const tied = [...layers].find(([path, layer]) => layer === model.tiedEmbedding && matches(path, modules));
  if (tied) throw new ModelError(`${where}: ${tied[0]} ${trainedTied}`);
  return replaceParts(model, (part, path) =>
    isTrainable(part) && matches(path, modules) ? trainedLayer(part) : undefined,
  );
}

function matches(path: string, targets: Targets): boolean {
  if (targets instanceof RegExp)
    return new RegExp(`^(?:${targets.source})$`, targets.flags.replace("g", "")).test(path);
  return targets.some((name) => matchesAny([path], name));
}

function matchesAny(paths: Iterable<string>, name: string): boolean {
  return [...paths].some((path) => path === name || path.endsWith(`.${name}`));
}

function lastNames(paths: Iterable<string>): string {
  return [...new Set([...paths].map((path) => path.slice(path.lastIndexOf(".") + 1)))].sort().join(", ");
}
