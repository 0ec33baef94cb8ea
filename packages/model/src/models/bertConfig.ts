// The configuration of a BERT and transformers' config.json of it.
import { ModelError } from "../errors.ts";
import { type Activation, activations } from "../layers/activations.ts";
import { activationIn, type ConfigJson, numberIn, refuseOtherThan, requireModelType } from "./configJson.ts";

/** What a BERT was built with, every default filled in. */
export interface BertConfig {
  readonly vocabularySize: number;
  /** Longest sequence in tokens. */
  readonly contextLength: number;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  /** Size of the feed-forward layer's hidden part. Default 4 · width. */
  readonly hiddenWidth: number;
  /** Default `"gelu"`. */
  readonly activation: Activation;
  /** Kinds of segments that `tokenTypeIds` may name. Default 2. */
  readonly tokenTypes: number;
  /** Shares set to zero in training. Default 0.1, as published. */
  readonly hiddenDropout: number;
  readonly attentionDropout: number;
  /** Before a classifier. Default `hiddenDropout`. */
  readonly classifierDropout: number;
  /** Default 1e-12. */
  readonly layerNormEpsilon: number;
  /** Deviation of freshly drawn weights. Default 0.02. */
  readonly initializerRange: number;
  /** The classes that a classification head tells apart, by their index. Default two without a meaning. */
  readonly labels: readonly string[];
  /**
   * What the labels of a `BertForSequenceClassification` are: transformers chooses its loss by it, and its pipelines whether the
   * probabilities of the classes add up to 1. Default not said: one class of several.
   */
  readonly problemType?: ProblemType | undefined;
  /** Default 0, as published. */
  readonly paddingId: number;
}

const problemTypes = ["single_label_classification", "multi_label_classification", "regression"] as const;

/** transformers' `problem_type`. */
export type ProblemType = (typeof problemTypes)[number];

/** What must be said about a BERT; everything else has a default. */
export type BertOptions = Pick<BertConfig, "vocabularySize" | "contextLength" | "layers" | "heads" | "width"> &
  Partial<BertConfig>;

/** A complete configuration; throws a `ModelError` that names the value that does not fit. */
export function bertConfig(options: BertOptions): BertConfig {
  const hiddenDropout = options.hiddenDropout ?? 0.1;
  const config: BertConfig = {
    hiddenWidth: 4 * options.width,
    activation: "gelu",
    tokenTypes: 2,
    attentionDropout: 0.1,
    classifierDropout: hiddenDropout,
    layerNormEpsilon: 1e-12,
    initializerRange: 0.02,
    labels: ["LABEL_0", "LABEL_1"],
    paddingId: 0,
    ...options,
    hiddenDropout,
  };
  const sizes = ["vocabularySize", "contextLength", "layers", "heads", "width", "hiddenWidth", "tokenTypes"] as const;
  for (const name of sizes) {
    if (!(Number.isInteger(config[name]) && config[name] > 0))
      throw new ModelError(`BERT: ${name} must be a whole number above 0, got ${config[name]}`);
  }
  if (config.width % config.heads !== 0) {
    throw new ModelError(`BERT: width ${config.width} does not divide into ${config.heads} heads`);
  }
  for (const name of ["layerNormEpsilon", "initializerRange"] as const) {
    if (!(config[name] > 0 && Number.isFinite(config[name])))
      throw new ModelError(`BERT: ${name} must be a number above 0, got ${config[name]}`);
  }
  for (const name of ["hiddenDropout", "attentionDropout", "classifierDropout"] as const) {
    if (!(config[name] >= 0 && config[name] < 1))
      throw new ModelError(`BERT: ${name} must be at least 0 and below 1, got ${config[name]}`);
  }
  if (!Object.hasOwn(activations, config.activation)) {
    throw new ModelError(
      `BERT: activation "${config.activation}" is not one of ${Object.keys(activations).join(", ")}`,
    );
  }
  if (config.labels.length === 0 || new Set(config.labels).size !== config.labels.length) {
    throw new ModelError(`BERT: labels must be different names, at least one, got ${JSON.stringify(config.labels)}`);
  }
  if (config.problemType !== undefined && !problemTypes.includes(config.problemType)) {
    throw new ModelError(`BERT: problemType "${config.problemType}" is not one of ${problemTypes.join(", ")}`);
  }
  return config;
}

/** As transformers writes it; `architecture` is its class for the head. */
export function bertConfigToJson(config: BertConfig, architecture: string): ConfigJson {
  return {
    architectures: [architecture],
    model_type: "bert",
    vocab_size: config.vocabularySize,
    max_position_embeddings: config.contextLength,
    hidden_size: config.width,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    intermediate_size: config.hiddenWidth,
    hidden_act: config.activation,
    type_vocab_size: config.tokenTypes,
    hidden_dropout_prob: config.hiddenDropout,
    attention_probs_dropout_prob: config.attentionDropout,
    classifier_dropout: config.classifierDropout === config.hiddenDropout ? null : config.classifierDropout,
    layer_norm_eps: config.layerNormEpsilon,
    initializer_range: config.initializerRange,
    id2label: Object.fromEntries(config.labels.map((label, index) => [index, label])),
    label2id: Object.fromEntries(config.labels.map((label, index) => [label, index])),
    ...(config.problemType && { problem_type: config.problemType }),
    pad_token_id: config.paddingId,
    tie_word_embeddings: true,
    dtype: "float32",
  };
}

/** Reads transformers' config.json of a BERT; throws a `ModelError` for an option this implementation does not have. */
export function bertConfigFromJson(json: ConfigJson): BertConfig {
  requireModelType(json, ["bert"], "BERT");
  const only = {
    is_decoder: false,
    add_cross_attention: false,
    tie_word_embeddings: true,
    position_embedding_type: "absolute",
  };
  refuseOtherThan(json, only, "BERT");
  const hiddenDropout = numberIn(json, "hidden_dropout_prob", 0.1);
  return bertConfig({
    vocabularySize: numberIn(json, "vocab_size"),
    contextLength: numberIn(json, "max_position_embeddings"),
    width: numberIn(json, "hidden_size"),
    layers: numberIn(json, "num_hidden_layers"),
    heads: numberIn(json, "num_attention_heads"),
    hiddenWidth: numberIn(json, "intermediate_size"),
    activation: activationIn(json, "hidden_act", "gelu"),
    tokenTypes: numberIn(json, "type_vocab_size", 2),
    hiddenDropout,
    attentionDropout: numberIn(json, "attention_probs_dropout_prob", 0.1),
    classifierDropout: numberIn(json, "classifier_dropout", hiddenDropout),
    layerNormEpsilon: numberIn(json, "layer_norm_eps", 1e-12),
    initializerRange: numberIn(json, "initializer_range", 0.02),
    paddingId: numberIn(json, "pad_token_id", 0),
    labels: labelsIn(json),
    problemType: (json.problem_type as ProblemType | null | undefined) ?? undefined,
  });
}

/** transformers leaves the names out where there are two without a meaning. */
function labelsIn(json: ConfigJson): string[] {
  const names = json.id2label;
  const count = numberIn(json, "num_labels", 2);
  if (typeof names !== "object" || names === null) return Array.from({ length: count }, (_, i) => `LABEL_${i}`);
  return Array.from({ length: Object.keys(names).length }, (_, index) => {
    const label = (names as ConfigJson)[index];
    if (typeof label !== "string") {
      throw new ModelError(`config.json: "id2label" must name each class from 0 on, got ${JSON.stringify(names)}`);
    }
    return label;
  });
}
