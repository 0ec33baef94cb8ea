// Activation functions that need no rules of their own.
import type { Tensor } from "../graph.ts";
import { add, exp, greater, log, maximum, mul, neg, sigmoid, where } from "../ops/elementwise.ts";

/** max(x, 0), with gradient 0 at 0. */
export function relu(x: Tensor): Tensor {
  return maximum(0, x);
}

/** x sigmoid(x), also called swish. */
export function silu(x: Tensor): Tensor {
  return mul(x, sigmoid(x));
}

/** log(1 + exp(x)), without overflow. */
export function softplus(x: Tensor): Tensor {
  const positive = greater(x, 0);
  // Chosen, not abs() and maximum(): their gradients at 0 would not add up to a half.
  const away = where(positive, neg(x), x);
  return add(where(positive, x, 0), log(add(exp(away), 1)));
}

/** log(sigmoid(x)), without overflow: what losses on the difference of two scores are made of. */
export function logSigmoid(x: Tensor): Tensor {
  return neg(softplus(neg(x)));
}
