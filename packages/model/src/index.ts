// The public names of @llm/model.
export {
  type Adapted,
  type AdapterConfig,
  adapterConfig,
  type Ia3Config,
  isAdapterParameter,
  type LoraConfig,
} from "./adapters/adapterConfig.ts";
export { applyIa3, type Ia3Options } from "./adapters/ia3.ts";
export { applyLora, type LoraOptions } from "./adapters/lora.ts";
export { mergeAdapter, removeAdapter } from "./adapters/mergeAdapter.ts";
export type { PeftNames } from "./adapters/peftConfig.ts";
export { loadAdapter, saveAdapter } from "./adapters/peftFolder.ts";
export type { Targets } from "./adapters/targets.ts";
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
export { generateNaive, TextGenerator, type TextGeneratorOptions } from "./generate.ts";
export type { LogitsProcessor, TokenHistory } from "./generation/logitsProcessors.ts";
export type { GeneratedLogprob, TokenLogprob } from "./generation/logprobs.ts";
export type {
  BatchOptions,
  BeamOptions,
  GenerateOptions,
  ProcessorOptions,
  SamplingOptions,
  StreamOptions,
} from "./generation/options.ts";
export type { GenerativeModel } from "./generation/prompts.ts";
export type {
  FinishReason,
  GeneratedEnd,
  GeneratedToken,
  Generation,
  GenerationEvent,
} from "./generation/sequences.ts";
export type { TokenDecoder } from "./generation/textStream.ts";
export type { Initialization } from "./initialize.ts";
export type { KeyValueCache } from "./keyValueCache.ts";
export type { Activation } from "./layers/activations.ts";
export type { FloatLinear } from "./layers/floatLinear.ts";
export { Linear, type LinearLayer } from "./layers/linear.ts";
export { QuantizedLinear } from "./layers/quantizedLinear.ts";
export type { RopeScaling } from "./layers/ropeScaling.ts";
export { TransposedLinear } from "./layers/transposedLinear.ts";
export { type MaximalUpdate, mupLearningRates } from "./maximalUpdate.ts";
export type {
  CachedDecoder,
  CachedForwardOptions,
  CausalLanguageModel,
  CausalLanguageModelConfig,
  EncodeOptions,
  EncoderDecoderConfig,
  EncoderDecoderForwardOptions,
  EncoderDecoderModel,
  EncoderMemory,
  ForwardOptions,
  PretrainedModel,
} from "./model.ts";
export { Bert, type EncoderForwardOptions, type FreshOptions } from "./models/bert.ts";
export { type BertConfig, type BertOptions, bertConfig, type ProblemType } from "./models/bertConfig.ts";
export {
  BertForMaskedLM,
  BertForQuestionAnswering,
  BertForSequenceClassification,
  BertForTokenClassification,
  type MaskedForwardOptions,
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
export { type LlamaPreset, llamaPresets } from "./models/llamaPresets.ts";
export {
  type BertPreset,
  bertPresets,
  type GptPreset,
  gptPresets,
  type T5Preset,
  t5Presets,
} from "./models/presets.ts";
export { T5 } from "./models/t5.ts";
export { type T5Config, type T5Options, t5Config } from "./models/t5Config.ts";
export { replaceLinears } from "./quantization.ts";
export { resizeVocabulary } from "./resizeVocabulary.ts";
export { type ScoreOptions, TokenScorer, type TokenScorerOptions } from "./tokenScorer.ts";
