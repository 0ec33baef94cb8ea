// Scaled dot-product attention (Vaswani et al. 2017): with masks, with dropout, in blocks, and over a cache.
import type { Dimension } from "../dimension.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import { attendInBlocks } from "../fused/attendInBlocks.ts";
import { attendWithBias } from "../fused/attendWithBias.ts";
import { softmax } from "../fused/softmax.ts";
import { describeShape, describeType, type Tensor } from "../graph.ts";
import { add, mul } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { concat, split } from "../ops/movement.ts";
import type { RandomKey } from "../random.ts";
import { maskBias, positions, seenBefore } from "./attentionMask.ts";
import { dropout } from "./dropout.ts";

/** Causal attention is faster in blocks, which skip what no query sees, from so many queries and weights on: docs/long-context.md. */
const causalBlocksFrom = { queries: 256, weights: 2 ** 20 };
/** Up to so many keys the weights are kept for the backward; beyond, they would take most of the memory. */
const keptKeys = 1024;

/** What a query of `attention` may see, and how scores are scaled. */
export interface AttentionOptions {
  /** Query t sees keys up to t (the last query sees all keys). Default false. */
  causal?: boolean;
  /** With `causal`, how many keys a query sees at most, the one at its own place counted (sliding window). Default all. */
  window?: number | undefined;
  /** bool, broadcastable to [..., queries, keys]: true where a query may look. */
  mask?: Tensor | undefined;
  /**
   * Added to the scores, of their dtype and broadcastable to [..., queries, keys]: learned relative positions (T5, Raffel et al. 2020), slopes
   * by distance (ALiBi, Press et al. 2022). It gets a gradient. Default none.
   */
  bias?: Tensor | undefined;
  /** Multiplies the scores. Default 1 / sqrt(head size). */
  scale?: number;
  /** Share of attention weights set to zero. Default 0. */
  dropoutRate?: number;
  /** Needed where `dropoutRate` is above 0. */
  key?: RandomKey | undefined;
  /**
   * Queries worked on at a time, so that memory grows with the length and not with its square; the result is the same but for rounding,
   * and dropout draws other numbers. As many as there are, or `Infinity`, for all at once, which is also how named sizes run. Default:
   * blocks beyond 1024 keys, and in shorter causal attention where they are faster; all at once with a `bias`.
   */
  blockSize?: number | undefined;
}

/**
 * softmax(query keyᵀ · scale + bias + mask) value, for query [..., T, D], key [..., S, D], value [..., S, E] → [..., T, E].
 * Throws a `ShapeError` for shapes or a window that do not fit, or blocks with a bias, a `DTypeError` for a mask that is not bool.
 *
 * @example
 * const seen = attention(query, key, value, { causal: true, dropoutRate: 0.1, key: RandomKey.from(seed, step).derive("attention") });
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor {
  const { causal = false, window, mask, dropoutRate = 0, key: random } = options;
  checkOptions(options);
  const scale = scaleOf(query, options.scale);
  const blockSize = blockSizeOf(query, key, options);
  if (blockSize !== undefined) {
    const recompute = (key.shape.at(-2) as number) > keptKeys;
    const sizes = { blockSize, causal, window, scale, recompute };
    return attendInBlocks(query, key, value, { ...sizes, mask, dropoutRate, key: random });
  }
  // Scaling the query touches fewer elements than scaling the scores.
  const scaled = mul(query, scale);
  const bias = biasOf(query, key, options);
  if (dropoutRate === 0 || !random) return attendWithBias(scaled, key, value, bias);
  const weights = softmax(addBias(matmul(scaled, key, { transposeB: true }), bias));
  return matmul(dropout(weights, dropoutRate, random), value);
}

function checkOptions({ causal, window, mask, bias, blockSize }: AttentionOptions): void {
  if (mask && mask.dtype !== "bool")
    throw new DTypeError(`attention: the mask must be bool, got ${describeType(mask)}`);
  if (window !== undefined && !(causal && Number.isInteger(window) && window > 0)) {
    const reason = causal ? `must be a whole number above 0, got ${window}` : "needs causal attention";
    throw new ShapeError(`attention: the window ${reason}`);
  }
  if (
    blockSize !== undefined &&
    !(blockSize === Number.POSITIVE_INFINITY || (Number.isInteger(blockSize) && blockSize > 0))
  ) {
    throw new ShapeError(`attention: blockSize must be a whole number above 0, or Infinity, got ${blockSize}`);
  }
  if (bias && blockSize !== undefined && blockSize !== Number.POSITIVE_INFINITY) {
    throw new ShapeError(
      `attention: blocks of ${blockSize} queries cannot have a bias (leave out one of blockSize and bias)`,
    );
  }
}

/** How many queries go together; undefined where all do. */
function blockSizeOf(
  query: Tensor,
  key: Tensor,
  { causal = false, bias, blockSize }: AttentionOptions,
): number | undefined {
  const [queries, keys] = [query.shape.at(-2)!, key.shape.at(-2)!];
  if (bias || typeof queries !== "number" || typeof keys !== "number" || (causal && keys < queries)) return undefined;
  const matrices = query.shape.slice(0, -2).reduce<number>((n, size) => n * (typeof size === "number" ? size : 1), 1);
  const paysOff = queries >= causalBlocksFrom.queries && matrices * queries * keys >= causalBlocksFrom.weights;
  const usual = keys > keptKeys || (causal && paysOff) ? (queries < 512 ? 128 : 256) : queries;
  const size = blockSize ?? usual;
  return size < queries ? size : undefined;
}

/**
 * Attention of new positions over a cache and over themselves. The cache is only read, in two products, so that no copy of it is made.
 *
 * query, newKey, newValue [batch, heads, T, D]; cachedKey, cachedValue [batch, heads, capacity, D], of which `mask` (bool,
 * broadcastable to [batch, heads, T, capacity]) says what is filled. Among the new positions attention is causal, or as
 * `fresh.mask` (bool, broadcastable to [batch, heads, T, T]) says. A `bias` of either, of the scores' dtype and broadcastable as its
 * mask, is added to the scores.
 */
export function attentionWithCache(
  query: Tensor,
  cache: { key: Tensor; value: Tensor; mask: Tensor; bias?: Tensor | undefined },
  fresh: { key: Tensor; value: Tensor; mask?: Tensor | undefined; bias?: Tensor | undefined },
  options: { scale?: number } = {},
): Tensor {
  const old = attentionScores(query, cache.key, options.scale);
  const recent = attentionScores(query, fresh.key, options.scale);
  const capacity = cache.key.shape.at(-2)!;
  const ofOld = biasOf(query, cache.key, cache);
  const ofRecent = biasOf(query, fresh.key, { ...fresh, causal: !fresh.mask });
  const scores = concat([addBias(old, ofOld), addBias(recent, ofRecent)], -1);
  const [ofCache, ofFresh] = split(softmax(scores), [capacity, recent.shape.at(-1)!]);
  return add(matmul(ofCache!, cache.value), matmul(ofFresh!, fresh.value));
}

function attentionScores(query: Tensor, key: Tensor, scale?: number): Tensor {
  return matmul(mul(query, scaleOf(query, scale)), key, { transposeB: true });
}

function scaleOf(query: Tensor, scale?: number): number {
  const size = query.shape.at(-1);
  if (typeof size !== "number")
    throw new ShapeError(`attention: the head size must be known, got ${describeShape(query.shape)}`);
  return scale ?? 1 / Math.sqrt(size);
}

/** Everything that is added to the scores. */
function biasOf(
  query: Tensor,
  key: Tensor,
  { causal, window, mask, bias }: Pick<AttentionOptions, "causal" | "window" | "mask" | "bias">,
): Tensor | undefined {
  const ofPlaces = causal ? causalBias(query, key, window) : undefined;
  const ofMask = mask && maskBias(mask, query.dtype);
  const parts = [ofPlaces, ofMask, bias].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.reduce(add) : undefined;
}

function addBias(scores: Tensor, bias: Tensor | undefined): Tensor {
  return bias ? add(scores, bias) : scores;
}

/** For query t at the place of key t + (keys - queries): [queries, keys]. */
function causalBias(query: Tensor, key: Tensor, window?: number): Tensor {
  const [queries, keys] = [query.shape.at(-2)!, key.shape.at(-2)!];
  const start = queries === keys ? 0 : causalOffset(queries, keys);
  return maskBias(seenBefore(positions(start, queries), positions(0, keys), window), query.dtype);
}

function causalOffset(queries: Dimension, keys: Dimension): number {
  if (typeof queries !== "number" || typeof keys !== "number") {
    throw new ShapeError(
      `attention: causal attention of ${queries} queries over ${keys} keys needs known sizes (pass a mask)`,
    );
  }
  return keys - queries;
}
