// What new positions of a decoder see of its cache and of each other, where sequences may be padded on the left.
import { greater, greaterOrEqual, iota, less, lessOrEqual, logicalAnd, maximum, type Tensor } from "@llm/tensor";
import type { KeyValueCache } from "./keyValueCache.ts";

// B batch · T new positions · S capacity of the cache

export interface NewPositions {
  /** How many there are: T. */
  readonly count: Tensor["shape"][number];
  /** int32 [B]: how many of each sequence's first positions are padding. Default none. */
  readonly padding?: Tensor | undefined;
  /** A position sees this many, itself included. Default all before it. */
  readonly window?: number | undefined;
}

export interface CacheMask {
  /** bool [1 or B, 1 or T, S] */
  readonly past: Tensor;
  /** bool [1 or B, T, T]; undefined where each sees all before it. */
  readonly fresh: Tensor | undefined;
}

/** Where each new position is in its own sequence: int32 [T], or [B, T] with padding. Padding counts as position 0. */
export function newPositions(cache: KeyValueCache, { count, padding }: NewPositions): Tensor {
  const places = iota(count).add(cache.length);
  return padding ? maximum(places.sub(column(padding)), 0) : places;
}

/** How many positions the cache holds with `count` new ones: int32 scalar. */
export function lengthWith(cache: KeyValueCache, count: NewPositions["count"]): Tensor {
  return cache.length.add(iota(count).slice(0, -1).reshape([])).add(1);
}

/** What is the same for all heads: [B, ...] → [B, 1, ...]. */
export function forHeads(x: Tensor): Tensor {
  const [batch, ...rest] = x.shape;
  return x.reshape([batch!, 1, ...rest]);
}

/** What new positions see. */
export function cacheMask(cache: KeyValueCache, { count, padding, window }: NewPositions): CacheMask {
  const places = iota(cache.key[0]!.shape[2]!); // [S]
  const filled = less(places, cache.length).reshape([1, 1, places.shape[0]!]);
  if (!padding && window === undefined) return { past: filled, fresh: undefined };
  const fresh = iota(count).add(cache.length); // [T]
  const notPadding = (places: Tensor) =>
    padding && greaterOrEqual(places, column(padding)).reshape([padding.shape[0]!, 1, places.shape[0]!]);
  const inWindow = window === undefined ? undefined : batched(visible(fresh, places, window));
  return {
    past: all(filled, notPadding(places), inWindow),
    fresh: all(batched(visible(fresh, fresh, window)), notPadding(fresh)),
  };
}

/** Which of `keys` (positions, int32 [S]) each of `queries` (int32 [T]) sees: bool [T, S]. */
function visible(queries: Tensor, keys: Tensor, window?: number): Tensor {
  const rows = column(queries);
  const columns = keys.reshape([1, keys.shape[0]!]);
  const before = lessOrEqual(columns, rows);
  return window === undefined ? before : logicalAnd(before, greater(columns, rows.sub(window)));
}

/** [N] → [N, 1] */
function column(x: Tensor): Tensor {
  return x.reshape([x.shape[0]!, 1]);
}

/** [T, S] → [1, T, S] */
function batched(x: Tensor): Tensor {
  return x.reshape([1, ...x.shape]);
}

function all(first: Tensor, ...others: (Tensor | undefined)[]): Tensor {
  return others.reduce<Tensor>((mask, other) => (other ? logicalAnd(mask, other) : mask), first);
}
