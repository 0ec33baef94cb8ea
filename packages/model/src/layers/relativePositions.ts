// Relative positions in buckets (Raffel et al. 2020, "T5"): each short distance has a bucket of its own, longer ones share buckets that
// grow with the logarithm of the distance, and all beyond a limit share the last.
import { abs, constant, gather, greater, maximum, minimum, type Tensor } from "@llm/tensor";

export interface BucketOptions {
  /** Number of buckets for both directions together. */
  readonly buckets: number;
  /** Distances from here on share one bucket. */
  readonly maximumDistance: number;
  /** Keys after the query have half of the buckets to themselves; otherwise they count as distance 0. */
  readonly bidirectional: boolean;
}

/** The bucket of each distance 0 … `maximumDistance` in one direction, rounded as in transformers: in float32. */
export function bucketsByDistance({ buckets, maximumDistance, bidirectional }: BucketOptions): number[] {
  const count = bidirectional ? Math.floor(buckets / 2) : buckets;
  const exact = Math.floor(count / 2);
  const logarithmOfRange = Math.fround(Math.log(maximumDistance / exact));
  return Array.from({ length: maximumDistance + 1 }, (_, distance) => {
    if (distance < exact) return distance;
    const logarithm = Math.fround(Math.log(Math.fround(distance / exact)));
    const share = Math.fround(Math.fround(logarithm / logarithmOfRange) * (count - exact));
    return Math.min(exact + Math.trunc(share), count - 1);
  });
}

/** Buckets int32 [T, S] of what lies between `queries` (positions, int32 [T]) and `keys` (int32 [S]). */
export function positionBuckets(queries: Tensor, keys: Tensor, options: BucketOptions): Tensor {
  const [rows, columns] = [queries.shape[0]!, keys.shape[0]!];
  const relative = keys.reshape([1, columns]).sub(queries.reshape([rows, 1]));
  const distance = options.bidirectional ? abs(relative) : maximum(relative.neg(), 0);
  const table = constant(bucketsByDistance(options), "int32", [options.maximumDistance + 1]);
  const bucket = gather(table, minimum(distance, options.maximumDistance));
  if (!options.bidirectional) return bucket;
  return bucket.add(
    greater(relative, 0)
      .cast("int32")
      .mul(Math.floor(options.buckets / 2)),
  );
}
