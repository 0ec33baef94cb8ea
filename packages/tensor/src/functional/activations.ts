// Activation functions that need no rules of their own.
import type { Tensor } from "../graph.ts";
import { maximum, mul, sigmoid } from "../ops/elementwise.ts";

/** max(x, 0), with gradient 0 at 0. */
export function relu(x: Tensor): Tensor {
  return maximum(0, x);
}

/** x sigmoid(x), also called swish. */
export function silu(x: Tensor): Tensor {
  return mul(x, sigmoid(x));
}
