// Keys and values of the positions a decoder has seen, kept with the executor between steps.
import {
  type CompiledFunction,
  compile,
  type Dimension,
  type Executor,
  hostArray,
  type Tensor,
  tensor,
} from "@llm/tensor";
import type { CausalLanguageModelConfig } from "./model.ts";

/** One entry per layer in `key` and `value`: [batch, key/value heads, capacity, head size], of which the first `length` positions are filled. */
export interface KeyValueCache {
  readonly key: readonly Tensor[];
  readonly value: readonly Tensor[];
  /** int32 scalar. */
  readonly length: Tensor;
}

/** Shape of one layer's keys, and of its values. */
export function cacheShape<B extends Dimension, C extends Dimension>(
  { heads, width, keyValueHeads = heads, headSize = width / heads }: CausalLanguageModelConfig,
  batch: B,
  capacity: C,
): [B, number, C, number] {
  return [batch, keyValueHeads, capacity, headSize];
}

/** An empty cache with room for `capacity` positions. */
export function emptyCache(config: CausalLanguageModelConfig, batch: number, capacity: number): KeyValueCache {
  const shape = cacheShape(config, batch, capacity);
  const zeros = () =>
    tensor(
      hostArray(
        "float32",
        shape.reduce((a, b) => a * b, 1),
      ),
      { shape },
    );
  const layers = Array.from({ length: config.layers });
  return { key: layers.map(zeros), value: layers.map(zeros), length: tensor(0, { dtype: "int32" }) };
}

/** Makes caches longer without reading them back. */
export function cacheGrower(
  executor: Executor | undefined,
): CompiledFunction<[cache: KeyValueCache, by: number], KeyValueCache> {
  return compile(
    (cache, by) => ({
      key: cache.key.map((key) => key.pad(2, 0, by)),
      value: cache.value.map((value) => value.pad(2, 0, by)),
      length: cache.length,
    }),
    { donate: [0], ...(executor ? { executor } : {}) },
  );
}

export function disposeCache(cache: KeyValueCache): void {
  for (const tensor of [...cache.key, ...cache.value, cache.length]) tensor.dispose();
}
