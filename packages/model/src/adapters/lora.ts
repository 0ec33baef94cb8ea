// LoRA for any model: its linear layers and embeddings get a low-rank change beside them, and nothing else is trained.
import { compile, hostRandomNormal, hostRandomUniform, type Tensor, tensor } from "@llm/tensor";
import { ModelError } from "../errors.ts";
import { Embedding } from "../layers/embedding.ts";
import { isFloatLinear } from "../layers/floatLinear.ts";
import type { PretrainedModel } from "../model.ts";
import { replaceParts } from "../replaceParts.ts";
import type { Adapted, LoraConfig } from "./adapterConfig.ts";
import { withAdapterDropout } from "./adapterDropout.ts";
import { type AdaptableLinear, isAdaptable, isAdaptableEmbedding } from "./adapterLayer.ts";
import { LoraEmbedding } from "./loraEmbedding.ts";
import { LoraLinear, weightLengths } from "./loraLinear.ts";
import { findTargets, type Targets, withTrainedModules } from "./targets.ts";

export interface LoraOptions {
  /** Of the change, at least 1. Default 8. */
  readonly rank?: number;
  /** The change is multiplied by alpha / rank. Default 2 · rank. */
  readonly alpha?: number;
  /** Share of the adapter's inputs set to zero in training. Default 0. */
  readonly dropout?: number;
  /** Which linear layers and embeddings. Default all linear layers in the model's repeated blocks. */
  readonly targets?: Targets;
  /** Scales by alpha / sqrt(rank), for high ranks (rsLoRA, Kalajdzievski 2023). Default false. */
  readonly useRsLora?: boolean;
  /** Learns the length of each output's weights beside their direction (DoRA, Liu et al. 2024); not on a quantised model. Default false. */
  readonly useDora?: boolean;
  /** Layers trained whole and stored with the adapter, such as a fresh `"classifier"`, or `"embed_tokens"` and `"lm_head"`. Default none. */
  readonly modulesToSave?: readonly string[];
  /** Default 0. */
  readonly seed?: number;
}

/**
 * The model with a LoRA adapter (Hu et al. 2021) that changes nothing yet: A is drawn, B is zero. The given model stays as it is and
 * its parameters are shared. Train those for which `isAdapterParameter(name)` holds; `saveAdapter` writes them as PEFT does and
 * `mergeAdapter` gives an ordinary model. The base may be quantised.
 * @throws ModelError for targets that are not there, numbers outside their limits, a model that has an adapter already.
 *
 * @example
 * const adapted = await applyLora(model, { rank: 16, targets: ["q_proj", "v_proj"] });
 */
export async function applyLora<M extends PretrainedModel>(model: M, options: LoraOptions = {}): Promise<Adapted<M>> {
  const config = loraConfig(options);
  const { seed = 0, modulesToSave = [] } = options;
  const layers = new Map<string, LoraLayer>();
  // Only a name chooses an embedding.
  const isWanted = options.targets ? isAdaptableOrEmbedding : isAdaptable;
  for (const [path, base] of findTargets("applyLora", model, { targets: options.targets, isAdaptable: isWanted })) {
    layers.set(path, freshLayer(path, base, { ...config, seed }));
  }
  const trained = withTrainedModules("applyLora", model, { modules: modulesToSave, adapted: layers });
  return withLora(trained, config.useDora ? await withMagnitudes(layers) : layers, config);
}

export type LoraLayer = LoraLinear | LoraEmbedding;

function isAdaptableOrEmbedding(part: object): part is AdaptableLinear | Embedding {
  return isAdaptable(part) || isAdaptableEmbedding(part);
}

/** The model with the given layers in place. */
export function withLora<M extends PretrainedModel>(
  model: M,
  layers: ReadonlyMap<string, LoraLayer>,
  config: LoraConfig,
): Adapted<M> {
  const adapted = replaceParts(model, (_, path) => layers.get(path));
  const described = Object.assign(Object.create(Object.getPrototypeOf(adapted)), adapted, { adapter: config });
  return config.dropout > 0 ? withAdapterDropout(described) : described;
}

function loraConfig(options: LoraOptions): LoraConfig {
  const { rank = 8, alpha = 2 * rank, dropout = 0, useRsLora = false, useDora = false } = options;
  if (!(Number.isInteger(rank) && rank > 0)) {
    throw new ModelError(`applyLora: rank must be a whole number above 0, got ${rank}`);
  }
  if (!(alpha > 0 && Number.isFinite(alpha))) {
    throw new ModelError(`applyLora: alpha must be a number above 0, got ${alpha}`);
  }
  if (!(dropout >= 0 && dropout < 1)) {
    throw new ModelError(`applyLora: dropout must be at least 0 and below 1, got ${dropout}`);
  }
  return { kind: "lora", rank, alpha, dropout, useRsLora, useDora };
}

/**
 * What PEFT begins with: A as PyTorch draws a linear layer's weight (uniform within 1 / sqrt(in)), B zero; for an embedding A zero and B
 * normal.
 */
function freshLayer(path: string, base: AdaptableLinear | Embedding, config: LoraConfig & { seed: number }): LoraLayer {
  const { rank, seed } = config;
  if (base instanceof Embedding) {
    const [rows, width] = base.weight.shape as [number, number];
    const down = tensor(new Float32Array(rank * rows), { shape: [rank, rows] });
    const drawn = hostRandomNormal(seed, `${path}.lora_embedding_B`, width * rank, 1);
    return new LoraEmbedding(base, { down, up: tensor(drawn, { shape: [width, rank] }) }, config);
  }
  const [inputs, outputs] = base.size;
  const name = `${path}.lora_A.weight`;
  const down = tensor(hostRandomUniform(seed, name, rank * inputs, 1 / Math.sqrt(inputs)), { shape: [rank, inputs] });
  const up = tensor(new Float32Array(outputs * rank), { shape: [outputs, rank] });
  return new LoraLinear(base, { down, up }, config);
}

/** DoRA starts with the lengths that the weights have. */
async function withMagnitudes(layers: ReadonlyMap<string, LoraLayer>): Promise<ReadonlyMap<string, LoraLinear>> {
  using lengths = compile((base: AdaptableLinear): Tensor => {
    if (!isFloatLinear(base)) throw new ModelError("applyLora: useDora needs float weights, the model is quantised");
    return weightLengths(base, base.weight);
  });
  const found = new Map<string, LoraLinear>();
  for (const [path, layer] of layers) {
    if (layer instanceof LoraEmbedding) {
      throw new ModelError(`applyLora: useDora is for linear layers, ${path} is an embedding (leave one of them out)`);
    }
    const { base_layer: base, lora_A, lora_B, settings } = layer;
    const factors = { down: lora_A.weight, up: lora_B.weight, magnitude: await lengths(base) };
    found.set(path, new LoraLinear(base, factors, settings));
  }
  return found;
}
