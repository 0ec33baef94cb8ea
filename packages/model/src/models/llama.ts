// The Llama family (Touvron et al. 2023), top to bottom: a decoder with rotary positions, RMS norms before each sublayer, gated
// feed-forward layers, and key/value heads shared by groups of query heads (Ainslie et al. 2023). Qwen 2 and 2.5 (biases on queries,
// keys and values), Qwen 3 (norms on queries and keys), Mistral (sliding window) and SmolLM2 are configurations of it. Field paths are
// the names of the published weights.
//
// B batch · T sequence · C width · H heads · K key/value heads · G = H / K · D head size · V vocabulary · S capacity of the cache
import {
  attention,
  attentionWithCache,
  parametersFirst,
  type RandomKey,
  recompute as recomputed,
  type Tensor,
  updateSlice,
} from "@llm/tensor";
import { cacheMask, forHeads, lengthWith, newPositions } from "../cacheMask.ts";
import { type Initialization, type Initializer, initializer } from "../initialize.ts";
import type { KeyValueCache } from "../keyValueCache.ts";
import { activations } from "../layers/activations.ts";
import { Embedding, OutputTable } from "../layers/embedding.ts";
import { mergeHeads, splitHeads } from "../layers/heads.ts";
import type { LinearLayer } from "../layers/linear.ts";
import { RmsNorm } from "../layers/rmsNorm.ts";
import { type Rotation, rotate, rotation, rotationAt } from "../layers/rope.ts";
import { TransposedLinear } from "../layers/transposedLinear.ts";
import type { CachedForwardOptions, CausalLanguageModel, ForwardOptions } from "../model.ts";
import { packedMask } from "../packedMask.ts";
import { checkIds, checkShapes } from "./checkInputs.ts";
import type { ConfigJson } from "./configJson.ts";
import { type LlamaConfig, type LlamaOptions, llamaConfig, llamaConfigToJson, llamaFamilies } from "./llamaConfig.ts";
import { llamaConfigFromJson } from "./llamaConfigFromJson.ts";

interface AttentionParts {
  readonly q_proj: LinearLayer; // [H · D, C]
  readonly k_proj: LinearLayer; // [K · D, C]
  readonly v_proj: LinearLayer; // [K · D, C]
  readonly o_proj: LinearLayer; // [C, H · D]
  /** Over the head size; only Qwen 3 has them. */
  readonly q_norm?: RmsNorm;
  readonly k_norm?: RmsNorm;
}

/** Query [B, K, G, T, D]; key and value [B, K, T, D]. */
interface Projected {
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
}

class Attention implements AttentionParts {
  readonly q_proj: LinearLayer;
  readonly k_proj: LinearLayer;
  readonly v_proj: LinearLayer;
  readonly o_proj: LinearLayer;
  readonly q_norm?: RmsNorm;
  readonly k_norm?: RmsNorm;

  constructor(parts: AttentionParts) {
    this.q_proj = parts.q_proj;
    this.k_proj = parts.k_proj;
    this.v_proj = parts.v_proj;
    this.o_proj = parts.o_proj;
    if (parts.q_norm) this.q_norm = parts.q_norm;
    if (parts.k_norm) this.k_norm = parts.k_norm;
  }

  /** x [B, T, C] */
  project(x: Tensor, config: LlamaConfig, turn: Rotation): Projected {
    const { heads, keyValueHeads, headSize } = config;
    const query = splitHeads(this.q_proj.forward(x), heads);
    const key = splitHeads(this.k_proj.forward(x), keyValueHeads);
    const value = splitHeads(this.v_proj.forward(x), keyValueHeads);
    const turned = rotate(this.q_norm?.forward(query) ?? query, turn); // [B, H, T, D]
    const [batch, , sequence] = turned.shape;
    return {
      query: turned.reshape([batch!, keyValueHeads, heads / keyValueHeads, sequence!, headSize]),
      key: rotate(this.k_norm?.forward(key) ?? key, turn),
      value,
    };
  }

  forward(x: Tensor, config: LlamaConfig, turn: Rotation, options: LayerOptions): Tensor {
    const { mask, window, key: random, blockSize } = options;
    const { query, key, value } = this.project(x, config, turn);
    const mixed = attention(query, forGroup(key), forGroup(value), {
      causal: true,
      window,
      mask,
      blockSize,
      dropoutRate: config.attentionDropout,
      key: random?.derive("attention"),
    });
    return this.output(mixed, config);
  }

  /** [B, K, G, T, D] → [B, T, C] */
  output(mixed: Tensor, { heads, headSize }: LlamaConfig): Tensor {
    const [batch, , , sequence] = mixed.shape;
    return this.o_proj.forward(mergeHeads(mixed.reshape([batch!, heads, sequence!, headSize])));
  }
}

/** What one layer's forward needs beside its input; `mask` bool [B, 1, 1, T, T], beside what is causal and inside of the window. */
interface LayerOptions {
  readonly mask?: Tensor | undefined;
  readonly window?: number | undefined;
  readonly key?: RandomKey | undefined;
  readonly blockSize?: number | undefined;
}

/** [B, K, S, D] → [B, K, 1, S, D]: one for all query heads of its group, without a copy of it. */
function forGroup(x: Tensor): Tensor {
  const [batch, heads, ...rest] = x.shape;
  return x.reshape([batch!, heads!, 1, ...rest]);
}

class FeedForward {
  readonly gate_proj: LinearLayer; // [hiddenWidth, C]
  readonly up_proj: LinearLayer; // [hiddenWidth, C]
  readonly down_proj: LinearLayer; // [C, hiddenWidth]

  constructor(gate_proj: LinearLayer, up_proj: LinearLayer, down_proj: LinearLayer) {
    this.gate_proj = gate_proj;
    this.up_proj = up_proj;
    this.down_proj = down_proj;
  }

  /** SwiGLU (Shazeer 2020) where the activation is SiLU: [B, T, C] → [B, T, C] */
  forward(x: Tensor, config: LlamaConfig): Tensor {
    const gate = activations[config.activation](this.gate_proj.forward(x));
    return this.down_proj.forward(gate.mul(this.up_proj.forward(x)));
  }
}

class Block {
  readonly input_layernorm: RmsNorm;
  readonly self_attn: Attention;
  readonly post_attention_layernorm: RmsNorm;
  readonly mlp: FeedForward;

  constructor(
    input_layernorm: RmsNorm,
    self_attn: Attention,
    post_attention_layernorm: RmsNorm,
    { mlp }: { mlp: FeedForward },
  ) {
    this.input_layernorm = input_layernorm;
    this.self_attn = self_attn;
    this.post_attention_layernorm = post_attention_layernorm;
    this.mlp = mlp;
  }

  forward(x: Tensor, config: LlamaConfig, turn: Rotation, options: LayerOptions): Tensor {
    const attended = x.add(this.self_attn.forward(this.input_layernorm.forward(x), config, turn, options));
    return this.feedForward(attended, config);
  }

  feedForward(x: Tensor, config: LlamaConfig): Tensor {
    return x.add(this.mlp.forward(this.post_attention_layernorm.forward(x), config));
  }
}

/**
 * A decoder of the Llama family (Touvron et al. 2023): Llama, Mistral, Qwen 2, 2.5 and 3, by its `family`. Fields hold the parameters under their
 * names in the checkpoint.
 */
export class Llama implements CausalLanguageModel {
  readonly config: LlamaConfig;
  readonly model: {
    readonly embed_tokens: Embedding; // [V, C]
    readonly layers: readonly Block[];
    readonly norm: RmsNorm;
  };
  /** Only where the output layer is not tied to the token embedding. */
  readonly lm_head?: Embedding; // [V, C]

  /** A model with fresh parameters. `seed` (default 0) and the parameters' names decide them. */
  constructor(
    options: LlamaOptions,
    { seed = 0, initialization = "gpt2" }: { seed?: number; initialization?: Initialization } = {},
  ) {
    const config = llamaConfig(options);
    const { vocabularySize, layers, width } = config;
    const init = initializer(initialization, { seed, layers, width, deviation: config.initializerRange });
    this.config = config;
    this.model = {
      embed_tokens: new Embedding(init.table("model.embed_tokens.weight", vocabularySize, width)),
      layers: Array.from({ length: layers }, (_, i) => freshBlock(`model.layers.${i}`, config, init)),
      norm: new RmsNorm(init.outputNorm(width), config.rmsNormEpsilon),
    };
    if (!config.tiedEmbeddings) this.lm_head = new OutputTable(init.table("lm_head.weight", vocabularySize, width));
  }

  static fromConfigJson(json: ConfigJson): Llama {
    return new Llama(llamaConfigFromJson(json), { initialization: "empty" });
  }

  get outputNorm(): RmsNorm {
    return this.model.norm;
  }

  get tiedEmbedding(): Embedding | undefined {
    return this.lm_head ? undefined : this.model.embed_tokens;
  }

  forward(inputIds: Tensor, options: ForwardOptions = {}): Tensor {
    const { key, recompute = false, positionIds, attentionBlockSize: blockSize } = options;
    const { config } = this;
    checkIds("Llama", inputIds, config);
    checkShapes("Llama", inputIds, { positionIds });
    const turn = positionIds ? rotationAt(config, forHeads(positionIds)) : rotation(config, inputIds.shape[1]!);
    const mask = positionIds && forGroup(packedMask(positionIds));
    let x = this.model.embed_tokens.forward(inputIds); // [B, T, C]
    for (const [i, block] of this.model.layers.entries()) {
      const window = windowOf(config, i);
      const forward = (x: Tensor, key?: RandomKey) => block.forward(x, config, turn, { mask, window, key, blockSize });
      x = (recompute ? recomputed(forward) : forward)(x, key?.derive(i));
    }
    const output = (x: Tensor) => this.output(x);
    return (recompute ? parametersFirst(output) : output)(this.model.norm.forward(x));
  }

  forwardCached(
    inputIds: Tensor,
    cache: KeyValueCache,
    { padding }: CachedForwardOptions = {},
  ): { logits: Tensor; cache: KeyValueCache } {
    const { config } = this;
    const count = inputIds.shape[1]!;
    const positions = newPositions(cache, { count, padding });
    const turn = rotationAt(config, padding ? forHeads(positions) : positions);
    let x = this.model.embed_tokens.forward(inputIds); // [B, T, C]
    const keys: Tensor[] = [];
    const values: Tensor[] = [];
    for (const [i, block] of this.model.layers.entries()) {
      const seen = cacheMask(cache, { count, padding, window: windowOf(config, i) });
      const { query, key, value } = block.self_attn.project(block.input_layernorm.forward(x), config, turn);
      const [pastKey, pastValue] = [cache.key[i]!, cache.value[i]!];
      const past = { key: forGroup(pastKey), value: forGroup(pastValue), mask: forGroup(forHeads(seen.past)) };
      const ofFresh = seen.fresh && forGroup(forHeads(seen.fresh));
      const fresh = { key: forGroup(key), value: forGroup(value), mask: ofFresh };
      x = x.add(block.self_attn.output(attentionWithCache(query, past, fresh), config));
      x = block.feedForward(x, config);
      keys.push(updateSlice(pastKey, key, cache.length, 2));
      values.push(updateSlice(pastValue, value, cache.length, 2));
    }
    const last = x.slice(1, -1).reshape([x.shape[0]!, config.width]); // [B, C]
    const length = lengthWith(cache, count);
    return { logits: this.output(this.model.norm.forward(last)), cache: { key: keys, value: values, length } };
  }

  toConfigJson(): Record<string, unknown> {
    return llamaConfigToJson(this.config);
  }

  /** [..., C] → [..., V] */
  private output(x: Tensor): Tensor {
    const table = this.lm_head?.weight ?? this.model.embed_tokens.weight;
    return x.matmul(table, { transposeB: true });
  }
}

function windowOf({ slidingWindow, slidingLayers }: LlamaConfig, layer: number): number | undefined {
  return (slidingLayers?.includes(layer) ?? true) ? slidingWindow : undefined;
}

function freshBlock(path: string, config: LlamaConfig, init: Initializer): Block {
  const { width, hiddenWidth, heads, keyValueHeads, headSize, rmsNormEpsilon, attentionBias, feedForwardBias } = config;
  const norm = (size: number) => new RmsNorm(init.ones(size), rmsNormEpsilon);
  const linear = (name: string, inputs: number, outputs: number, { bias = false, residual = false } = {}) =>
    new TransposedLinear(
      init.matrix(`${path}.${name}.weight`, inputs, outputs, { residual, transposed: true }),
      bias ? init.zeros(outputs) : undefined,
    );
  const bias = attentionBias !== "none";
  const keysAndValues = keyValueHeads * headSize;
  const parts: AttentionParts = {
    q_proj: linear("self_attn.q_proj", width, heads * headSize, { bias }),
    k_proj: linear("self_attn.k_proj", width, keysAndValues, { bias }),
    v_proj: linear("self_attn.v_proj", width, keysAndValues, { bias }),
    o_proj: linear("self_attn.o_proj", heads * headSize, width, { bias: attentionBias === "all", residual: true }),
    ...(llamaFamilies[config.family].queryKeyNorms ? { q_norm: norm(headSize), k_norm: norm(headSize) } : {}),
  };
  const mlp = new FeedForward(
    linear("mlp.gate_proj", width, hiddenWidth, { bias: feedForwardBias }),
    linear("mlp.up_proj", width, hiddenWidth, { bias: feedForwardBias }),
    linear("mlp.down_proj", hiddenWidth, width, { bias: feedForwardBias, residual: true }),
  );
  return new Block(norm(width), new Attention(parts), norm(width), { mlp });
}
