// What training, evaluation and serving need from a language model, whatever its architecture.
import type { RandomKey, Tensor } from "@llm/tensor";
import type { KeyValueCache } from "./keyValueCache.ts";
import type { Embedding } from "./layers/embedding.ts";
import type { LayerNorm } from "./layers/layerNorm.ts";
import type { RmsNorm } from "./layers/rmsNorm.ts";

/** What a forward takes beside the ids. */
export interface ForwardOptions {
  /** Given in training: dropout draws from it. Without it nothing is dropped. */
  key?: RandomKey | undefined;
  /** In training: keep only what goes in and out of each block for the backward and compute the rest again. Default false. */
  recompute?: boolean;
  /**
   * Only for decoders: int32 [batch, sequence], where each token is in its text, from 0. Several texts may share a sequence: one that
   * begins with 0 sees nothing of those before it. Default: one text a sequence, 0 to sequence - 1.
   */
  positionIds?: Tensor | undefined;
  /**
   * Only for decoders: queries that attention works on at a time, see `attention` of @llm/tensor. Default: chosen by the length, in blocks
   * where that is faster or needs much less memory; `Infinity` for all at once.
   */
  attentionBlockSize?: number | undefined;
}

/** A model that a Hugging Face folder holds. Its fields hold its parameters; their paths are the names in the checkpoint. */
export interface PretrainedModel {
  /** The configuration as transformers' config.json. */
  toConfigJson(): Record<string, unknown>;
  /** The norm whose result the layer of the logits reads, where there is one: "mup" scales it. No field, so that names stay. */
  readonly outputNorm?: LayerNorm | RmsNorm;
  /** The embedding that is the output layer as well, where there is one; no field, either. */
  readonly tiedEmbedding?: Embedding | undefined;
}

export interface CachedForwardOptions {
  /** Only for the decoder of an encoder-decoder, which needs it: what it attends to beside its own positions. */
  memory?: EncoderMemory;
  /** int32 [batch]: how many of each sequence's first positions, over all steps, are padding that nothing sees. Default none. */
  padding?: Tensor;
}

/**
 * A decoder that goes on from a cache, alone or behind an encoder: what one generation loop steps. The two kinds differ only before
 * the loop. A causal model begins with the prompt's ids and no memory; an encoder-decoder runs `encode` and `memoryOf` on the prompt
 * once, begins with `[config.decoderStartId]`, and is given the same memory at each step. The memory is no part of the cache because
 * it does not change: a donated cache that holds it would be copied out at each step.
 */
export interface CachedDecoder extends PretrainedModel {
  readonly config: CausalLanguageModelConfig;
  /**
   * New positions after those in the cache: int32 ids [batch, sequence], of which the cache holds `cache.length` before.
   * Returns the logits of the last position [batch, vocabularySize] and the cache with the new positions written in.
   */
  forwardCached(
    inputIds: Tensor,
    cache: KeyValueCache,
    options?: CachedForwardOptions,
  ): { logits: Tensor; cache: KeyValueCache };
}

/** A decoder that predicts the next token. */
export interface CausalLanguageModel extends CachedDecoder {
  /** int32 ids [batch, sequence] → logits [batch, sequence, vocabularySize]. */
  forward(inputIds: Tensor, options?: ForwardOptions): Tensor;
}

/** Keys and values that an encoder's states give to each layer of the decoder: [batch, heads, source, head size] each. */
export interface EncoderMemory {
  readonly key: readonly Tensor[];
  readonly value: readonly Tensor[];
  /** int32 [batch, source]: 1 for a token, 0 for padding. */
  readonly attentionMask: Tensor;
}

/** What an encoder takes beside the ids. */
export interface EncodeOptions extends Omit<ForwardOptions, "positionIds" | "attentionBlockSize"> {
  /** int32 [batch, source]: 1 for a token, 0 for padding. Default all 1. */
  attentionMask?: Tensor | undefined;
}

export interface EncoderDecoderForwardOptions extends EncodeOptions {
  /** int32 [batch, target]: what the decoder reads; in training `shiftRight(labels)`. */
  decoderInputIds: Tensor;
}

/** An encoder that reads a whole sequence, and a decoder that writes another from it. */
export interface EncoderDecoderModel extends CachedDecoder {
  readonly config: EncoderDecoderConfig;
  /** int32 ids [batch, source] → logits [batch, target, vocabularySize]. */
  forward(inputIds: Tensor, options: EncoderDecoderForwardOptions): Tensor;
  /** int32 ids [batch, source] → the encoder's states [batch, source, width]. */
  encode(inputIds: Tensor, options?: EncodeOptions): Tensor;
  /** What `forwardCached` needs of the encoder's states; `attentionMask` as given to `encode`. */
  memoryOf(states: Tensor, attentionMask?: Tensor): EncoderMemory;
  /** int32 labels [batch, target] → what the decoder reads to predict them: the start token, then all labels but the last. */
  shiftRight(labels: Tensor): Tensor;
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

/** `layers`, `heads` and the like are those of the decoder. */
export interface EncoderDecoderConfig extends CausalLanguageModelConfig {
  readonly encoderLayers: number;
  /** The token that a decoder begins with. */
  readonly decoderStartId: number;
  /** The token that ends a sequence. */
  readonly endOfTextId?: number | undefined;
}
