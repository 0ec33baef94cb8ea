// Named sizes of GPT, BERT and T5; those of the Llama family are in llamaPresets.ts. Names of published models mean those; the others
// (gpt-…, bert-1m, t5-1m, t5-5m) are relatives, smaller for small corpora or as large as other published models of the kind.
import type { BertOptions } from "./bertConfig.ts";
import type { GptOptions } from "./gpt.ts";
import type { T5Options } from "./t5Config.ts";

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
  /** From here on with the shapes of OPT (Zhang et al. 2022). */
  "gpt-2.7b": { layers: 32, heads: 32, width: 2560, contextLength: 2048 },
  "gpt-6.7b": { layers: 32, heads: 32, width: 4096, contextLength: 2048 },
  "gpt-13b": { layers: 40, heads: 40, width: 5120, contextLength: 2048 },
  "gpt-30b": { layers: 48, heads: 56, width: 7168, contextLength: 2048 },
  "gpt-66b": { layers: 64, heads: 72, width: 9216, contextLength: 2048 },
} as const satisfies Record<string, Preset>;

export type GptPreset = keyof typeof gptPresets;

const bert = { vocabularySize: 30_522, contextLength: 512 } as const;

/** BERT encoders; published ones have the vocabulary of bert-base-uncased. */
export const bertPresets = {
  "bert-1m": { vocabularySize: 4096, contextLength: 256, layers: 4, heads: 4, width: 128 },
  "bert-tiny": { ...bert, layers: 2, heads: 2, width: 128 },
  "bert-mini": { ...bert, layers: 4, heads: 4, width: 256 },
  "bert-small": { ...bert, layers: 4, heads: 8, width: 512 },
  "bert-medium": { ...bert, layers: 8, heads: 8, width: 512 },
  /** The encoder of all-MiniLM-L6-v2. */
  "minilm-l6": { ...bert, layers: 6, heads: 12, width: 384 },
  "bert-base": { ...bert, layers: 12, heads: 12, width: 768 },
  "bert-large": { ...bert, layers: 24, heads: 16, width: 1024 },
  /** With the shapes of Megatron-LM's (Shoeybi et al. 2019). */
  "bert-1.3b": { ...bert, layers: 24, heads: 32, width: 2048 },
  "bert-3.9b": { ...bert, layers: 48, heads: 40, width: 2560 },
} as const satisfies Record<string, BertOptions>;

export type BertPreset = keyof typeof bertPresets;

const t5 = { vocabularySize: 32_128 } as const;

const t511 = { ...t5, gated: true, activation: "gelu_new", tiedEmbeddings: false } as const;

/** T5 as first published, T5 1.1, and two small T5s of Tay et al. 2021 ("Scale Efficiently"), with the published vocabulary. */
export const t5Presets = {
  "t5-1m": { vocabularySize: 4096, layers: 3, heads: 4, headSize: 32, width: 128, hiddenWidth: 256 },
  "t5-5m": { vocabularySize: 8192, layers: 3, heads: 4, headSize: 64, width: 256, hiddenWidth: 512 },
  "t5-efficient-tiny": { ...t5, layers: 4, heads: 4, width: 256, hiddenWidth: 1024 },
  "t5-efficient-mini": { ...t5, layers: 4, heads: 8, width: 384, hiddenWidth: 1536 },
  "t5-small": { ...t5, layers: 6, heads: 8, width: 512, hiddenWidth: 2048 },
  "t5-base": { ...t5, layers: 12, heads: 12, width: 768, hiddenWidth: 3072 },
  "t5-large": { ...t5, layers: 24, heads: 16, width: 1024, hiddenWidth: 4096 },
  "t5-3b": { ...t5, layers: 24, heads: 32, headSize: 128, width: 1024, hiddenWidth: 16_384 },
  "t5-11b": { ...t5, layers: 24, heads: 128, headSize: 128, width: 1024, hiddenWidth: 65_536 },
  "t5-1.1-small": { ...t511, layers: 8, heads: 6, width: 512, hiddenWidth: 1024 },
  "t5-1.1-base": { ...t511, layers: 12, heads: 12, width: 768, hiddenWidth: 2048 },
  "t5-1.1-large": { ...t511, layers: 24, heads: 16, width: 1024, hiddenWidth: 2816 },
  "t5-1.1-xl": { ...t511, layers: 24, heads: 32, width: 2048, hiddenWidth: 5120 },
  "t5-1.1-xxl": { ...t511, layers: 24, heads: 64, width: 4096, hiddenWidth: 10_240 },
} as const satisfies Record<string, T5Options>;

export type T5Preset = keyof typeof t5Presets;
