// Attention whose scores get a learned bias before the softmax, as T5 adds one for relative positions (Raffel et al. 2020). The scores
// are not scaled: the query's initialisation takes care of that.
//
// B batch · H heads · T queries · S keys · D head size
import { attention, concat, type RandomKey, softmax, type Tensor, where } from "@llm/tensor";

/** Takes the place of a masked position's bias: large enough to vanish, finite so that a row of padding alone is not NaN. */
const masked = -3e38;

/** The bias where `mask` (bool, broadcastable) is true, and a large negative number elsewhere. */
export function maskedBias(bias: Tensor | number, mask: Tensor): Tensor {
  return where(mask, bias, masked);
}

/** softmax(query keyᵀ + bias) value: query [B, H, T, D], key and value [B, H, S, D], bias broadcastable to [B, H, T, S] → [B, H, T, D]. */
export function biasedAttention(
  query: Tensor,
  { key, value, bias }: { key: Tensor; value: Tensor; bias: Tensor | undefined },
  { dropoutRate = 0, key: random }: { dropoutRate?: number; key?: RandomKey | undefined } = {},
): Tensor {
  return attention(query, key, value, { scale: 1, bias, dropoutRate, key: random });
}

/** Keys and values [B, H, S, D] with the bias of the scores that they give. */
export interface BiasedKeys {
  readonly key: Tensor;
  readonly value: Tensor;
  readonly bias: Tensor;
}

/** The same over what a cache holds and over new positions, in two products, so that no copy of the cache is made. */
export function biasedAttentionWithCache(query: Tensor, past: BiasedKeys, fresh: BiasedKeys): Tensor {
  const [ofPast, ofFresh] = [past, fresh].map(({ key, bias }) => query.matmul(key, { transposeB: true }).add(bias));
  const weights = softmax(concat([ofPast!, ofFresh!], -1));
  const [toPast, toFresh] = weights.split([past.key.shape[2]!, fresh.key.shape[2]!]);
  return toPast!.matmul(past.value).add(toFresh!.matmul(fresh.value));
}
