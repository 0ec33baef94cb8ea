// The methods of `Tensor`. They only call the op of the same name; installing them here keeps tensor and ops free of an import cycle.

import type { Dimension } from "./dimension.ts";
import type { DType, HostData } from "./dtype.ts";
import { evaluate } from "./evaluate.ts";
import { relu, silu } from "./functional/activations.ts";
import { type AttentionOptions, attention } from "./functional/attention.ts";
import { dropout } from "./functional/dropout.ts";
import { type CrossEntropyOptions, crossEntropy } from "./functional/losses.ts";
import { mean, square } from "./functional/statistics.ts";
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
import { argMax, cumulativeSum, max, topK } from "./ops/reduce.ts";
import type { RandomKey } from "./random.ts";

type Axes = number | readonly number[];

const methods = {
  add(this: Tensor, other: Operand): Tensor {
    return elementwise.add(this, other);
  },
  sub(this: Tensor, other: Operand): Tensor {
    return elementwise.sub(this, other);
  },
  mul(this: Tensor, other: Operand): Tensor {
    return elementwise.mul(this, other);
  },
  div(this: Tensor, other: Operand): Tensor {
    return elementwise.div(this, other);
  },
  pow(this: Tensor, exponent: Operand): Tensor {
    return elementwise.pow(this, exponent);
  },
  maximum(this: Tensor, other: Operand): Tensor {
    return elementwise.maximum(this, other);
  },
  minimum(this: Tensor, other: Operand): Tensor {
    return elementwise.minimum(this, other);
  },
  equal(this: Tensor, other: Operand): Tensor {
    return elementwise.equal(this, other);
  },
  less(this: Tensor, other: Operand): Tensor {
    return elementwise.less(this, other);
  },
  lessOrEqual(this: Tensor, other: Operand): Tensor {
    return elementwise.lessOrEqual(this, other);
  },
  greater(this: Tensor, other: Operand): Tensor {
    return elementwise.greater(this, other);
  },
  greaterOrEqual(this: Tensor, other: Operand): Tensor {
    return elementwise.greaterOrEqual(this, other);
  },
  neg(this: Tensor): Tensor {
    return elementwise.neg(this);
  },
  abs(this: Tensor): Tensor {
    return elementwise.abs(this);
  },
  exp(this: Tensor): Tensor {
    return elementwise.exp(this);
  },
  log(this: Tensor): Tensor {
    return elementwise.log(this);
  },
  sqrt(this: Tensor): Tensor {
    return elementwise.sqrt(this);
  },
  square(this: Tensor): Tensor {
    return square(this);
  },
  sin(this: Tensor): Tensor {
    return elementwise.sin(this);
  },
  cos(this: Tensor): Tensor {
    return elementwise.cos(this);
  },
  tanh(this: Tensor): Tensor {
    return elementwise.tanh(this);
  },
  sigmoid(this: Tensor): Tensor {
    return elementwise.sigmoid(this);
  },
  cast(this: Tensor, dtype: DType): Tensor {
    return elementwise.cast(this, dtype);
  },
  relu(this: Tensor): Tensor {
    return relu(this);
  },
  silu(this: Tensor): Tensor {
    return silu(this);
  },
  gelu(this: Tensor, options?: { approximate?: "none" | "tanh" }): Tensor {
    return gelu(this, options);
  },
  softmax(this: Tensor, axis?: number): Tensor {
    return softmax(this, axis);
  },
  logSoftmax(this: Tensor, axis?: number): Tensor {
    return logSoftmax(this, axis);
  },
  layerNorm(this: Tensor, weight: Tensor, bias: Tensor, options?: NormOptions): Tensor {
    return layerNorm(this, weight, bias, options);
  },
  rmsNorm(this: Tensor, weight: Tensor, options?: NormOptions): Tensor {
    return rmsNorm(this, weight, options);
  },
  dropout(this: Tensor, rate: number, key: RandomKey | undefined): Tensor {
    return dropout(this, rate, key);
  },
  attention(this: Tensor, key: Tensor, value: Tensor, options?: AttentionOptions): Tensor {
    return attention(this, key, value, options);
  },
  crossEntropy(this: Tensor, targets: Tensor, options?: CrossEntropyOptions): Tensor {
    return crossEntropy(this, targets, options);
  },
  sum(this: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
    return sum(this, axes, options);
  },
  mean(this: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
    return mean(this, axes, options);
  },
  max(this: Tensor, axes?: Axes, options?: ReduceOptions): Tensor {
    return max(this, axes, options);
  },
  argMax(this: Tensor, axis?: number): Tensor {
    return argMax(this, axis);
  },
  cumulativeSum(this: Tensor, axis?: number, options?: { reverse?: boolean; exclusive?: boolean }): Tensor {
    return cumulativeSum(this, axis, options);
  },
  topK(this: Tensor, k: Dimension, axis?: number): { values: Tensor; indices: Tensor } {
    return topK(this, k, axis);
  },
  reshape(this: Tensor, shape: Shape): Tensor {
    return reshape(this, shape);
  },
  transpose(this: Tensor, permutation?: readonly number[]): Tensor {
    return transpose(this, permutation);
  },
  slice(this: Tensor, axis: number, start: Dimension, end?: Dimension): Tensor {
    return slice(this, axis, start, end);
  },
  split(this: Tensor, sizes: readonly Dimension[], axis?: number): readonly Tensor[] {
    return split(this, sizes, axis);
  },
  pad(this: Tensor, axis: number, before: Dimension, after: Dimension): Tensor {
    return pad(this, axis, before, after);
  },
  broadcastTo(this: Tensor, shape: Shape): Tensor {
    return broadcastTo(this, shape);
  },
  gather(this: Tensor, indices: Tensor, axis?: number): Tensor {
    return gather(this, indices, axis);
  },
  gatherElements(this: Tensor, indices: Tensor, axis?: number): Tensor {
    return gatherElements(this, indices, axis);
  },
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
    return Number(data[0]);
  },
  /** Frees the elements of a concrete tensor. */
  dispose(this: Tensor): void {
    this.storage?.dispose();
  },
  [Symbol.dispose](this: Tensor): void {
    this.storage?.dispose();
  },
};

export type FluentMethods = typeof methods;

Object.assign(Tensor.prototype, methods);
