// Reads transformers' config.json of a model of the Llama family, as transformers 5 writes it and as older ones did.
import { ModelError } from "../errors.ts";
import { type RopeScaling, yarnAttention } from "../layers/ropeScaling.ts";
import { activationIn, type ConfigJson, idIn, numberIn, refuseOtherThan, requireModelType } from "./configJson.ts";
import { type AttentionBias, type LlamaConfig, type LlamaFamily, llamaConfig, llamaFamilies } from "./llamaConfig.ts";

/** Throws a `ModelError` for an option this implementation does not have. */
export function llamaConfigFromJson(json: ConfigJson): LlamaConfig {
  requireModelType(json, Object.keys(llamaFamilies), "model of the Llama family");
  const family = json.model_type as LlamaFamily;
  refuseOtherThan(json, { partial_rotary_factor: 1 }, llamaFamilies[family].architecture);
  const contextLength = numberIn(json, "max_position_embeddings");
  const rope = ropeFromJson(json, contextLength);
  const { ropeScaling } = rope;
  const heads = numberIn(json, "num_attention_heads");
  const width = numberIn(json, "hidden_size");
  const endOfText = json.eos_token_id;
  return llamaConfig({
    family,
    vocabularySize: numberIn(json, "vocab_size"),
    contextLength: stretchedLength(contextLength, ropeScaling),
    layers: numberIn(json, "num_hidden_layers"),
    heads,
    width,
    keyValueHeads: numberIn(json, "num_key_value_heads", heads),
    headSize: numberIn(json, "head_dim", width / heads),
    hiddenWidth: numberIn(json, "intermediate_size"),
    activation: activationIn(json, "hidden_act", "silu"),
    attentionBias: biasFromJson(json, family),
    feedForwardBias: json.mlp_bias === true,
    ...windowsFromJson(json, family),
    attentionDropout: numberIn(json, "attention_dropout", 0),
    rmsNormEpsilon: numberIn(json, "rms_norm_eps", 1e-6),
    ...rope,
    tiedEmbeddings: json.tie_word_embeddings === true,
    initializerRange: numberIn(json, "initializer_range", 0.02),
    beginOfTextId: idIn(json, "bos_token_id"),
    endOfTextId: Array.isArray(endOfText) ? endOfText.map(Number) : idIn(json, "eos_token_id"),
  });
}

function biasFromJson(json: ConfigJson, family: LlamaFamily): AttentionBias {
  const { attentionBiases } = llamaFamilies[family];
  return json.attention_bias === true && attentionBiases.includes("all") ? "all" : attentionBiases[0]!;
}

/** Which layers have a sliding window: as config.json lists them or, in older files, from one layer on. */
function windowsFromJson(json: ConfigJson, family: LlamaFamily): Pick<LlamaConfig, "slidingWindow" | "slidingLayers"> {
  const { slidingWindows } = llamaFamilies[family];
  const layers = numberIn(json, "num_hidden_layers");
  const asked = slidingWindows === "all" || (slidingWindows === "byLayer" && json.use_sliding_window === true);
  const isUsed = asked && json.sliding_window !== null && json.sliding_window !== undefined;
  const first = slidingWindows === "all" ? 0 : numberIn(json, "max_window_layers", 28);
  const usual = Array.from({ length: layers }, (_, layer) => isUsed && layer >= first);
  const slides = layerTypesFromJson(json, layers) ?? usual;
  const slidingLayers = [...slides.keys()].filter((layer) => slides[layer]);
  if (slidingLayers.length === 0) return { slidingWindow: undefined };
  if (!isUsed) throw new ModelError('config.json: "layer_types" has sliding layers, but no sliding window is used');
  return {
    slidingWindow: numberIn(json, "sliding_window"),
    ...(slidingLayers.length < layers ? { slidingLayers } : {}),
  };
}

/** For each layer whether its window slides; undefined where config.json has no list. */
function layerTypesFromJson(json: ConfigJson, layers: number): boolean[] | undefined {
  const types: unknown = json.layer_types;
  if (types === undefined || types === null) return undefined;
  const isKnown = (type: unknown) => type === "full_attention" || type === "sliding_attention";
  if (!Array.isArray(types) || types.length !== layers || !types.every(isKnown)) {
    throw new ModelError(
      `config.json: "layer_types" must name "full_attention" or "sliding_attention" for each of ${layers} layers, got ${JSON.stringify(types)}`,
    );
  }
  return types.map((type) => type === "sliding_attention");
}

/** How far the positions reach: config.json may hold the length before they were stretched. */
function stretchedLength(contextLength: number, scaling: RopeScaling | undefined): number {
  if (scaling?.type === "dynamic") return Math.floor(contextLength * scaling.factor);
  if (scaling?.type !== "yarn") return contextLength;
  return Math.max(contextLength, Math.floor(scaling.originalContextLength * scaling.factor));
}

function ropeFromJson(
  json: ConfigJson,
  contextLength: number,
): { ropeTheta: number; ropeScaling?: RopeScaling | undefined } {
  const parameters = (json.rope_parameters ?? json.rope_scaling ?? {}) as ConfigJson;
  if (typeof parameters !== "object") {
    throw new ModelError(`config.json: the RoPE parameters must be an object, got ${JSON.stringify(parameters)}`);
  }
  const ropeTheta = numberIn(parameters, "rope_theta", numberIn(json, "rope_theta", 10_000));
  refuseOtherThan(parameters, { partial_rotary_factor: 1 }, "the Llama family");
  return { ropeTheta, ropeScaling: scalingFromJson(parameters, json, contextLength) };
}

function scalingFromJson(parameters: ConfigJson, json: ConfigJson, contextLength: number): RopeScaling | undefined {
  const type = String(parameters.rope_type ?? parameters.type ?? "default");
  const factor = (fallback?: number) => numberIn(parameters, "factor", fallback);
  // Some models say it beside the parameters, and transformers believes that one.
  const original = () =>
    numberIn(
      json,
      "original_max_position_embeddings",
      numberIn(parameters, "original_max_position_embeddings", contextLength),
    );
  switch (type) {
    case "default":
      return undefined;
    case "linear":
      return { type, factor: factor() };
    case "dynamic":
      return { type, factor: factor(), originalContextLength: contextLength };
    case "llama3":
      return {
        type,
        factor: factor(),
        lowFrequencyFactor: numberIn(parameters, "low_freq_factor"),
        highFrequencyFactor: numberIn(parameters, "high_freq_factor"),
        originalContextLength: original(),
      };
    case "yarn":
      return yarnFromJson(parameters, factor(contextLength / original()), original());
    // Phi 3's first files call it "su".
    case "su":
    case "longrope":
      return {
        type: "longrope",
        factor: factor(contextLength / original()),
        originalContextLength: original(),
        attentionFactor: optionalNumber(parameters, "attention_factor"),
        shortFactors: numbersIn(parameters, "short_factor"),
        longFactors: numbersIn(parameters, "long_factor"),
      };
    default:
      throw new ModelError(
        `config.json: rope_type ${JSON.stringify(type)} is not one of default, linear, dynamic, llama3, yarn, longrope`,
      );
  }
}

function yarnFromJson(parameters: ConfigJson, factor: number, originalContextLength: number): RopeScaling {
  const [mscale, ofAll] = [optionalNumber(parameters, "mscale"), optionalNumber(parameters, "mscale_all_dim")];
  const weighed = mscale && ofAll ? yarnAttention(factor, mscale) / yarnAttention(factor, ofAll) : undefined;
  return {
    type: "yarn",
    factor,
    originalContextLength,
    attentionFactor: optionalNumber(parameters, "attention_factor") ?? weighed,
    betaFast: optionalNumber(parameters, "beta_fast"),
    betaSlow: optionalNumber(parameters, "beta_slow"),
    truncate: parameters.truncate === false ? false : undefined,
  };
}

function optionalNumber(json: ConfigJson, name: string): number | undefined {
  return json[name] === undefined || json[name] === null ? undefined : numberIn(json, name);
}

function numbersIn(json: ConfigJson, name: string): number[] {
  const values = json[name];
  if (!Array.isArray(values) || !values.every((value) => typeof value === "number")) {
    throw new ModelError(`config.json: "${name}" must be a list of numbers, got ${JSON.stringify(values)}`);
  }
  return values;
}
