// What training, evaluation and serving need from a language model, whatever its architecture.
import type { RandomKey, Tensor } from "@llm/tensor";
import type { KeyValueCache } from "./keyValueCache.ts";

export interface ForwardOptions {
  /** Given in training: dropout draws from it. Without it nothing is dropped. */
  key?: RandomKey;
  /** In training: keep only what goes in and out of each block for the backward and compute the rest again. Default false. */
  recompute?: boolean;
}

/** A model that a Hugging Face folder holds. Its fields hold its parameters; their paths are the names in the checkpoint. */
export interface PretrainedModel {
  /** The configuration as transformers' config.json. */
  toConfigJson(): Record<string, unknown>;
}

/** A decoder that predicts the next token. */
export interface CausalLanguageModel extends PretrainedModel {
  readonly config: CausalLanguageModelConfig;
  /** int32 ids [batch, sequence] → logits [batch, sequence, vocabularySize]. */
  forward(inputIds: Tensor, options?: ForwardOptions): Tensor;
  /**
   * New positions after those in the cache: int32 ids [batch, sequence], of which the cache holds `cache.length` before.
   * Returns the logits of the last position [batch, vocabularySize] and the cache with the new positions written in.
   */
  forwardCached(inputIds: Tensor, cache: KeyValueCache): { logits: Tensor; cache: KeyValueCache };
}

export interface CausalLanguageModelConfig {
  readonly vocabularySize: number;
  /** Longest sequence in tokens. */
  readonly contextLength: number;
  readonly layers: number;
  readonly heads: number;
  /** Size of the residual stream. */
  readonly width: number;
  /** Heads that keys and values have, several query heads sharing one. Default `heads`. */
  readonly keyValueHeads?: number;
  /** Size of one head. Default width / heads. */
  readonly headSize?: number;
}
