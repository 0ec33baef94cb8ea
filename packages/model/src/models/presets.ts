// Named sizes of models. Those called gpt2… are the published ones; the others are scaled-down relatives for small corpora.
import type { BertOptions } from "./bertConfig.ts";
import type { GptOptions } from "./gpt.ts";
import type { LlamaOptions } from "./llamaConfig.ts";

type Preset = Pick<GptOptions, "layers" | "heads" | "width" | "contextLength">;

/** Layers, heads, width and context of known GPT sizes; the vocabulary comes from the tokenizer. */
export const gptPresets = {
  /** About 1M parameters without embeddings: minutes on a laptop. */
  "gpt-1m": { layers: 4, heads: 4, width: 144, contextLength: 128 },
  "gpt-3m": { layers: 4, heads: 4, width: 192, contextLength: 128 },
  "gpt-10m": { layers: 6, heads: 6, width: 384, contextLength: 256 },
  gpt2: { layers: 12, heads: 12, width: 768, contextLength: 1024 },
  "gpt2-medium": { layers: 24, heads: 16, width: 1024, contextLength: 1024 },
  "gpt2-large": { layers: 36, heads: 20, width: 1280, contextLength: 1024 },
  "gpt2-xl": { layers: 48, heads: 25, width: 1600, contextLength: 1024 },
} as const satisfies Record<string, Preset>;

export type GptPreset = keyof typeof gptPresets;

const smolLm2 = { vocabularySize: 49_152, rmsNormEpsilon: 1e-5, ropeTheta: 100_000, contextLength: 8192 } as const;

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

/** Published models of the Llama family, whole: also their vocabulary, so that a checkpoint fits. */
export const llamaPresets = {
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
  "qwen2.5-7b": {
    ...qwen25,
    vocabularySize: 152_064,
    layers: 28,
    heads: 28,
    keyValueHeads: 4,
    width: 3584,
    hiddenWidth: 18_944,
    contextLength: 131_072,
  },
  "qwen3-0.6b": {
    ...qwen3,
    layers: 28,
    heads: 16,
    keyValueHeads: 8,
    width: 1024,
    hiddenWidth: 3072,
    tiedEmbeddings: true,
  },
  "qwen3-8b": { ...qwen3, layers: 36, heads: 32, keyValueHeads: 8, width: 4096, hiddenWidth: 12_288 },
  "mistral-7b-v0.1": { ...mistral7b, vocabularySize: 32_000, slidingWindow: 4096 },
  "mistral-7b-v0.3": { ...mistral7b, vocabularySize: 32_768, ropeTheta: 1_000_000 },
} as const satisfies Record<string, LlamaOptions>;

export type LlamaPreset = keyof typeof llamaPresets;

const bert = { vocabularySize: 30_522, contextLength: 512 } as const;

/** Published BERT encoders with the vocabulary of bert-base-uncased. */
export const bertPresets = {
  "bert-tiny": { ...bert, layers: 2, heads: 2, width: 128 },
  "bert-small": { ...bert, layers: 4, heads: 8, width: 512 },
  /** The encoder of all-MiniLM-L6-v2. */
  "minilm-l6": { ...bert, layers: 6, heads: 12, width: 384 },
  "bert-base": { ...bert, layers: 12, heads: 12, width: 768 },
  "bert-large": { ...bert, layers: 24, heads: 16, width: 1024 },
} as const satisfies Record<string, BertOptions>;

export type BertPreset = keyof typeof bertPresets;
