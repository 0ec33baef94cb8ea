// Scaled dot-product attention (Vaswani et al. 2017): with masks, with dropout, and over a cache.
import type { Dimension } from "../dimension.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import { attendWithBias } from "../fused/attendWithBias.ts";
import { softmax } from "../fused/softmax.ts";
import { describeShape, describeType, type Tensor } from "../graph.ts";
import { asTensor, constant, iota } from "../ops/create.ts";
import { add, lessOrEqual, mul, where } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { concat, reshape, split } from "../ops/movement.ts";
import type { RandomKey } from "../random.ts";
import { dropout } from "./dropout.ts";

/** Added to the score of a masked position: large enough to vanish, finite so that a row without any position is not NaN. */
const masked = -3e38;

export interface AttentionOptions {
  /** Query t sees keys up to t (the last query sees all keys). Default false. */
  causal?: boolean;
  /** bool, broadcastable to [..., queries, keys]: true where a query may look. */
  mask?: Tensor;
  /** Multiplies the scores. Default 1 / sqrt(head size). */
  scale?: number;
  /** Share of attention weights set to zero. Default 0. */
  dropoutRate?: number;
  /** Needed where `dropoutRate` is above 0. */
  key?: RandomKey | undefined;
}

/**
 * softmax(query keyᵀ · scale + mask) value, for query [..., T, D], key [..., S, D], value [..., S, E] → [..., T, E].
 *
 * @example
 * const seen = attention(query, key, value, { causal: true, dropoutRate: 0.1, key: RandomKey.from(seed, step).derive("attention") });
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor {
  const bias = biasOf(query, key, options);
  const { dropoutRate = 0 } = options;
  if (dropoutRate === 0 || !options.key) return attendWithBias(scaledQuery(query, options.scale), key, value, bias);
  const weights = softmax(addBias(attentionScores(query, key, options.scale), bias));
  return matmul(dropout(weights, dropoutRate, options.key), value);
}

/**
 * Attention of new positions over a cache and over themselves. The cache is only read, in two products, so that no copy of it is made.
 *
 * query, newKey, newValue [batch, heads, T, D]; cachedKey, cachedValue [batch, heads, capacity, D], of which `mask` (bool,
 * broadcastable to [batch, heads, T, capacity]) says what is filled. Among the new positions attention is causal, or as
 * `fresh.mask` (bool, broadcastable to [batch, heads, T, T]) says.
 */
export function attentionWithCache(
  query: Tensor,
  cache: { key: Tensor; value: Tensor; mask: Tensor },
  fresh: { key: Tensor; value: Tensor; mask?: Tensor | undefined },
  options: { scale?: number } = {},
): Tensor {
  const old = attentionScores(query, cache.key, options.scale);
  const recent = attentionScores(query, fresh.key, options.scale);
  const capacity = cache.key.shape.at(-2)!;
  const ofRecent = fresh.mask ? maskBias(fresh.mask, query) : causalBias(query, fresh.key);
  const scores = concat([addBias(old, maskBias(cache.mask, query)), addBias(recent, ofRecent)], -1);
  const [ofCache, ofFresh] = split(softmax(scores), [capacity, recent.shape.at(-1)!]);
  return add(matmul(ofCache!, cache.value), matmul(ofFresh!, fresh.value));
}

function attentionScores(query: Tensor, key: Tensor, scale?: number): Tensor {
  return matmul(scaledQuery(query, scale), key, { transposeB: true });
}

/** Scaling the query touches fewer elements than scaling the scores. */
function scaledQuery(query: Tensor, scale?: number): Tensor {
  const size = query.shape.at(-1);
  if (typeof size !== "number")
    throw new ShapeError(`attention: the head size must be known, got ${describeShape(query.shape)}`);
  return mul(query, scale ?? 1 / Math.sqrt(size));
}

function biasOf(query: Tensor, key: Tensor, options: AttentionOptions): Tensor | undefined {
  const causal = options.causal ? causalBias(query, key) : undefined;
  const mask = options.mask && maskBias(options.mask, query);
  return causal && mask ? add(causal, mask) : (causal ?? mask);
}

function addBias(scores: Tensor, bias: Tensor | undefined): Tensor {
  return bias ? add(scores, bias) : scores;
}

function maskBias(mask: Tensor, like: Tensor): Tensor {
  if (mask.dtype !== "bool") throw new DTypeError(`attention: the mask must be bool, got ${describeType(mask)}`);
  return where(mask, asTensor(0, like.dtype), asTensor(masked, like.dtype));
}

/** 0 where key s <= query t + (keys - queries), a large negative number elsewhere: [queries, keys]. */
function causalBias(query: Tensor, key: Tensor): Tensor {
  const [queries, keys] = [query.shape.at(-2)!, key.shape.at(-2)!];
  const rows = reshape(iota(queries), [queries, 1]);
  const offset = queries === keys ? rows : add(rows, causalOffset(queries, keys));
  return where(
    lessOrEqual(reshape(iota(keys), [1, keys]), offset),
    asTensor(0, query.dtype),
    asTensor(masked, query.dtype),
  );
}

function causalOffset(queries: Dimension, keys: Dimension): Tensor {
  if (typeof queries !== "number" || typeof keys !== "number") {
    throw new ShapeError(
      `attention: causal attention of ${queries} queries over ${keys} keys needs known sizes (pass a mask)`,
    );
  }
  return constant(keys - queries, "int32");
}
