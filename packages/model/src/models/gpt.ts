// GPT-2 (Radford et al. 2019), top to bottom: a decoder with learned positions, layer norms before each sublayer, GELU, one matrix
// for queries, keys and values, and (by default) an output layer tied to the token embedding. Field paths are the names of the
// published weights.
//
// B batch · T sequence · C width · H heads · D head size (C / H) · V vocabulary · S capacity of the cache
import {
  attention,
  attentionWithCache,
  type DType,
  dropout,
  parametersFirst,
  type RandomKey,
  recompute as recomputed,
  type Tensor,
  updateSlice,
} from "@llm/tensor";
import { cacheMask, forHeads, lengthWith, newPositions } from "../cacheMask.ts";
import { ModelError } from "../errors.ts";
import { type Initialization, type Initializer, initializer } from "../initialize.ts";
import type { KeyValueCache } from "../keyValueCache.ts";
import { type Activation, activations } from "../layers/activations.ts";
import { Embedding, OutputTable } from "../layers/embedding.ts";
import { mergeHeads, splitHeads } from "../layers/heads.ts";
import { LayerNorm } from "../layers/layerNorm.ts";
import { Linear, type LinearLayer } from "../layers/linear.ts";
import type { CachedForwardOptions, CausalLanguageModel, CausalLanguageModelConfig, ForwardOptions } from "../model.ts";
import { packedMask } from "../packedMask.ts";
import { checkIds, checkShapes } from "./checkInputs.ts";
import { activationIn, type ConfigJson, idIn, numberIn, refuseOtherThan, requireModelType } from "./configJson.ts";

/** What a GPT was built with, every default filled in. */
export interface GptConfig extends CausalLanguageModelConfig {
  /** Size of the feed-forward layer's hidden part. Default 4 · width. */
  readonly hiddenWidth: number;
  readonly activation: Activation;
  /** Shares set to zero in training. Default 0. */
  readonly embeddingDropout: number;
  readonly attentionDropout: number;
  readonly residualDropout: number;
  readonly layerNormEpsilon: number;
  /** The output layer is the token embedding. Default true. */
  readonly tiedEmbeddings: boolean;
  /** Deviation of freshly drawn weights. Default 0.02. */
  readonly initializerRange: number;
  /** Ids transformers writes into config.json; undefined where the tokenizer has none. */
  readonly beginOfTextId?: number | undefined;
  readonly endOfTextId?: number | undefined;
}

/** What must be said about a GPT; everything else has a default. */
export type GptOptions = CausalLanguageModelConfig & Partial<GptConfig>;

/** A complete configuration; throws a `ModelError` that names the value that does not fit. */
export function gptConfig(options: GptOptions): GptConfig {
  const config: GptConfig = {
    hiddenWidth: 4 * options.width,
    activation: "gelu_new",
    embeddingDropout: 0,
    attentionDropout: 0,
    residualDropout: 0,
    layerNormEpsilon: 1e-5,
    tiedEmbeddings: true,
    initializerRange: 0.02,
    ...options,
  };
  for (const name of ["vocabularySize", "contextLength", "layers", "heads", "width", "hiddenWidth"] as const) {
    if (!(Number.isInteger(config[name]) && config[name] > 0)) {
      throw new ModelError(`GPT: ${name} must be a whole number above 0, got ${config[name]}`);
    }
  }
  if (config.width % config.heads !== 0) {
    throw new ModelError(`GPT: width ${config.width} does not divide into ${config.heads} heads`);
  }
  for (const name of ["layerNormEpsilon", "initializerRange"] as const) {
    if (!(config[name] > 0 && Number.isFinite(config[name]))) {
      throw new ModelError(`GPT: ${name} must be a number above 0, got ${config[name]}`);
    }
  }
  for (const name of ["embeddingDropout", "attentionDropout", "residualDropout"] as const) {
    if (!(config[name] >= 0 && config[name] < 1)) {
      throw new ModelError(`GPT: ${name} must be at least 0 and below 1, got ${config[name]}`);
    }
  }
  if (!Object.hasOwn(activations, config.activation)) {
    throw new ModelError(`GPT: activation "${config.activation}" is not one of ${Object.keys(activations).join(", ")}`);
  }
  return config;
}

class Attention {
  readonly c_attn: LinearLayer;
  readonly c_proj: LinearLayer;

  constructor(c_attn: LinearLayer, c_proj: LinearLayer) {
    this.c_attn = c_attn;
    this.c_proj = c_proj;
  }

  /** [B, T, C] → query, key, value [B, H, T, D] */
  project(x: Tensor, { heads, width }: GptConfig): [Tensor, Tensor, Tensor] {
    const all = this.c_attn.forward(x); // [B, T, 3C]
    const [query, key, value] = all.split([width, width, width]);
    return [splitHeads(query!, heads), splitHeads(key!, heads), splitHeads(value!, heads)];
  }

  forward(x: Tensor, config: GptConfig, { mask, key, blockSize }: LayerOptions): Tensor {
    const [query, keys, values] = this.project(x, config);
    const mixed = attention(query, keys, values, {
      causal: true,
      mask,
      blockSize,
      dropoutRate: config.attentionDropout,
      key: key?.derive("attention"),
    });
    return dropout(this.c_proj.forward(mergeHeads(mixed)), config.residualDropout, key?.derive("residual"));
  }
}

/** What one layer's forward needs beside its input; `mask` bool [B, 1, T, T], beside what is causal. */
interface LayerOptions {
  readonly mask?: Tensor | undefined;
  readonly key?: RandomKey | undefined;
  readonly blockSize?: number | undefined;
}

class FeedForward {
  readonly c_fc: LinearLayer;
  readonly c_proj: LinearLayer;

  constructor(c_fc: LinearLayer, c_proj: LinearLayer) {
    this.c_fc = c_fc;
    this.c_proj = c_proj;
  }

  forward(x: Tensor, config: GptConfig, key?: RandomKey): Tensor {
    const hidden = activations[config.activation](this.c_fc.forward(x)); // [B, T, hiddenWidth]
    return dropout(this.c_proj.forward(hidden), config.residualDropout, key?.derive("feedForward"));
  }
}

class Block {
  readonly ln_1: LayerNorm;
  readonly attn: Attention;
  readonly ln_2: LayerNorm;
  readonly mlp: FeedForward;

  constructor(ln_1: LayerNorm, attn: Attention, ln_2: LayerNorm, mlp: FeedForward) {
    this.ln_1 = ln_1;
    this.attn = attn;
    this.ln_2 = ln_2;
    this.mlp = mlp;
  }

  forward(x: Tensor, config: GptConfig, options: LayerOptions): Tensor {
    const attended = x.add(this.attn.forward(this.ln_1.forward(x), config, options));
    return attended.add(this.mlp.forward(this.ln_2.forward(attended), config, options.key));
  }
}

/** GPT-2 (Radford et al. 2019): a decoder with learned positions. Fields hold the parameters under their names in the checkpoint. */
export class Gpt implements CausalLanguageModel {
  readonly config: GptConfig;
  readonly transformer: {
    readonly wte: Embedding; // [V, C]
    readonly wpe: Embedding; // [contextLength, C]
    readonly h: readonly Block[];
    readonly ln_f: LayerNorm;
  };
  /** Only where the output layer is not tied to the token embedding. */
  readonly lm_head?: Embedding; // [V, C]

  /** A model with fresh parameters. `seed` (default 0) and the parameters' names decide them. */
  constructor(
    options: GptOptions,
    { seed = 0, initialization = "gpt2" }: { seed?: number; initialization?: Initialization } = {},
  ) {
    const config = gptConfig(options);
    const { vocabularySize, contextLength, layers, width } = config;
    const init = initializer(initialization, { seed, layers, width, deviation: config.initializerRange });
    this.config = config;
    this.transformer = {
      wte: new Embedding(init.table("transformer.wte.weight", vocabularySize, width)),
      wpe: new Embedding(init.table("transformer.wpe.weight", contextLength, width)),
      h: Array.from({ length: layers }, (_, i) => freshBlock(`transformer.h.${i}`, config, init)),
      ln_f: new LayerNorm(init.outputNorm(width), init.zeros(width), config.layerNormEpsilon),
    };
    if (!config.tiedEmbeddings) this.lm_head = new OutputTable(init.table("lm_head.weight", vocabularySize, width));
  }

  static fromConfigJson(json: ConfigJson): Gpt {
    return new Gpt(gptConfigFromJson(json), { initialization: "empty" });
  }

  get outputNorm(): LayerNorm {
    return this.transformer.ln_f;
  }

  get tiedEmbedding(): Embedding | undefined {
    return this.lm_head ? undefined : this.transformer.wte;
  }

  forward(inputIds: Tensor, options: ForwardOptions = {}): Tensor {
    const { key, recompute = false, positionIds, attentionBlockSize: blockSize } = options;
    checkIds("GPT", inputIds, this.config);
    checkShapes("GPT", inputIds, { positionIds });
    const { wpe } = this.transformer;
    const positions = positionIds ? wpe.forward(positionIds) : wpe.firstRows(inputIds.shape[1]!); // [B, T, C] or [T, C]
    const mask = positionIds && packedMask(positionIds);
    let x = dropout(
      this.transformer.wte.forward(inputIds).add(positions), // [B, T, C]
      this.config.embeddingDropout,
      key?.derive("embedding"),
    );
    for (const [i, block] of this.transformer.h.entries()) {
      const forward = (x: Tensor, key?: RandomKey) => block.forward(x, this.config, { mask, key, blockSize });
      x = (recompute ? recomputed(forward) : forward)(x, key?.derive(i));
    }
    const output = (x: Tensor) => this.output(x);
    return (recompute ? parametersFirst(output) : output)(this.transformer.ln_f.forward(x));
  }

  forwardCached(
    inputIds: Tensor,
    cache: KeyValueCache,
    { padding }: CachedForwardOptions = {},
  ): { logits: Tensor; cache: KeyValueCache } {
    const count = inputIds.shape[1]!;
    const seen = cacheMask(cache, { count, padding });
    const positions = this.transformer.wpe.forward(newPositions(cache, { count, padding })); // [T, C], or [B, T, C] with padding
    let x = this.transformer.wte.forward(inputIds).add(positions); // [B, T, C]
    const keys: Tensor[] = [];
    const values: Tensor[] = [];
    for (const [i, block] of this.transformer.h.entries()) {
      const [query, key, value] = block.attn.project(block.ln_1.forward(x), this.config); // [B, H, T, D]
      const past = { key: cache.key[i]!, value: cache.value[i]!, mask: forHeads(seen.past) };
      const fresh = { key, value, mask: seen.fresh && forHeads(seen.fresh) };
      const mixed = mergeHeads(attentionWithCache(query, past, fresh)); // [B, T, C]
      x = x.add(block.attn.c_proj.forward(mixed));
      x = x.add(block.mlp.forward(block.ln_2.forward(x), this.config));
      keys.push(updateSlice(past.key, key, cache.length, 2));
      values.push(updateSlice(past.value, value, cache.length, 2));
    }
    const last = x.slice(1, -1).reshape([x.shape[0]!, this.config.width]); // [B, C]
    const length = lengthWith(cache, count);
    return { logits: this.output(this.transformer.ln_f.forward(last)), cache: { key: keys, value: values, length } };
  }

  toConfigJson(): Record<string, unknown> {
    const { config } = this;
    return {
      architectures: ["GPT2LMHeadModel"],
      model_type: "gpt2",
      vocab_size: config.vocabularySize,
      n_positions: config.contextLength,
      n_embd: config.width,
      n_layer: config.layers,
      n_head: config.heads,
      n_inner: config.hiddenWidth === 4 * config.width ? null : config.hiddenWidth,
      activation_function: config.activation,
      embd_pdrop: config.embeddingDropout,
      attn_pdrop: config.attentionDropout,
      resid_pdrop: config.residualDropout,
      layer_norm_epsilon: config.layerNormEpsilon,
      initializer_range: config.initializerRange,
      tie_word_embeddings: config.tiedEmbeddings,
      bos_token_id: config.beginOfTextId ?? null,
      eos_token_id: config.endOfTextId ?? null,
      dtype: "float32" satisfies DType,
    };
  }

  /** [..., C] → [..., V] */
  private output(x: Tensor): Tensor {
    const table = this.lm_head?.weight ?? this.transformer.wte.weight;
    return x.matmul(table, { transposeB: true });
  }
}

function freshNorm(config: GptConfig, init: Initializer): LayerNorm {
  return new LayerNorm(init.ones(config.width), init.zeros(config.width), config.layerNormEpsilon);
}

function freshBlock(path: string, config: GptConfig, init: Initializer): Block {
  const linear = (name: string, inputs: number, outputs: number, residual = false) =>
    new Linear(init.matrix(`${path}.${name}.weight`, inputs, outputs, { residual }), init.zeros(outputs));
  const { width, hiddenWidth } = config;
  return new Block(
    freshNorm(config, init),
    new Attention(linear("attn.c_attn", width, 3 * width), linear("attn.c_proj", width, width, true)),
    freshNorm(config, init),
    new FeedForward(linear("mlp.c_fc", width, hiddenWidth), linear("mlp.c_proj", hiddenWidth, width, true)),
  );
}

/** Reads transformers' config.json of a GPT-2; throws a `ModelError` for an option this implementation does not have. */
export function gptConfigFromJson(json: ConfigJson): GptConfig {
  requireModelType(json, ["gpt2"], "GPT-2");
  const refused = { scale_attn_weights: true, scale_attn_by_inverse_layer_idx: false, add_cross_attention: false };
  refuseOtherThan(json, refused, "GPT-2");
  return gptConfig({
    vocabularySize: numberIn(json, "vocab_size"),
    contextLength: numberIn(json, "n_positions"),
    width: numberIn(json, "n_embd"),
    layers: numberIn(json, "n_layer"),
    heads: numberIn(json, "n_head"),
    hiddenWidth: numberIn(json, "n_inner", 4 * numberIn(json, "n_embd")),
    activation: activationIn(json, "activation_function", "gelu_new"),
    embeddingDropout: numberIn(json, "embd_pdrop", 0.1),
    attentionDropout: numberIn(json, "attn_pdrop", 0.1),
    residualDropout: numberIn(json, "resid_pdrop", 0.1),
    layerNormEpsilon: numberIn(json, "layer_norm_epsilon", 1e-5),
    initializerRange: numberIn(json, "initializer_range", 0.02),
    tiedEmbeddings: json.tie_word_embeddings !== false,
    beginOfTextId: idIn(json, "bos_token_id"),
    endOfTextId: idIn(json, "eos_token_id"),
  });
}
