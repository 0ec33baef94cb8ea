// The configurations of the training benchmark and how many floating-point operations a step of each takes.
import { Gpt } from "@llm/model";

export const trainConfigurations = {
  A: { layers: 4, heads: 4, width: 128, contextLength: 64, batchSize: 12, vocabularySize: 65 },
  B: { layers: 6, heads: 6, width: 384, contextLength: 256, batchSize: 16, vocabularySize: 65 },
  C: { layers: 12, heads: 12, width: 768, contextLength: 256, batchSize: 4, vocabularySize: 50304 },
} as const;

export type TrainConfigurationName = keyof typeof trainConfigurations;

export function buildModel(name: TrainConfigurationName): Gpt {
  const { batchSize: _, ...config } = trainConfigurations[name];
  return new Gpt(config, { seed: 1 });
}

/**
 * Operations of one step, forward and backward, counted as PaLM's appendix B does (Chowdhery et al. 2022): 6 per weight and token,
 * 12 · layers · width · context per token for attention. The position table is no multiplication and is left out.
 */
export function stepOperations(name: TrainConfigurationName): number {
  const { layers, width, contextLength, batchSize, vocabularySize } = trainConfigurations[name];
  const weights = layers * (12 * width * width + 13 * width) + vocabularySize * width + 2 * width;
  return batchSize * contextLength * (6 * weights + 12 * layers * width * contextLength);
}
