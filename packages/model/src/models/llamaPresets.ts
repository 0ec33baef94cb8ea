// Named sizes of the Llama family. Except for llama-1m and llama-5m they are published models.
import type { LlamaOptions } from "./llamaConfig.ts";

const smolLm2 = { vocabularySize: 49_152, rmsNormEpsilon: 1e-5, ropeTheta: 100_000, contextLength: 8192 } as const;

/** Scaled-down relatives for small corpora: their vocabularies are small too. */
const small = { keyValueHeads: 4, tiedEmbeddings: true, rmsNormEpsilon: 1e-5 } as const;

/** The models of llama2.c, trained on TinyStories. */
const stories = { vocabularySize: 32_000, rmsNormEpsilon: 1e-5, tiedEmbeddings: true } as const;

const llama2 = { vocabularySize: 32_000, contextLength: 4096, rmsNormEpsilon: 1e-5 } as const;

const llama3 = {
  vocabularySize: 128_256,
  contextLength: 131_072,
  rmsNormEpsilon: 1e-5,
  ropeTheta: 500_000,
  ropeScaling: {
    type: "llama3",
    factor: 8,
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalContextLength: 8192,
  },
} as const;

const llama32 = { ...llama3, ropeScaling: { ...llama3.ropeScaling, factor: 32 }, tiedEmbeddings: true } as const;

const qwen25 = {
  family: "qwen2",
  vocabularySize: 151_936,
  contextLength: 32_768,
  rmsNormEpsilon: 1e-6,
  ropeTheta: 1_000_000,
} as const;

const qwen25Large = { ...qwen25, vocabularySize: 152_064, contextLength: 131_072 } as const;

const qwen3 = { ...qwen25, family: "qwen3", contextLength: 40_960, headSize: 128 } as const;

const mistral7b = {
  family: "mistral",
  layers: 32,
  heads: 32,
  keyValueHeads: 8,
  width: 4096,
  hiddenWidth: 14_336,
  contextLength: 32_768,
  rmsNormEpsilon: 1e-5,
} as const;

/** Models of the Llama family from 1M to 72B, whole: also their vocabulary, so that a published checkpoint fits. */
export const llamaPresets = {
  "llama-1m": { ...small, vocabularySize: 4096, contextLength: 256, layers: 4, heads: 4, width: 128, hiddenWidth: 352 },
  "llama-5m": { ...small, vocabularySize: 8192, contextLength: 512, layers: 5, heads: 8, width: 256, hiddenWidth: 688 },
  "stories-15m": { ...stories, contextLength: 256, layers: 6, heads: 6, width: 288, hiddenWidth: 768 },
  "stories-42m": { ...stories, contextLength: 1024, layers: 8, heads: 8, width: 512, hiddenWidth: 1376 },
  "stories-110m": { ...stories, contextLength: 1024, layers: 12, heads: 12, width: 768, hiddenWidth: 2048 },
  "smollm2-135m": {
    ...smolLm2,
    layers: 30,
    heads: 9,
    keyValueHeads: 3,
    width: 576,
    hiddenWidth: 1536,
    tiedEmbeddings: true,
  },
  "smollm2-360m": {
    ...smolLm2,
    layers: 32,
    heads: 15,
    keyValueHeads: 5,
    width: 960,
    hiddenWidth: 2560,
    tiedEmbeddings: true,
  },
  "smollm2-1.7b": {
    ...smolLm2,
    layers: 24,
    heads: 32,
    width: 2048,
    hiddenWidth: 8192,
    ropeTheta: 130_000,
    tiedEmbeddings: true,
  },
  "tinyllama-1.1b": {
    ...llama2,
    contextLength: 2048,
    layers: 22,
    heads: 32,
    keyValueHeads: 4,
    width: 2048,
    hiddenWidth: 5632,
  },
  "llama-2-7b": { ...llama2, layers: 32, heads: 32, width: 4096, hiddenWidth: 11_008 },
  "llama-2-13b": { ...llama2, layers: 40, heads: 40, width: 5120, hiddenWidth: 13_824 },
  "llama-2-70b": { ...llama2, layers: 80, heads: 64, keyValueHeads: 8, width: 8192, hiddenWidth: 28_672 },
  "llama-3.2-1b": { ...llama32, layers: 16, heads: 32, keyValueHeads: 8, width: 2048, hiddenWidth: 8192 },
  "llama-3.2-3b": { ...llama32, layers: 28, heads: 24, keyValueHeads: 8, width: 3072, hiddenWidth: 8192 },
  "llama-3.1-8b": { ...llama3, layers: 32, heads: 32, keyValueHeads: 8, width: 4096, hiddenWidth: 14_336 },
  "llama-3.1-70b": { ...llama3, layers: 80, heads: 64, keyValueHeads: 8, width: 8192, hiddenWidth: 28_672 },
  "qwen2.5-0.5b": {
    ...qwen25,
    layers: 24,
    heads: 14,
    keyValueHeads: 2,
    width: 896,
    hiddenWidth: 4864,
    tiedEmbeddings: true,
  },
  "qwen2.5-1.5b": {
    ...qwen25,
    layers: 28,
    heads: 12,
    keyValueHeads: 2,
    width: 1536,
    hiddenWidth: 8960,
    contextLength: 131_072,
    tiedEmbeddings: true,
  },
  "qwen2.5-3b": {
    ...qwen25,
    layers: 36,
    heads: 16,
    keyValueHeads: 2,
    width: 2048,
    hiddenWidth: 11_008,
    tiedEmbeddings: true,
  },
  "qwen2.5-7b": { ...qwen25Large, layers: 28, heads: 28, keyValueHeads: 4, width: 3584, hiddenWidth: 18_944 },
  "qwen2.5-14b": { ...qwen25Large, layers: 48, heads: 40, keyValueHeads: 8, width: 5120, hiddenWidth: 13_824 },
  "qwen2.5-32b": { ...qwen25Large, layers: 64, heads: 40, keyValueHeads: 8, width: 5120, hiddenWidth: 27_648 },
  "qwen2.5-72b": { ...qwen25Large, layers: 80, heads: 64, keyValueHeads: 8, width: 8192, hiddenWidth: 29_568 },
  "qwen3-0.6b": {
    ...qwen3,
    layers: 28,
    heads: 16,
    keyValueHeads: 8,
    width: 1024,
    hiddenWidth: 3072,
    tiedEmbeddings: true,
  },
  "qwen3-1.7b": {
    ...qwen3,
    layers: 28,
    heads: 16,
    keyValueHeads: 8,
    width: 2048,
    hiddenWidth: 6144,
    tiedEmbeddings: true,
  },
  "qwen3-4b": {
    ...qwen3,
    layers: 36,
    heads: 32,
    keyValueHeads: 8,
    width: 2560,
    hiddenWidth: 9728,
    tiedEmbeddings: true,
  },
  "qwen3-8b": { ...qwen3, layers: 36, heads: 32, keyValueHeads: 8, width: 4096, hiddenWidth: 12_288 },
  "qwen3-14b": { ...qwen3, layers: 40, heads: 40, keyValueHeads: 8, width: 5120, hiddenWidth: 17_408 },
  "qwen3-32b": { ...qwen3, layers: 64, heads: 64, keyValueHeads: 8, width: 5120, hiddenWidth: 25_600 },
  "mistral-7b-v0.1": { ...mistral7b, vocabularySize: 32_000, slidingWindow: 4096 },
  "mistral-7b-v0.3": { ...mistral7b, vocabularySize: 32_768, ropeTheta: 1_000_000 },
} as const satisfies Record<string, LlamaOptions>;

export type LlamaPreset = keyof typeof llamaPresets;
