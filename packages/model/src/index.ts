// The public names of @llm/model.
export { loadModel, loadWeights, namedParameters, parameterBytes, parameterCount, saveModel } from "./checkpoint.ts";
export { ModelError } from "./errors.ts";
export { type GenerateOptions, generateNaive, TextGenerator } from "./generate.ts";
export type { Initialization } from "./initialize.ts";
export type { KeyValueCache } from "./keyValueCache.ts";
export { Linear, type LinearLayer } from "./layers/linear.ts";
export { QuantizedLinear } from "./layers/quantizedLinear.ts";
export type { CausalLanguageModel, CausalLanguageModelConfig, ForwardOptions } from "./model.ts";
export { Gpt, type GptConfig, type GptOptions, gptConfig } from "./models/gpt.ts";
export { type GptPreset, gptPresets } from "./models/presets.ts";
export { replaceLinears } from "./quantization.ts";
export { checkSampling, type SamplingOptions, sampleToken } from "./sample.ts";
