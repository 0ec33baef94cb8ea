// What distinguishes one member of the Llama family from another, and transformers' config.json for each.
import { ModelError } from "../errors.ts";
import { type Activation, activations } from "../layers/activations.ts";
import { checkRopeScaling, type RopeConfig, type RopeScaling } from "../layers/ropeScaling.ts";
import type { CausalLanguageModelConfig } from "../model.ts";

/** transformers' `model_type`. */
export type LlamaFamily = "llama" | "qwen2" | "qwen3" | "mistral";

/** Which linear maps of attention have a bias. */
export type AttentionBias = "none" | "queryKeyValue" | "all";

interface FamilyTraits {
  /** The class in transformers. */
  readonly architecture: string;
  /** What `attentionBias` may be; the first is the default. */
  readonly attentionBiases: readonly AttentionBias[];
  /** Queries and keys are normalised, head by head. */
  readonly queryKeyNorms: boolean;
  readonly feedForwardBias: boolean;
  /** How config.json speaks of sliding windows: not at all, for all layers, or layer by layer. */
  readonly slidingWindows: "none" | "all" | "byLayer";
}

/** The members, by their `model_type` in config.json. */
export const llamaFamilies: Readonly<Record<LlamaFamily, FamilyTraits>> = {
  llama: {
    architecture: "LlamaForCausalLM",
    attentionBiases: ["none", "all"],
    queryKeyNorms: false,
    feedForwardBias: true,
    slidingWindows: "none",
  },
  qwen2: {
    architecture: "Qwen2ForCausalLM",
    attentionBiases: ["queryKeyValue"],
    queryKeyNorms: false,
    feedForwardBias: false,
    slidingWindows: "byLayer",
  },
  qwen3: {
    architecture: "Qwen3ForCausalLM",
    attentionBiases: ["none", "all"],
    queryKeyNorms: true,
    feedForwardBias: false,
    slidingWindows: "byLayer",
  },
  mistral: {
    architecture: "MistralForCausalLM",
    attentionBiases: ["none"],
    queryKeyNorms: false,
    feedForwardBias: false,
    slidingWindows: "all",
  },
};

/** What a Llama was built with, every default filled in. */
export interface LlamaConfig extends CausalLanguageModelConfig, RopeConfig {
  /** Default `"llama"`. */
  readonly family: LlamaFamily;
  /** Heads of keys and values. Default `heads`: no grouping. */
  readonly keyValueHeads: number;
  /** Default width / heads. */
  readonly headSize: number;
  /** Size of the feed-forward layer's hidden part. */
  readonly hiddenWidth: number;
  /** Default `"silu"`. */
  readonly activation: Activation;
  /** Default as published: `"queryKeyValue"` for qwen2, otherwise `"none"`. */
  readonly attentionBias: AttentionBias;
  /** Only of the llama family. Default false. */
  readonly feedForwardBias: boolean;
  /** A position sees itself and so many less one before it. Default: all before it. */
  readonly slidingWindow?: number | undefined;
  /** The layers that `slidingWindow` holds for, by index from 0, ascending. Default all. */
  readonly slidingLayers?: readonly number[] | undefined;
  /** Share of attention weights set to zero in training. Default 0. */
  readonly attentionDropout: number;
  readonly rmsNormEpsilon: number;
  /** Default 10 000. */
  readonly ropeTheta: number;
  readonly ropeScaling?: RopeScaling | undefined;
  /** The output layer is the token embedding. Default false. */
  readonly tiedEmbeddings: boolean;
  /** Deviation of freshly drawn weights. Default 0.02. */
  readonly initializerRange: number;
  readonly beginOfTextId?: number | undefined;
  readonly endOfTextId?: number | readonly number[] | undefined;
}

/** What must be said about a model of the family; everything else has a default. */
export type LlamaOptions = CausalLanguageModelConfig & Pick<LlamaConfig, "hiddenWidth"> & Partial<LlamaConfig>;

/** A complete configuration; throws a `ModelError` that names the value that does not fit. */
export function llamaConfig(options: LlamaOptions): LlamaConfig {
  const { family = "llama" } = options;
  if (!Object.hasOwn(llamaFamilies, family)) {
    throw new ModelError(`Llama: family "${family}" is not one of ${Object.keys(llamaFamilies).join(", ")}`);
  }
  const config: LlamaConfig = {
    family,
    keyValueHeads: options.heads,
    headSize: options.width / options.heads,
    activation: "silu",
    attentionBias: llamaFamilies[family].attentionBiases[0]!,
    feedForwardBias: false,
    attentionDropout: 0,
    rmsNormEpsilon: 1e-6,
    ropeTheta: 10_000,
    tiedEmbeddings: false,
    initializerRange: 0.02,
    ...options,
  };
  checkSizes(config);
  checkRopeScaling("Llama", config);
  checkFamily(config);
  return config;
}

function checkSizes(config: LlamaConfig): void {
  const whole = ["vocabularySize", "contextLength", "layers", "heads", "width", "hiddenWidth"] as const;
  for (const name of [...whole, "keyValueHeads", "headSize"] as const) {
    if (!(Number.isInteger(config[name]) && config[name] > 0))
      throw new ModelError(`Llama: ${name} must be a whole number above 0, got ${config[name]}`);
  }
  if (config.heads % config.keyValueHeads !== 0) {
    throw new ModelError(`Llama: ${config.heads} heads do not divide into ${config.keyValueHeads} key/value heads`);
  }
  if (config.headSize % 2 !== 0) throw new ModelError(`Llama: headSize must be even, got ${config.headSize}`);
  if (!Object.hasOwn(activations, config.activation)) {
    throw new ModelError(
      `Llama: activation "${config.activation}" is not one of ${Object.keys(activations).join(", ")}`,
    );
  }
  for (const name of ["rmsNormEpsilon", "initializerRange", "ropeTheta"] as const) {
    if (!(config[name] > 0 && Number.isFinite(config[name])))
      throw new ModelError(`Llama: ${name} must be a number above 0, got ${config[name]}`);
  }
  if (!(config.attentionDropout >= 0 && config.attentionDropout < 1)) {
    throw new ModelError(`Llama: attentionDropout must be at least 0 and below 1, got ${config.attentionDropout}`);
  }
  checkWindow(config);
}

function checkWindow({ slidingWindow, slidingLayers, layers }: LlamaConfig): void {
  if (slidingWindow !== undefined && !(Number.isInteger(slidingWindow) && slidingWindow > 0)) {
    throw new ModelError(`Llama: slidingWindow must be a whole number above 0, got ${slidingWindow}`);
  }
  if (!slidingLayers) return;
  if (slidingWindow === undefined) throw new ModelError("Llama: slidingLayers need a slidingWindow");
  const ascending = slidingLayers.every((layer, i) => i === 0 || layer > slidingLayers[i - 1]!);
  const known = slidingLayers.every((layer) => Number.isInteger(layer) && layer >= 0 && layer < layers);
  if (slidingLayers.length === 0 || !ascending || !known) {
    throw new ModelError(
      `Llama: slidingLayers must be some of the ${layers} layers, from 0 and ascending, got [${slidingLayers}]`,
    );
  }
}

/** Refuses what the family's config.json has no word for: it could not be saved. */
function checkFamily(config: LlamaConfig): void {
  const traits = llamaFamilies[config.family];
  const refuse = (what: string) => {
    throw new ModelError(`Llama: the family "${config.family}" has no ${what} (choose another family)`);
  };
  if (!traits.attentionBiases.includes(config.attentionBias)) refuse(`attentionBias "${config.attentionBias}"`);
  if (config.feedForwardBias && !traits.feedForwardBias) refuse("feedForwardBias");
  if (config.slidingWindow !== undefined && traits.slidingWindows === "none") refuse("slidingWindow");
  if (config.slidingLayers && traits.slidingWindows !== "byLayer") refuse("slidingLayers");
}

/** As transformers writes it. */
export function llamaConfigToJson(config: LlamaConfig): Record<string, unknown> {
  const traits = llamaFamilies[config.family];
  const rope = ropeToJson(config);
  return {
    architectures: [traits.architecture],
    model_type: config.family,
    vocab_size: config.vocabularySize,
    max_position_embeddings: trainedLength(config),
    hidden_size: config.width,
    intermediate_size: config.hiddenWidth,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyValueHeads,
    head_dim: config.headSize,
    hidden_act: config.activation,
    rms_norm_eps: config.rmsNormEpsilon,
    attention_dropout: config.attentionDropout,
    initializer_range: config.initializerRange,
    tie_word_embeddings: config.tiedEmbeddings,
    // The second form of the same is for readers older than transformers 5.
    rope_parameters: { ...rope, rope_theta: config.ropeTheta },
    rope_theta: config.ropeTheta,
    rope_scaling: config.ropeScaling ? rope : null,
    ...(traits.attentionBiases.length > 1 ? { attention_bias: config.attentionBias === "all" } : {}),
    ...(traits.feedForwardBias ? { mlp_bias: config.feedForwardBias } : {}),
    ...windowsToJson(config, traits),
    bos_token_id: config.beginOfTextId ?? null,
    eos_token_id: config.endOfTextId ?? null,
    dtype: "float32",
  };
}

/** The dynamic scaling's context grows with its factor, while config.json holds the length before that. */
function trainedLength({ contextLength, ropeScaling }: LlamaConfig): number {
  return ropeScaling?.type === "dynamic" ? ropeScaling.originalContextLength : contextLength;
}

function ropeToJson({ ropeScaling }: LlamaConfig): Record<string, unknown> {
  if (!ropeScaling) return { rope_type: "default" };
  const { type, factor } = ropeScaling;
  if (type === "linear" || type === "dynamic") return { rope_type: type, factor };
  const common = { rope_type: type, factor, original_max_position_embeddings: ropeScaling.originalContextLength };
  if (type === "llama3") {
    const { lowFrequencyFactor, highFrequencyFactor } = ropeScaling;
    return { ...common, low_freq_factor: lowFrequencyFactor, high_freq_factor: highFrequencyFactor };
  }
  const { attentionFactor } = ropeScaling;
  if (type === "longrope") {
    const { shortFactors, longFactors } = ropeScaling;
    return {
      ...common,
      ...given({ attention_factor: attentionFactor }),
      short_factor: shortFactors,
      long_factor: longFactors,
    };
  }
  const { betaFast, betaSlow, truncate } = ropeScaling;
  return {
    ...common,
    ...given({ attention_factor: attentionFactor, beta_fast: betaFast, beta_slow: betaSlow, truncate }),
  };
}

/** Without what is undefined: the reader's default holds. */
function given(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function windowsToJson(config: LlamaConfig, { slidingWindows }: FamilyTraits): Record<string, unknown> {
  const { slidingWindow, slidingLayers, layers } = config;
  if (slidingWindows === "none") return {};
  if (slidingWindows === "all") return { sliding_window: slidingWindow ?? null };
  if (slidingWindow === undefined) return { use_sliding_window: false, sliding_window: null };
  const slides = (layer: number) => slidingLayers?.includes(layer) ?? true;
  return {
    use_sliding_window: true,
    sliding_window: slidingWindow,
    layer_types: Array.from({ length: layers }, (_, i) => (slides(i) ? "sliding_attention" : "full_attention")),
    // For readers older than the line above: all layers from this one on.
    max_window_layers: slidingLayers?.[0] ?? 0,
  };
}
