// T5 (Raffel et al. 2020), top to bottom: an encoder and a decoder that reads its states, with root-mean-square norms before each
// sublayer, learned biases for relative positions that all layers of a stack share, and no other biases. T5 1.1 (gated GELU, an output
// layer of its own) is a configuration of it. Field paths are the names of the published weights.
//
// B batch · S source · T target · C width · H heads · D head size · V vocabulary
import {
  concat,
  constant,
  dropout,
  equal,
  greater,
  iota,
  less,
  lessOrEqual,
  type RandomKey,
  recompute as recomputed,
  type Tensor,
  updateSlice,
  where,
} from "@llm/tensor";
import { ModelError } from "../errors.ts";
import { type Initialization, type Initializer, initializer } from "../initialize.ts";
import type { KeyValueCache } from "../keyValueCache.ts";
import { activations } from "../layers/activations.ts";
import { biasedAttention, biasedAttentionWithCache, maskedBias } from "../layers/biasedAttention.ts";
import { Embedding } from "../layers/embedding.ts";
import { mergeHeads, splitHeads } from "../layers/heads.ts";
import type { LinearLayer } from "../layers/linear.ts";
import { positionBuckets } from "../layers/relativePositions.ts";
import { RmsNorm } from "../layers/rmsNorm.ts";
import { TransposedLinear } from "../layers/transposedLinear.ts";
import type {
  CachedForwardOptions,
  EncoderDecoderForwardOptions,
  EncoderDecoderModel,
  EncoderMemory,
  ForwardOptions,
} from "../model.ts";
import type { ConfigJson } from "./configJson.ts";
import { type T5Config, type T5Options, t5Config, t5ConfigFromJson, t5ConfigToJson } from "./t5Config.ts";

interface AttentionParts {
  readonly q: LinearLayer; // [H · D, C]
  readonly k: LinearLayer; // [H · D, C]
  readonly v: LinearLayer; // [H · D, C]
  readonly o: LinearLayer; // [C, H · D]
  /** Only in the first layer of a stack, which lends it to the others: [buckets, H]. */
  readonly relative_attention_bias?: Embedding;
}

/** [B, H, S, D] each, with the bias of the scores that they give, broadcastable to [B, H, T, S]. */
interface Attended {
  readonly key: Tensor;
  readonly value: Tensor;
  readonly bias: Tensor | undefined;
}

class Attention implements AttentionParts {
  readonly q: LinearLayer;
  readonly k: LinearLayer;
  readonly v: LinearLayer;
  readonly o: LinearLayer;
  readonly relative_attention_bias?: Embedding;

  constructor(parts: AttentionParts) {
    this.q = parts.q;
    this.k = parts.k;
    this.v = parts.v;
    this.o = parts.o;
    if (parts.relative_attention_bias) this.relative_attention_bias = parts.relative_attention_bias;
  }

  /** [B, T, C] → [B, H, T, D] */
  query(x: Tensor, { heads }: T5Config): Tensor {
    return splitHeads(this.q.forward(x), heads);
  }

  /** [B, S, C] → [B, H, S, D] each */
  keyAndValue(x: Tensor, { heads }: T5Config): { key: Tensor; value: Tensor } {
    return { key: splitHeads(this.k.forward(x), heads), value: splitHeads(this.v.forward(x), heads) };
  }

  /** [B, T, C] → [B, T, C] */
  forward(x: Tensor, attended: Attended, config: T5Config, key?: RandomKey): Tensor {
    const options = { dropoutRate: config.dropout, key: key?.derive("attention") };
    return this.output(biasedAttention(this.query(x, config), attended, options));
  }

  /** [B, H, T, D] → [B, T, C] */
  output(mixed: Tensor): Tensor {
    return this.o.forward(mergeHeads(mixed));
  }
}

class FeedForward {
  /** One of both is there: `wi`, or the gate and what it multiplies. */
  readonly wi?: LinearLayer; // [hiddenWidth, C]
  readonly wi_0?: LinearLayer;
  readonly wi_1?: LinearLayer;
  readonly wo: LinearLayer; // [C, hiddenWidth]

  constructor(inputs: readonly LinearLayer[], wo: LinearLayer) {
    const [first, second] = inputs;
    if (second) {
      this.wi_0 = first!;
      this.wi_1 = second;
    } else this.wi = first!;
    this.wo = wo;
  }

  forward(x: Tensor, config: T5Config, key?: RandomKey): Tensor {
    const activation = activations[config.activation];
    const hidden = this.wi
      ? activation(this.wi.forward(x))
      : activation(this.wi_0!.forward(x)).mul(this.wi_1!.forward(x)); // [B, T, hiddenWidth]
    return this.wo.forward(dropout(hidden, config.dropout, key?.derive("hidden")));
  }
}

interface SelfAttentionLayer {
  readonly SelfAttention: Attention;
  readonly layer_norm: RmsNorm;
}

interface CrossAttentionLayer {
  readonly EncDecAttention: Attention;
  readonly layer_norm: RmsNorm;
}

interface FeedForwardLayer {
  readonly DenseReluDense: FeedForward;
  readonly layer_norm: RmsNorm;
}

function selfAttend(
  { SelfAttention, layer_norm }: SelfAttentionLayer,
  x: Tensor,
  bias: Tensor,
  { config, key }: BlockOptions,
): Tensor {
  const normed = layer_norm.forward(x);
  const place = key?.derive("self");
  const mixed = SelfAttention.forward(normed, { ...SelfAttention.keyAndValue(normed, config), bias }, config, place);
  return x.add(dropout(mixed, config.dropout, place?.derive("residual")));
}

function feedForward({ DenseReluDense, layer_norm }: FeedForwardLayer, x: Tensor, options: BlockOptions): Tensor {
  const { config } = options;
  const key = options.key?.derive("feedForward");
  const made = DenseReluDense.forward(layer_norm.forward(x), config, key);
  return x.add(dropout(made, config.dropout, key?.derive("residual")));
}

interface BlockOptions {
  readonly config: T5Config;
  readonly key?: RandomKey | undefined;
}

class EncoderBlock {
  readonly layer: readonly [SelfAttentionLayer, FeedForwardLayer];

  constructor(layer: EncoderBlock["layer"]) {
    this.layer = layer;
  }

  forward(x: Tensor, bias: Tensor, options: BlockOptions): Tensor {
    const [attention, last] = this.layer;
    return feedForward(last, selfAttend(attention, x, bias, options), options);
  }
}

class DecoderBlock {
  readonly layer: readonly [SelfAttentionLayer, CrossAttentionLayer, FeedForwardLayer];

  constructor(layer: DecoderBlock["layer"]) {
    this.layer = layer;
  }

  /** x [B, T, C], states [B, S, C]; biases of the scores over the target and over the source. */
  forward(
    x: Tensor,
    states: Tensor,
    [selfBias, crossBias]: readonly [Tensor, Tensor | undefined],
    options: BlockOptions,
  ): Tensor {
    const [attention, cross, last] = this.layer;
    const read = { ...cross.EncDecAttention.keyAndValue(states, options.config), bias: crossBias };
    const attended = crossAttend(cross, selfAttend(attention, x, selfBias, options), read, options);
    return feedForward(last, attended, options);
  }
}

function crossAttend(
  { EncDecAttention, layer_norm }: CrossAttentionLayer,
  x: Tensor,
  read: Attended,
  { config, key }: BlockOptions,
): Tensor {
  const place = key?.derive("cross");
  const mixed = EncDecAttention.forward(layer_norm.forward(x), read, config, place);
  return x.add(dropout(mixed, config.dropout, place?.derive("residual")));
}

interface Stack<B> {
  readonly block: readonly B[];
  readonly final_layer_norm: RmsNorm;
}

export class T5 implements EncoderDecoderModel {
  readonly config: T5Config;
  readonly shared: Embedding; // [V, C]
  readonly encoder: Stack<EncoderBlock>;
  readonly decoder: Stack<DecoderBlock>;
  /** Only where the output layer is not tied to the token embedding. */
  readonly lm_head?: Embedding; // [V, C]

  /** A model with fresh parameters. `seed` (default 0) and the parameters' names decide them. */
  constructor(
    options: T5Options,
    { seed = 0, initialization = "t5" }: { seed?: number; initialization?: Initialization } = {},
  ) {
    const config = t5Config(options);
    const { vocabularySize, layers, encoderLayers, width, initializerFactor } = config;
    if (typeof initialization === "object" && config.scaleDecoderOutputs) {
      throw new ModelError('T5: "mup" scales the outputs itself (set scaleDecoderOutputs: false)');
    }
    // 0.02, as in GPT-2 and BERT, is for methods that are not T5's own.
    const init = initializer(initialization, { seed, layers, width, deviation: 0.02 * initializerFactor });
    const table = (path: string) => new Embedding(init.table(path, vocabularySize, width, initializerFactor));
    const stack = <B>(count: number, block: (i: number) => B, norm: Tensor): Stack<B> => ({
      block: Array.from({ length: count }, (_, i) => block(i)),
      final_layer_norm: new RmsNorm(norm, config.layerNormEpsilon),
    });
    this.config = config;
    this.shared = table("shared.weight");
    this.encoder = stack(encoderLayers, (i) => freshEncoderBlock(i, config, init), init.ones(width));
    this.decoder = stack(layers, (i) => freshDecoderBlock(i, config, init), init.outputNorm(width));
    if (!config.tiedEmbeddings) this.lm_head = table("lm_head.weight");
  }

  /** The model of a config.json, its parameters without elements; `stored` holds the names in the file of its weights. */
  static fromConfigJson(json: ConfigJson, stored?: ReadonlySet<string>): T5 {
    return new T5(t5ConfigFromJson(json, stored?.has("lm_head.weight")), { initialization: "empty" });
  }

  get outputNorm(): RmsNorm {
    return this.decoder.final_layer_norm;
  }

  forward(inputIds: Tensor, options: EncoderDecoderForwardOptions): Tensor {
    const { decoderInputIds, attentionMask, key, recompute = false } = options;
    const states = this.encode(inputIds, { attentionMask, recompute, ...withKey(key?.derive("encoder")) });
    return this.output(this.decode(decoderInputIds, states, { attentionMask, recompute, key: key?.derive("decoder") }));
  }

  encode(
    inputIds: Tensor,
    { attentionMask, key, recompute = false }: ForwardOptions & { attentionMask?: Tensor | undefined } = {},
  ): Tensor {
    const { config } = this;
    const positions = iota(inputIds.shape[1]!);
    const unmasked = this.positionBias(this.encoder, positions, positions);
    const bias = attentionMask ? maskedBias(unmasked, seenBy(attentionMask)) : unmasked; // [1 or B, H, S, S]
    let x = dropout(this.shared.forward(inputIds), config.dropout, key?.derive("embedding")); // [B, S, C]
    for (const [i, block] of this.encoder.block.entries()) {
      const forward = (x: Tensor, key?: RandomKey) => block.forward(x, bias, { config, key });
      x = (recompute ? recomputed(forward) : forward)(x, key?.derive(i));
    }
    return dropout(this.encoder.final_layer_norm.forward(x), config.dropout, key?.derive("output"));
  }

  memoryOf(states: Tensor, attentionMask?: Tensor): EncoderMemory {
    const read = this.decoder.block.map(({ layer: [, cross] }) =>
      cross.EncDecAttention.keyAndValue(states, this.config),
    );
    const [batch, source] = states.shape;
    return {
      key: read.map(({ key }) => key),
      value: read.map(({ value }) => value),
      attentionMask: attentionMask ?? constant(1, "int32").broadcastTo([batch!, source!]),
    };
  }

  forwardCached(
    inputIds: Tensor,
    cache: KeyValueCache,
    { memory }: CachedForwardOptions = {},
  ): { logits: Tensor; cache: KeyValueCache } {
    if (!memory)
      throw new ModelError("T5: the decoder needs the encoder's memory (pass { memory: model.memoryOf(…) })");
    const { config } = this;
    const biases = this.cachedBiases(cache, inputIds.shape[1]!);
    const crossBias = maskedBias(0, seenBy(memory.attentionMask)); // [B, 1, 1, S]
    let x = this.shared.forward(inputIds); // [B, T, C]
    const keys: Tensor[] = [];
    const values: Tensor[] = [];
    for (const [i, { layer }] of this.decoder.block.entries()) {
      const [{ SelfAttention, layer_norm }, cross, last] = layer;
      const normed = layer_norm.forward(x);
      const { key, value } = SelfAttention.keyAndValue(normed, config); // [B, H, T, D]
      const past = { key: cache.key[i]!, value: cache.value[i]!, bias: biases.past };
      const query = SelfAttention.query(normed, config);
      const mixed = biasedAttentionWithCache(query, past, { key, value, bias: biases.fresh });
      x = x.add(SelfAttention.output(mixed));
      x = crossAttend(cross, x, { key: memory.key[i]!, value: memory.value[i]!, bias: crossBias }, { config });
      x = feedForward(last, x, { config });
      keys.push(updateSlice(past.key, key, cache.length, 2));
      values.push(updateSlice(past.value, value, cache.length, 2));
    }
    const last = x.slice(1, -1).reshape([x.shape[0]!, config.width]); // [B, C]
    const length = cache.length.add(iota(inputIds.shape[1]!).slice(0, -1).reshape([])).add(1);
    const logits = this.output(this.decoder.final_layer_norm.forward(last));
    return { logits, cache: { key: keys, value: values, length } };
  }

  shiftRight(labels: Tensor): Tensor {
    const { decoderStartId, paddingId } = this.config;
    const start = constant(decoderStartId, "int32").broadcastTo([labels.shape[0]!, 1]);
    const shifted = concat([start, labels.slice(1, 0, -1)], 1);
    return where(equal(shifted, ignoredLabel), paddingId, shifted);
  }

  toConfigJson(): ConfigJson {
    return t5ConfigToJson(this.config);
  }

  /** int32 ids [B, T] and the encoder's states [B, S, C] → [B, T, C], normalised. */
  private decode(
    inputIds: Tensor,
    states: Tensor,
    options: { attentionMask: Tensor | undefined; key: RandomKey | undefined; recompute: boolean },
  ): Tensor {
    const { config } = this;
    const { attentionMask, key, recompute } = options;
    const positions = iota(inputIds.shape[1]!);
    const selfBias = maskedBias(this.positionBias(this.decoder, positions, positions), upTo(positions));
    const crossBias = attentionMask && maskedBias(0, seenBy(attentionMask)); // [B, 1, 1, S]
    let x = dropout(this.shared.forward(inputIds), config.dropout, key?.derive("embedding")); // [B, T, C]
    for (const [i, block] of this.decoder.block.entries()) {
      const forward = (x: Tensor, states: Tensor, key?: RandomKey) =>
        block.forward(x, states, [selfBias, crossBias], { config, key });
      x = (recompute ? recomputed(forward) : forward)(x, states, key?.derive(i));
    }
    return dropout(this.decoder.final_layer_norm.forward(x), config.dropout, key?.derive("output"));
  }

  /** The bias of each head for positions `queries` (int32 [T]) that look at `keys` (int32 [S]): [1, H, T, S]. */
  private positionBias(stack: Stack<EncoderBlock | DecoderBlock>, queries: Tensor, keys: Tensor): Tensor {
    const { positionBuckets: buckets, maximumDistance, heads } = this.config;
    const table = stack.block[0]!.layer[0].SelfAttention.relative_attention_bias!;
    const bidirectional = stack === (this.encoder as unknown);
    const bias = table.forward(positionBuckets(queries, keys, { buckets, maximumDistance, bidirectional })); // [T, S, H]
    return bias.transpose([2, 0, 1]).reshape([1, heads, queries.shape[0]!, keys.shape[0]!]);
  }

  /** Of the scores over what the cache holds, [1, H, T, capacity], and over the new positions, [1, H, T, T]. */
  private cachedBiases(cache: KeyValueCache, sequence: Tensor["shape"][number]): { past: Tensor; fresh: Tensor } {
    const [fresh, cached] = [iota(sequence), iota(cache.key[0]!.shape[2]!)];
    const filled = less(cached, cache.length).reshape([1, 1, 1, cached.shape[0]!]);
    return {
      past: maskedBias(this.positionBias(this.decoder, fresh.add(cache.length), cached), filled),
      fresh: maskedBias(this.positionBias(this.decoder, fresh, fresh), upTo(fresh)),
    };
  }

  /** [..., C] → [..., V] */
  private output(x: Tensor): Tensor {
    const { scaleDecoderOutputs, width } = this.config;
    const table = this.lm_head?.weight ?? this.shared.weight;
    return (scaleDecoderOutputs ? x.mul(width ** -0.5) : x).matmul(table, { transposeB: true });
  }
}

/** A label that the loss passes over; the decoder reads padding in its place. */
const ignoredLabel = -100;

function withKey(key: RandomKey | undefined): { key?: RandomKey } {
  return key ? { key } : {};
}

/** int32 [B, S] → bool [B, 1, 1, S] */
function seenBy(attentionMask: Tensor): Tensor {
  const [batch, source] = attentionMask.shape;
  return greater(attentionMask, 0).reshape([batch!, 1, 1, source!]);
}

/** Each position sees itself and those before it: bool [T, T]. */
function upTo(positions: Tensor): Tensor {
  const count = positions.shape[0]!;
  return lessOrEqual(positions.reshape([1, count]), positions.reshape([count, 1]));
}

/** Draws the linear maps, none of which has a bias, and norms of one block. */
function freshParts(path: string, config: T5Config, init: Initializer) {
  const { width, hiddenWidth, heads, headSize, gated, positionBuckets: buckets, initializerFactor } = config;
  const linear = (
    name: string,
    inputs: number,
    outputs: number,
    options: { residual?: boolean; scale?: number } = {},
  ) => new TransposedLinear(init.matrix(`${path}.${name}.weight`, inputs, outputs, { ...options, transposed: true }));
  const inner = heads * headSize;
  const factor = initializerFactor;
  const attention = (name: string, { lendsBias }: { lendsBias: boolean }) => {
    const biasPath = `${path}.${name}.relative_attention_bias.weight`;
    return new Attention({
      // Scores are not divided by the root of the head size: fresh queries are.
      q: linear(`${name}.q`, width, inner, { scale: factor * headSize ** -0.5 }),
      k: linear(`${name}.k`, width, inner, { scale: factor }),
      v: linear(`${name}.v`, width, inner, { scale: factor }),
      o: linear(`${name}.o`, inner, width, { residual: true, scale: factor }),
      ...(lendsBias
        ? { relative_attention_bias: new Embedding(init.table(biasPath, buckets, heads, factor * width ** -0.5)) }
        : {}),
    });
  };
  const feedForward = (name: string) =>
    new FeedForward(
      (gated ? ["wi_0", "wi_1"] : ["wi"]).map((wi) => linear(`${name}.${wi}`, width, hiddenWidth, { scale: factor })),
      linear(`${name}.wo`, hiddenWidth, width, { residual: true, scale: factor }),
    );
  const layer_norm = () => new RmsNorm(init.ones(width), config.layerNormEpsilon);
  return { attention, feedForward, layer_norm };
}

function freshEncoderBlock(i: number, config: T5Config, init: Initializer): EncoderBlock {
  const { attention, feedForward, layer_norm } = freshParts(`encoder.block.${i}`, config, init);
  return new EncoderBlock([
    { SelfAttention: attention("layer.0.SelfAttention", { lendsBias: i === 0 }), layer_norm: layer_norm() },
    { DenseReluDense: feedForward("layer.1.DenseReluDense"), layer_norm: layer_norm() },
  ]);
}

function freshDecoderBlock(i: number, config: T5Config, init: Initializer): DecoderBlock {
  const { attention, feedForward, layer_norm } = freshParts(`decoder.block.${i}`, config, init);
  return new DecoderBlock([
    { SelfAttention: attention("layer.0.SelfAttention", { lendsBias: i === 0 }), layer_norm: layer_norm() },
    { EncDecAttention: attention("layer.1.EncDecAttention", { lendsBias: false }), layer_norm: layer_norm() },
    { DenseReluDense: feedForward("layer.2.DenseReluDense"), layer_norm: layer_norm() },
  ]);
}
