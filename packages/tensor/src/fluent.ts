// The methods of `Tensor`. They only call the op of the same name; installing them here keeps tensor and ops free of an import cycle.

import type { Dimension } from "./dimension.ts";
import { type DType, type HostData, toNumbers } from "./dtype.ts";
import { evaluate } from "./evaluate.ts";
import { logSigmoid, relu, silu, softplus } from "./functional/activations.ts";
import { type AttentionOptions, attention } from "./functional/attention.ts";
import { squeeze, unsqueeze } from "./functional/axes.ts";
import { dropout } from "./functional/dropout.ts";
import { all, any, notEqual } from "./functional/logic.ts";
import { type CrossEntropyOptions, crossEntropy } from "./functional/losses.ts";
import { argMin, argSort, clamp, min, type SortOptions, sort } from "./functional/order.ts";
import { logSumExp, mean, square, type VarianceOptions, variance } from "./functional/statistics.ts";
import { gelu } from "./fused/gelu.ts";
import { layerNorm, type NormOptions, rmsNorm } from "./fused/norms.ts";
import { logSoftmax, softmax } from "./fused/softmax.ts";
import { type Shape, Tensor } from "./graph.ts";
import { broadcastTo, type ReduceOptions, sum } from "./ops/broadcast.ts";
import type { Operand } from "./ops/create.ts";
import * as elementwise from "./ops/elementwise.ts";
import { gather, gatherElements } from "./ops/gather.ts";
import { type MatmulOptions, matmul } from "./ops/matmul.ts";
import { pad, reshape, slice, split, transpose } from "./ops/movement.ts";
import { argMax, cumulativeSum, type MaxOptions, max, topK } from "./ops/reduce.ts";
import type { RandomKey } from "./random.ts";

type Axes = number | readonly number[];

const methods = {
  /** This + other, element by element. Shapes broadcast, a number takes this tensor's dtype; integers wrap around. */
  add(this: Tensor, other: Operand): Tensor {
    return elementwise.add(this, other);
  },
  /** This - other, element by element; operands as in `add`. */
  sub(this: Tensor, other: Operand): Tensor {
    return elementwise.sub(this, other);
  },
  /** This · other, element by element; operands as in `add`. The product of matrices is `matmul`. */
  mul(this: Tensor, other: Operand): Tensor {
    return elementwise.mul(this, other);
  },
  /** This / other, element by element; of integers, truncated towards zero. */
  div(this: Tensor, other: Operand): Tensor {
    return elementwise.div(this, other);
  },
  /** This to the power of `exponent`, element by element, of floats. */
  pow(this: Tensor, exponent: Operand): Tensor {
    return elementwise.pow(this, exponent);
  },
  /** The larger of this and other, element by element. The largest element of a tensor is `max`. */
  maximum(this: Tensor, other: Operand): Tensor {
    return elementwise.maximum(this, other);
  },
  /** The smaller of this and other, element by element. */
  minimum(this: Tensor, other: Operand): Tensor {
    return elementwise.minimum(this, other);
  },
  /** bool: this = other, element by element. */
  equal(this: Tensor, other: Operand): Tensor {
    return elementwise.equal(this, other);
  },
  /** bool: this ≠ other, element by element. */
  notEqual(this: Tensor, other: Operand): Tensor {
    return notEqual(this, other);
  },
  /** bool: this < other, element by element. */
  less(this: Tensor, other: Operand): Tensor {
    return elementwise.less(this, other);
  },
  /** bool: this <= other, element by element. */
  lessOrEqual(this: Tensor, other: Operand): Tensor {
    return elementwise.lessOrEqual(this, other);
  },
  /** bool: this > other, element by element. */
  greater(this: Tensor, other: Operand): Tensor {
    return elementwise.greater(this, other);
  },
  /** bool: this >= other, element by element. */
  greaterOrEqual(this: Tensor, other: Operand): Tensor {
    return elementwise.greaterOrEqual(this, other);
  },
  /** -x. */
  neg(this: Tensor): Tensor {
    return elementwise.neg(this);
  },
  /** |x|, with gradient 0 at 0. */
  abs(this: Tensor): Tensor {
    return elementwise.abs(this);
  },
  /** -1, 0 or 1. */
  sign(this: Tensor): Tensor {
    return elementwise.sign(this);
  },
  /** The largest whole number that is not above x; no gradient flows. */
  floor(this: Tensor): Tensor {
    return elementwise.floor(this);
  },
  /** The smallest whole number that is not below x; no gradient flows. */
  ceil(this: Tensor): Tensor {
    return elementwise.ceil(this);
  },
  /** The nearest whole number, of halves the even one; no gradient flows. */
  round(this: Tensor): Tensor {
    return elementwise.round(this);
  },
  /** x between `low` and `high`, else the limit it is beyond. */
  clamp(this: Tensor, low: Operand, high: Operand): Tensor {
    return clamp(this, low, high);
  },
  /** e to the power of x. */
  exp(this: Tensor): Tensor {
    return elementwise.exp(this);
  },
  /** The natural logarithm. */
  log(this: Tensor): Tensor {
    return elementwise.log(this);
  },
  /** The square root. */
  sqrt(this: Tensor): Tensor {
    return elementwise.sqrt(this);
  },
  /** x². */
  square(this: Tensor): Tensor {
    return square(this);
  },
  /** Sine of x in radians. */
  sin(this: Tensor): Tensor {
    return elementwise.sin(this);
  },
  /** Cosine of x in radians. */
  cos(this: Tensor): Tensor {
    return elementwise.cos(this);
  },
  /** The hyperbolic tangent. */
  tanh(this: Tensor): Tensor {
    return elementwise.tanh(this);
  },
  /** 1 / (1 + exp(-x)). */
  sigmoid(this: Tensor): Tensor {
    return elementwise.sigmoid(this);
  },
  /** x in another dtype. Floats become integers by truncation; anything but zero becomes true. */
  cast(this: Tensor, dtype: DType): Tensor {
    return elementwise.cast(this, dtype);
  },
  /** max(x, 0), with gradient 0 at 0. */
  relu(this: Tensor): Tensor {
    return relu(this);
  },
  /** x sigmoid(x), also called swish. */
  silu(this: Tensor): Tensor {
    return silu(this);
  },
  /** log(1 + exp(x)), without overflow. */
  softplus(this: Tensor): Tensor {
    return softplus(this);
  },
  /** log(sigmoid(x)), without overflow. */
  logSigmoid(this: Tensor): Tensor {
    return logSigmoid(this);
  },
  /** x P(Z <= x) for a standard normal Z; `approximate: "tanh"` is GPT-2's form. Default exact. */
  gelu(this: Tensor, options?: { approximate?: "none" | "tanh" }): Tensor {
    return gelu(this, options);
  },
  /** exp(x) divided by its sum along `axis` (default: the last). */
  softmax(this: Tensor, axis?: number): Tensor {
    return softmax(this, axis);
  },
  /** log(softmax(x)) along `axis` (default: the last), without overflow. */
  logSoftmax(this: Tensor, axis?: number): Tensor {
    return logSoftmax(this, axis);
  },
  /** (x - mean) / sqrt(variance + epsilon) · weight + bias over the last axis; `weight` and `bias` have its size. */
  layerNorm(this: Tensor, weight: Tensor, bias: Tensor, options?: NormOptions): Tensor {
    return layerNorm(this, weight, bias, options);
  },
  /** x / sqrt(mean(x²) + epsilon) · weight over the last axis. */
  rmsNorm(this: Tensor, weight: Tensor, options?: NormOptions): Tensor {
    return rmsNorm(this, weight, options);
  },
  /** Sets a share `rate` of the elements to zero and scales the others by 1 / (1 - rate); x itself without a key. */
  dropout(this: Tensor, rate: number, key: RandomKey | undefined): Tensor {
    return dropout(this, rate, key);
  },
  /** softmax(x keyᵀ · scale + bias + mask) value: this [..., T, D], key [..., S, D], value [..., S, E] → [..., T, E]. */
  attention(this: Tensor, key: Tensor, value: Tensor, options?: AttentionOptions): Tensor {
    return attention(this, key, value, options);
  },
  /** Cross-entropy in nats of these logits [..., classes] against int32 class indices [...]. */
  crossEntropy(this: Tensor, targets: Tensor, options?: CrossEntropyOptions): Tensor {
    return crossEntropy(this, targets, options);
  },
  /** Sum over `axes` (default: all). */
  sum(this: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
    return sum(this, axes, options);
  },
  /** Average over `axes` (default: all). */
  mean(this: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
    return mean(this, axes, options);
  },
  /** Mean square distance from the mean over `axes` (default: all); `correction` 1 divides by one less than their number. */
  variance(this: Tensor, axes?: Axes, options?: VarianceOptions): Tensor {
    return variance(this, axes, options);
  },
  /** log(sum(exp(x))) over `axes` (default: all), without overflow. */
  logSumExp(this: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
    return logSumExp(this, axes, options);
  },
  /** Whether one of these bools over `axes` (default: all) is true. */
  any(this: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
    return any(this, axes, options);
  },
  /** Whether all of these bools over `axes` (default: all) are true. */
  all(this: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
    return all(this, axes, options);
  },
  /** Largest element over `axes` (default: all). */
  max(this: Tensor, axes?: Axes, options?: MaxOptions): Tensor {
    return max(this, axes, options);
  },
  /** Smallest element over `axes` (default: all). */
  min(this: Tensor, axes?: Axes, options?: MaxOptions): Tensor {
    return min(this, axes, options);
  },
  /** Place (int32) of the largest element along `axis` (default: the last); the first of equals. */
  argMax(this: Tensor, axis?: number): Tensor {
    return argMax(this, axis);
  },
  /** Place (int32) of the smallest element along `axis` (default: the last); the first of equals. */
  argMin(this: Tensor, axis?: number): Tensor {
    return argMin(this, axis);
  },
  /** Floats without NaN, the smallest first along `axis` (default: the last), or the largest with `descending`. */
  sort(this: Tensor, axis?: number, options?: SortOptions): Tensor {
    return sort(this, axis, options);
  },
  /** Places (int32) along `axis` (default: the last) that sort floats without NaN; equals keep their order. */
  argSort(this: Tensor, axis?: number, options?: SortOptions): Tensor {
    return argSort(this, axis, options);
  },
  /** Running sum along `axis` (default: the last); `exclusive` leaves the element itself out, `reverse` runs from the end. */
  cumulativeSum(this: Tensor, axis?: number, options?: { reverse?: boolean; exclusive?: boolean }): Tensor {
    return cumulativeSum(this, axis, options);
  },
  /** The `k` largest elements along `axis` (default: the last), largest first, and their places (int32). */
  topK(this: Tensor, k: Dimension, axis?: number): { values: Tensor; indices: Tensor } {
    return topK(this, k, axis);
  },
  /** The same elements in another shape; one size may be -1 and is worked out. */
  reshape(this: Tensor, shape: Shape): Tensor {
    return reshape(this, shape);
  },
  /** An axis of size 1 more, which is `axis` of the result (-1: behind the last). */
  unsqueeze(this: Tensor, axis: number): Tensor {
    return unsqueeze(this, axis);
  },
  /** Without `axes` of size 1. Default: all of them. */
  squeeze(this: Tensor, axes?: Axes): Tensor {
    return squeeze(this, axes);
  },
  /** Axes in another order; by default the last two change places. */
  transpose(this: Tensor, permutation?: readonly number[]): Tensor {
    return transpose(this, permutation);
  },
  /** Elements `start` to `end` (not included; default: the rest) along `axis`; negative positions count from the end. */
  slice(this: Tensor, axis: number, start: Dimension, end?: Dimension): Tensor {
    return slice(this, axis, start, end);
  },
  /** Consecutive parts along `axis` (default: the last) with the given sizes, which must add up to the axis. */
  split(this: Tensor, sizes: readonly Dimension[], axis?: number): readonly Tensor[] {
    return split(this, sizes, axis);
  },
  /** Zeros added before and after along `axis`. */
  pad(this: Tensor, axis: number, before: Dimension, after: Dimension): Tensor {
    return pad(this, axis, before, after);
  },
  /** Repeats axes of size 1 (and missing leading axes) to fill `shape`. */
  broadcastTo(this: Tensor, shape: Shape): Tensor {
    return broadcastTo(this, shape);
  },
  /** Rows along `axis` (default 0) chosen by `indices`, whose axes take the place of that axis. */
  gather(this: Tensor, indices: Tensor, axis?: number): Tensor {
    return gather(this, indices, axis);
  },
  /** For each place of `indices`, the element at that place with `axis` (default: the last) replaced by the index. */
  gatherElements(this: Tensor, indices: Tensor, axis?: number): Tensor {
    return gatherElements(this, indices, axis);
  },
  /** [..., M, K] × [..., K, N] → [..., M, N]; leading axes broadcast. */
  matmul(this: Tensor, other: Tensor, options?: MatmulOptions): Tensor {
    return matmul(this, other, options);
  },
  /** The elements as a typed array, row-major; computes them first where the tensor is not concrete yet. */
  async data(this: Tensor): Promise<HostData> {
    return (await (await evaluate(this)).read()).data;
  },
  /** The one element of a scalar as a number. */
  async item(this: Tensor): Promise<number> {
    const data = await this.data();
    if (data.length !== 1) throw new RangeError(`item: expected one element, got ${data.length} (use data())`);
    return toNumbers(this.dtype, data)[0]!;
  },
  /** Frees the elements of a concrete tensor. */
  dispose(this: Tensor): void {
    this.storage?.dispose();
  },
  /** As `dispose`, at the end of a block: `using x = tensor(…)`. */
  [Symbol.dispose](this: Tensor): void {
    this.storage?.dispose();
  },
};

export type FluentMethods = typeof methods;

Object.assign(Tensor.prototype, methods);
