// Named sizes of models. Those called gpt2… are the published ones; the others are scaled-down relatives for small corpora.
import type { GptOptions } from "./gpt.ts";

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
