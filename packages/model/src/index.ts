// The public names of @llm/model.
export {
  type LoadWeightsOptions,
  loadModel,
  loadWeights,
  type ModelClass,
  namedParameters,
  parameterBytes,
  parameterCount,
  type SaveModelOptions,
  saveModel,
} from "./checkpoint.ts";
export { ModelError } from "./errors.ts";
export { type GenerateOptions, generateNaive, TextGenerator } from "./generate.ts";
export type { Initialization } from "./initialize.ts";
export type { KeyValueCache } from "./keyValueCache.ts";
export type { Activation } from "./layers/activations.ts";
export type { FloatLinear } from "./layers/floatLinear.ts";
export { Linear, type LinearLayer } from "./layers/linear.ts";
export { QuantizedLinear } from "./layers/quantizedLinear.ts";
export type { RopeScaling } from "./layers/rope.ts";
export { TransposedLinear } from "./layers/transposedLinear.ts";
export type {
  CachedDecoder,
  CachedForwardOptions,
  CausalLanguageModel,
  CausalLanguageModelConfig,
  EncoderDecoderConfig,
  EncoderDecoderForwardOptions,
  EncoderDecoderModel,
  EncoderMemory,
  ForwardOptions,
  PretrainedModel,
} from "./model.ts";
export { Bert, type EncoderForwardOptions, type FreshOptions } from "./models/bert.ts";
export { type BertConfig, type BertOptions, bertConfig } from "./models/bertConfig.ts";
export {
  BertForMaskedLM,
  BertForQuestionAnswering,
  BertForSequenceClassification,
  BertForTokenClassification,
} from "./models/bertHeads.ts";
export { Gpt, type GptConfig, type GptOptions, gptConfig } from "./models/gpt.ts";
export { Llama } from "./models/llama.ts";
export {
  type AttentionBias,
  type LlamaConfig,
  type LlamaFamily,
  type LlamaOptions,
  llamaConfig,
} from "./models/llamaConfig.ts";
export {
  type BertPreset,
  bertPresets,
  type GptPreset,
  gptPresets,
  type LlamaPreset,
  llamaPresets,
} from "./models/presets.ts";
export { replaceLinears } from "./quantization.ts";
export { checkSampling, type SamplingOptions, sampleToken } from "./sample.ts";
