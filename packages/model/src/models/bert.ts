// BERT (Devlin et al. 2019), top to bottom: an encoder that sees to both sides, with learned positions and segments, and layer norms
// after each sublayer. Field paths are the names of the published weights. The heads for tasks are in bertHeads.ts.
//
// B batch · T sequence · C width · H heads · D head size (C / H) · V vocabulary
import {
  attention,
  dropout,
  greater,
  maximum,
  type RandomKey,
  recompute as recomputed,
  type Tensor,
} from "@llm/tensor";
import { ModelError } from "../errors.ts";
import { type Initialization, type Initializer, initializer } from "../initialize.ts";
import { activations } from "../layers/activations.ts";
import { Embedding } from "../layers/embedding.ts";
import { mergeHeads, splitHeads } from "../layers/heads.ts";
import { LayerNorm } from "../layers/layerNorm.ts";
import type { LinearLayer } from "../layers/linear.ts";
import { TransposedLinear } from "../layers/transposedLinear.ts";
import type { ForwardOptions, PretrainedModel } from "../model.ts";
import { type BertConfig, type BertOptions, bertConfig, bertConfigFromJson, bertConfigToJson } from "./bertConfig.ts";
import { checkIds, checkShapes } from "./checkInputs.ts";
import type { ConfigJson } from "./configJson.ts";

export interface EncoderForwardOptions extends Omit<ForwardOptions, "positionIds" | "attentionBlockSize"> {
  /** int32 [batch, sequence]: 1 for a token, 0 for padding. Default all 1. */
  attentionMask?: Tensor | undefined;
  /** int32 [batch, sequence]: the segment of each token. Default all 0. */
  tokenTypeIds?: Tensor | undefined;
}

/** How fresh parameters are drawn. */
export interface FreshOptions {
  /** Default 0. */
  seed?: number;
  /** Default `"normal"`. */
  initialization?: Initialization;
}

/** What one layer's forward needs beside its input; `mask` bool [B, 1, 1, T]. */
interface LayerOptions {
  readonly mask?: Tensor | undefined;
  readonly key?: RandomKey | undefined;
}

class SelfAttention {
  readonly query: LinearLayer;
  readonly key: LinearLayer;
  readonly value: LinearLayer;

  constructor(query: LinearLayer, key: LinearLayer, value: LinearLayer) {
    this.query = query;
    this.key = key;
    this.value = value;
  }

  /** [B, T, C] → [B, T, C] */
  forward(x: Tensor, { heads, attentionDropout }: BertConfig, { mask, key: random }: LayerOptions): Tensor {
    const [query, key, value] = [this.query, this.key, this.value].map((map) => splitHeads(map.forward(x), heads));
    const mixed = attention(query!, key!, value!, {
      mask,
      dropoutRate: attentionDropout,
      key: random?.derive("attention"),
    });
    return mergeHeads(mixed);
  }
}

/** The end of a sublayer: a linear map, the residual, the norm. */
class SublayerOutput {
  readonly dense: LinearLayer;
  readonly LayerNorm: LayerNorm;

  constructor(dense: LinearLayer, norm: LayerNorm) {
    this.dense = dense;
    this.LayerNorm = norm;
  }

  forward(x: Tensor, residual: Tensor, { rate, key }: { rate: number; key: RandomKey | undefined }): Tensor {
    return this.LayerNorm.forward(dropout(this.dense.forward(x), rate, key).add(residual));
  }
}

class Layer {
  readonly attention: { readonly self: SelfAttention; readonly output: SublayerOutput };
  readonly intermediate: { readonly dense: LinearLayer };
  readonly output: SublayerOutput;

  constructor(attention: Layer["attention"], intermediate: LinearLayer, output: SublayerOutput) {
    this.attention = attention;
    this.intermediate = { dense: intermediate };
    this.output = output;
  }

  forward(x: Tensor, config: BertConfig, options: LayerOptions): Tensor {
    const { key } = options;
    const rate = config.hiddenDropout;
    const mixed = this.attention.self.forward(x, config, options);
    const attended = this.attention.output.forward(mixed, x, { rate, key: key?.derive("residual") });
    const hidden = activations[config.activation](this.intermediate.dense.forward(attended)); // [B, T, hiddenWidth]
    return this.output.forward(hidden, attended, { rate, key: key?.derive("feedForward") });
  }
}

/** The encoder, and what comes of it without a head: hidden states, the pooled first token, sentence embeddings. */
export class Bert implements PretrainedModel {
  readonly config: BertConfig;
  readonly embeddings: {
    readonly word_embeddings: Embedding; // [V, C]
    readonly position_embeddings: Embedding; // [contextLength, C]
    readonly token_type_embeddings: Embedding; // [tokenTypes, C]
    readonly LayerNorm: LayerNorm;
  };
  readonly encoder: { readonly layer: readonly Layer[] };
  /** Missing where nothing uses it. */
  readonly pooler?: { readonly dense: LinearLayer };

  /** A model with fresh parameters; `seed` and the parameters' names decide them. */
  constructor(options: BertOptions, fresh: FreshOptions & { pooler?: boolean } = {}) {
    const config = bertConfig(options);
    const { vocabularySize, contextLength, tokenTypes, width, layers } = config;
    const init = bertInitializer(config, fresh);
    const table = (name: string, rows: number) => new Embedding(init.table(`embeddings.${name}.weight`, rows, width));
    this.config = config;
    this.embeddings = {
      word_embeddings: table("word_embeddings", vocabularySize),
      position_embeddings: table("position_embeddings", contextLength),
      token_type_embeddings: table("token_type_embeddings", tokenTypes),
      LayerNorm: freshNorm(config, init),
    };
    this.encoder = { layer: Array.from({ length: layers }, (_, i) => freshLayer(`encoder.layer.${i}`, config, init)) };
    if (fresh.pooler ?? true) this.pooler = { dense: freshLinear("pooler.dense", [width, width], init) };
  }

  /** The model of a config.json, its parameters without elements; with a pooler where `stored`, the names in the file, has one. */
  static fromConfigJson(json: ConfigJson, stored?: ReadonlySet<string>): Bert {
    const pooler = !stored || [...stored].some((name) => /^(bert\.)?pooler\.dense\.weight$/.test(name));
    return new Bert(bertConfigFromJson(json), { initialization: "empty", pooler });
  }

  /** int32 ids [B, T] → the last layer's hidden states [B, T, C]. */
  forward(inputIds: Tensor, options: EncoderForwardOptions = {}): Tensor {
    const { attentionMask, tokenTypeIds, key, recompute = false } = options;
    const [batch, sequence] = inputIds.shape;
    checkIds("BERT", inputIds, this.config);
    checkShapes("BERT", inputIds, { attentionMask, tokenTypeIds });
    const mask = attentionMask && greater(attentionMask, 0).reshape([batch!, 1, 1, sequence!]);
    let x = this.embed(inputIds, tokenTypeIds, key);
    for (const [i, layer] of this.encoder.layer.entries()) {
      const forward = (x: Tensor, key?: RandomKey) => layer.forward(x, this.config, { mask, key });
      x = (recompute ? recomputed(forward) : forward)(x, key?.derive(i));
    }
    return x;
  }

  /** Hidden states [B, T, C] → what the first token stands for, [B, C]; the head of a sequence classifier reads it. */
  pool(hidden: Tensor): Tensor {
    if (!this.pooler)
      throw new ModelError("BERT: this model was made without a pooler (make it with { pooler: true })");
    const first = hidden.slice(1, 0, 1).reshape([hidden.shape[0]!, this.config.width]);
    return this.pooler.dense.forward(first).tanh();
  }

  /**
   * int32 ids [B, T] → sentence embeddings [B, C]: the mean of the hidden states of all tokens that are not padding
   * (Sentence-BERT, Reimers and Gurevych 2019), of length 1 where `normalize` (default false) is true.
   */
  sentenceEmbeddings(
    inputIds: Tensor,
    { normalize = false, ...options }: EncoderForwardOptions & { normalize?: boolean } = {},
  ): Tensor {
    const mean = meanOfTokens(this.forward(inputIds, options), options.attentionMask);
    if (!normalize) return mean;
    const length = mean.square().sum(-1, { keepDimensions: true }).sqrt();
    return mean.div(maximum(length, 1e-12));
  }

  toConfigJson(): ConfigJson {
    return bertConfigToJson(this.config, "BertModel");
  }

  private embed(inputIds: Tensor, tokenTypeIds: Tensor | undefined, key: RandomKey | undefined): Tensor {
    const { word_embeddings, position_embeddings, token_type_embeddings, LayerNorm } = this.embeddings;
    const types = tokenTypeIds
      ? token_type_embeddings.forward(tokenTypeIds) // [B, T, C]
      : token_type_embeddings.firstRows(1); // [1, C]
    const positions = position_embeddings.firstRows(inputIds.shape[1]!); // [T, C]
    const sum = word_embeddings.forward(inputIds).add(types).add(positions); // [B, T, C]
    return dropout(LayerNorm.forward(sum), this.config.hiddenDropout, key?.derive("embedding"));
  }
}

function meanOfTokens(hidden: Tensor, attentionMask: Tensor | undefined): Tensor {
  if (!attentionMask) return hidden.mean(1);
  const [batch, sequence] = attentionMask.shape;
  const weights = attentionMask.cast("float32").reshape([batch!, sequence!, 1]);
  return hidden
    .mul(weights)
    .sum(1)
    .div(maximum(weights.sum(1), 1e-9));
}

/** For a BERT and its heads. */
export function bertInitializer(
  config: BertConfig,
  { seed = 0, initialization = "normal" }: FreshOptions,
): Initializer {
  return initializer(initialization, {
    seed,
    layers: config.layers,
    width: config.width,
    deviation: config.initializerRange,
  });
}

/** Stored [outputs, inputs], with a bias of zeros. */
export function freshLinear(
  path: string,
  [inputs, outputs]: readonly [number, number],
  init: Initializer,
  { output = false }: { output?: boolean } = {},
): TransposedLinear {
  const weight = init.matrix(`${path}.weight`, inputs, outputs, { transposed: true, output });
  return new TransposedLinear(weight, init.zeros(outputs));
}

export function freshNorm(config: BertConfig, init: Initializer): LayerNorm {
  return new LayerNorm(init.ones(config.width), init.zeros(config.width), config.layerNormEpsilon);
}

function freshLayer(path: string, config: BertConfig, init: Initializer): Layer {
  const { width, hiddenWidth } = config;
  const linear = (name: string, inputs: number, outputs: number) =>
    freshLinear(`${path}.${name}`, [inputs, outputs], init);
  const self = new SelfAttention(
    linear("attention.self.query", width, width),
    linear("attention.self.key", width, width),
    linear("attention.self.value", width, width),
  );
  return new Layer(
    { self, output: new SublayerOutput(linear("attention.output.dense", width, width), freshNorm(config, init)) },
    linear("intermediate.dense", width, hiddenWidth),
    new SublayerOutput(linear("output.dense", hiddenWidth, width), freshNorm(config, init)),
  );
}
