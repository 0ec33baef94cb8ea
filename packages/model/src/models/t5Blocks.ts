// The blocks of a T5's encoder and decoder: sublayers behind root-mean-square norms, with scores that are biased by relative positions.
// Field paths are the names of the published weights.
//
// B batch · S source · T target · C width · H heads · D head size
import { attention, dropout, type RandomKey, type Tensor } from "@llm/tensor";
import type { Initializer } from "../initialize.ts";
import { activations } from "../layers/activations.ts";
import { Embedding } from "../layers/embedding.ts";
import { mergeHeads, splitHeads } from "../layers/heads.ts";
import type { LinearLayer } from "../layers/linear.ts";
import { RmsNorm } from "../layers/rmsNorm.ts";
import { TransposedLinear } from "../layers/transposedLinear.ts";
import type { T5Config } from "./t5Config.ts";

interface AttentionParts {
  readonly q: LinearLayer; // [H · D, C]
  readonly k: LinearLayer; // [H · D, C]
  readonly v: LinearLayer; // [H · D, C]
  readonly o: LinearLayer; // [C, H · D]
  /** Only in the first layer of a stack, which lends it to the others: [buckets, H]. */
  readonly relative_attention_bias?: Embedding;
}

/** What queries see of keys, and how much: broadcastable to [B, H, T, S]. */
export interface Seen {
  /** Learned, of the scores. */
  readonly bias?: Tensor | undefined;
  /** bool */
  readonly mask?: Tensor | undefined;
  readonly causal?: boolean;
}

/** [B, H, S, D] each. */
export interface Attended extends Seen {
  readonly key: Tensor;
  readonly value: Tensor;
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

  /** [B, T, C] → [B, T, C]; the scores are not scaled: the query's initialisation takes care of that. */
  forward(x: Tensor, { key, value, ...seen }: Attended, config: T5Config, random?: RandomKey): Tensor {
    const dropped = { dropoutRate: config.dropout, key: random?.derive("attention") };
    return this.output(attention(this.query(x, config), key, value, { ...seen, ...dropped, scale: 1 }));
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
  seen: Seen,
  { config, key }: BlockOptions,
): Tensor {
  const normed = layer_norm.forward(x);
  const place = key?.derive("self");
  const mixed = SelfAttention.forward(normed, { ...SelfAttention.keyAndValue(normed, config), ...seen }, config, place);
  return x.add(dropout(mixed, config.dropout, place?.derive("residual")));
}

export function feedForward(
  { DenseReluDense, layer_norm }: FeedForwardLayer,
  x: Tensor,
  options: BlockOptions,
): Tensor {
  const { config } = options;
  const key = options.key?.derive("feedForward");
  const made = DenseReluDense.forward(layer_norm.forward(x), config, key);
  return x.add(dropout(made, config.dropout, key?.derive("residual")));
}

export interface BlockOptions {
  readonly config: T5Config;
  readonly key?: RandomKey | undefined;
}

export class EncoderBlock {
  readonly layer: readonly [SelfAttentionLayer, FeedForwardLayer];

  constructor(layer: EncoderBlock["layer"]) {
    this.layer = layer;
  }

  forward(x: Tensor, seen: Seen, options: BlockOptions): Tensor {
    const [attention, last] = this.layer;
    return feedForward(last, selfAttend(attention, x, seen, options), options);
  }
}

export class DecoderBlock {
  readonly layer: readonly [SelfAttentionLayer, CrossAttentionLayer, FeedForwardLayer];

  constructor(layer: DecoderBlock["layer"]) {
    this.layer = layer;
  }

  /** x [B, T, C], states [B, S, C]; what is seen of the target and of the source. */
  forward(x: Tensor, states: Tensor, [ofTarget, ofSource]: readonly [Seen, Seen], options: BlockOptions): Tensor {
    const [attention, cross, last] = this.layer;
    const read = { ...cross.EncDecAttention.keyAndValue(states, options.config), ...ofSource };
    const attended = crossAttend(cross, selfAttend(attention, x, ofTarget, options), read, options);
    return feedForward(last, attended, options);
  }
}

export function crossAttend(
  { EncDecAttention, layer_norm }: CrossAttentionLayer,
  x: Tensor,
  read: Attended,
  { config, key }: BlockOptions,
): Tensor {
  const place = key?.derive("cross");
  const mixed = EncDecAttention.forward(layer_norm.forward(x), read, config, place);
  return x.add(dropout(mixed, config.dropout, place?.derive("residual")));
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

export function freshEncoderBlock(i: number, config: T5Config, init: Initializer): EncoderBlock {
  const { attention, feedForward, layer_norm } = freshParts(`encoder.block.${i}`, config, init);
  return new EncoderBlock([
    { SelfAttention: attention("layer.0.SelfAttention", { lendsBias: i === 0 }), layer_norm: layer_norm() },
    { DenseReluDense: feedForward("layer.1.DenseReluDense"), layer_norm: layer_norm() },
  ]);
}

export function freshDecoderBlock(i: number, config: T5Config, init: Initializer): DecoderBlock {
  const { attention, feedForward, layer_norm } = freshParts(`decoder.block.${i}`, config, init);
  return new DecoderBlock([
    { SelfAttention: attention("layer.0.SelfAttention", { lendsBias: i === 0 }), layer_norm: layer_norm() },
    { EncDecAttention: attention("layer.1.EncDecAttention", { lendsBias: false }), layer_norm: layer_norm() },
    { DenseReluDense: feedForward("layer.2.DenseReluDense"), layer_norm: layer_norm() },
  ]);
}
