// Dropout (Srivastava et al. 2014).
import { TensorError } from "../errors.ts";
import type { Tensor } from "../graph.ts";
import { constant } from "../ops/create.ts";
import { less, mul, where } from "../ops/elementwise.ts";
import { type RandomKey, randomBits } from "../random.ts";

/**
 * Sets a share `rate` of the elements to zero and scales the others by 1/(1 - rate). Without a key (evaluation) or at rate 0, x itself.
 * Throws unless 0 <= rate < 1.
 */
export function dropout(x: Tensor, rate: number, key: RandomKey | undefined): Tensor {
  if (!(rate >= 0 && rate < 1)) throw new TensorError(`dropout: the rate must be at least 0 and below 1, got ${rate}`);
  if (rate === 0 || !key) return x;
  const limit = Math.min(Math.round((1 - rate) * 2 ** 32), 2 ** 32 - 1);
  const kept = less(randomBits(key, x.shape), constant(limit, "uint32"));
  return where(kept, mul(x, 1 / (1 - rate)), 0);
}
