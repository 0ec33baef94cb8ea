// The configuration of a T5 and transformers' config.json of it.
import { ModelError } from "../errors.ts";
import { type Activation, activations } from "../layers/activations.ts";
import type { EncoderDecoderConfig } from "../model.ts";
import { activationIn, type ConfigJson, idIn, numberIn, refuseOtherThan, requireModelType } from "./configJson.ts";

/** `layers` is the depth of the decoder. */
export interface T5Config extends EncoderDecoderConfig {
  /** How far generation goes; the model itself has no limit, as its positions are relative. Default 512. */
  readonly contextLength: number;
  /** Default `layers`. */
  readonly encoderLayers: number;
  /** Default 64, whatever the width. */
  readonly headSize: number;
  /** Size of the feed-forward layer's hidden part. Default 4 · width. */
  readonly hiddenWidth: number;
  /** Default `"relu"`; T5 1.1 has `"gelu_new"`. */
  readonly activation: Activation;
  /** A second linear map multiplies the activation, as in T5 1.1 (GEGLU, Shazeer 2020). Default false. */
  readonly gated: boolean;
  /** Buckets of relative positions. Default 32. */
  readonly positionBuckets: number;
  /** Distances from here on share one bucket. Default 128. */
  readonly maximumDistance: number;
  /** Share set to zero in training, everywhere. Default 0.1. */
  readonly dropout: number;
  /** Default 1e-6. */
  readonly layerNormEpsilon: number;
  /** Deviation of a fresh token embedding. Default 1. */
  readonly initializerFactor: number;
  /** The output layer is the token embedding. Default true; false in T5 1.1. */
  readonly tiedEmbeddings: boolean;
  /** The decoder's states are multiplied by width^-0.5 before the output layer. Default `tiedEmbeddings`. */
  readonly scaleDecoderOutputs: boolean;
  /** Default 0. */
  readonly paddingId: number;
  /** Default 1. */
  readonly endOfTextId?: number | undefined;
  /** Default `paddingId`. */
  readonly decoderStartId: number;
}

/** What must be said about a T5; everything else has a default. */
export type T5Options = Pick<T5Config, "vocabularySize" | "layers" | "heads" | "width"> & Partial<T5Config>;

/** A complete configuration; throws a `ModelError` that names the value that does not fit. */
export function t5Config(options: T5Options): T5Config {
  const { tiedEmbeddings = true, paddingId = 0 } = options;
  const config: T5Config = {
    contextLength: 512,
    encoderLayers: options.layers,
    headSize: 64,
    hiddenWidth: 4 * options.width,
    activation: "relu",
    gated: false,
    positionBuckets: 32,
    maximumDistance: 128,
    dropout: 0.1,
    layerNormEpsilon: 1e-6,
    initializerFactor: 1,
    tiedEmbeddings,
    scaleDecoderOutputs: tiedEmbeddings,
    paddingId,
    endOfTextId: 1,
    decoderStartId: paddingId,
    ...options,
  };
  checkSizes(config);
  for (const name of ["layerNormEpsilon", "initializerFactor"] as const) {
    if (!(config[name] > 0 && Number.isFinite(config[name])))
      throw new ModelError(`T5: ${name} must be a number above 0, got ${config[name]}`);
  }
  if (!(config.dropout >= 0 && config.dropout < 1)) {
    throw new ModelError(`T5: dropout must be at least 0 and below 1, got ${config.dropout}`);
  }
  checkActivation(config);
  for (const name of ["paddingId", "decoderStartId", "endOfTextId"] as const) {
    const id = config[name];
    if (id !== undefined && !(Number.isInteger(id) && id >= 0 && id < config.vocabularySize)) {
      throw new ModelError(`T5: ${name} ${id} is outside the vocabulary of ${config.vocabularySize}`);
    }
  }
  return config;
}

function checkSizes(config: T5Config): void {
  const sizes = ["vocabularySize", "contextLength", "layers", "encoderLayers", "heads", "headSize", "width"] as const;
  for (const name of [...sizes, "hiddenWidth", "positionBuckets", "maximumDistance"] as const) {
    if (!(Number.isInteger(config[name]) && config[name] > 0))
      throw new ModelError(`T5: ${name} must be a whole number above 0, got ${config[name]}`);
  }
  // The encoder divides them between two directions, each of these between short distances and long ones.
  if (config.positionBuckets % 4 !== 0) {
    throw new ModelError(`T5: positionBuckets must be a multiple of 4, got ${config.positionBuckets}`);
  }
  if (config.maximumDistance <= config.positionBuckets / 2) {
    throw new ModelError(
      `T5: maximumDistance must be above half of the ${config.positionBuckets} positionBuckets, got ${config.maximumDistance}`,
    );
  }
}

function checkActivation({ activation, gated }: T5Config): void {
  if (!Object.hasOwn(activations, activation)) {
    throw new ModelError(`T5: activation "${activation}" is not one of ${Object.keys(activations).join(", ")}`);
  }
  // config.json's "gated-gelu" means the approximation.
  if (gated && activation === "gelu") {
    throw new ModelError('T5: a gated layer with activation "gelu" has no name in config.json (choose "gelu_new")');
  }
}

/** As transformers writes it. */
export function t5ConfigToJson(config: T5Config): ConfigJson {
  return {
    architectures: ["T5ForConditionalGeneration"],
    model_type: "t5",
    is_encoder_decoder: true,
    vocab_size: config.vocabularySize,
    n_positions: config.contextLength,
    d_model: config.width,
    d_kv: config.headSize,
    d_ff: config.hiddenWidth,
    num_layers: config.encoderLayers,
    num_decoder_layers: config.layers,
    num_heads: config.heads,
    relative_attention_num_buckets: config.positionBuckets,
    relative_attention_max_distance: config.maximumDistance,
    dropout_rate: config.dropout,
    layer_norm_epsilon: config.layerNormEpsilon,
    initializer_factor: config.initializerFactor,
    feed_forward_proj: feedForwardToJson(config),
    tie_word_embeddings: config.tiedEmbeddings,
    // Readers older than transformers 5 take the line above for both.
    scale_decoder_outputs: config.scaleDecoderOutputs,
    pad_token_id: config.paddingId,
    eos_token_id: config.endOfTextId ?? null,
    decoder_start_token_id: config.decoderStartId,
    dtype: "float32",
  };
}

function feedForwardToJson({ gated, activation }: T5Config): string {
  if (!gated) return activation;
  return activation === "gelu_new" ? "gated-gelu" : `gated-${activation}`;
}

/**
 * Reads transformers' config.json of a T5. transformers 5 calls the output layer of a T5 1.1 tied although it has weights of its own:
 * `hasOutputLayer` tells whether the file of weights holds one. Throws a `ModelError` for an option this implementation does not have.
 */
export function t5ConfigFromJson(json: ConfigJson, hasOutputLayer = false): T5Config {
  requireModelType(json, ["t5", "mt5"], "T5");
  refuseOtherThan(json, { tie_encoder_decoder: false }, "T5");
  const saidToBeTied = json.tie_word_embeddings !== false;
  // mT5 (Xue et al. 2021) is T5 1.1 with more languages; its config.json calls the output layer tied too.
  const scaleDecoderOutputs =
    typeof json.scale_decoder_outputs === "boolean"
      ? json.scale_decoder_outputs
      : saidToBeTied && json.model_type === "t5";
  const encoderLayers = numberIn(json, "num_layers");
  const paddingId = numberIn(json, "pad_token_id", 0);
  return t5Config({
    vocabularySize: numberIn(json, "vocab_size"),
    contextLength: numberIn(json, "n_positions", 512),
    width: numberIn(json, "d_model"),
    headSize: numberIn(json, "d_kv"),
    hiddenWidth: numberIn(json, "d_ff"),
    encoderLayers,
    layers: numberIn(json, "num_decoder_layers", encoderLayers),
    heads: numberIn(json, "num_heads"),
    positionBuckets: numberIn(json, "relative_attention_num_buckets", 32),
    maximumDistance: numberIn(json, "relative_attention_max_distance", 128),
    dropout: numberIn(json, "dropout_rate", 0.1),
    layerNormEpsilon: numberIn(json, "layer_norm_epsilon", 1e-6),
    initializerFactor: numberIn(json, "initializer_factor", 1),
    ...feedForwardFromJson(json),
    tiedEmbeddings: saidToBeTied && (scaleDecoderOutputs || !hasOutputLayer),
    scaleDecoderOutputs,
    paddingId,
    endOfTextId: idIn(json, "eos_token_id"),
    decoderStartId: numberIn(json, "decoder_start_token_id", paddingId),
  });
}

function feedForwardFromJson(json: ConfigJson): Pick<T5Config, "activation" | "gated"> {
  const name = String(json.feed_forward_proj ?? "relu");
  const gated = name.startsWith("gated-");
  const activation = gated ? name.slice("gated-".length) : name;
  const asOthers = activationIn({ feed_forward_proj: activation }, "feed_forward_proj", "relu");
  return { gated, activation: name === "gated-gelu" ? "gelu_new" : asOthers };
}
