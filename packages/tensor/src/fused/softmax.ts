// Softmax and its logarithm over the last axis.
import { requireFloat } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { describeType, type Tensor, type TensorType } from "../graph.ts";
import { sum } from "../ops/broadcast.ts";
import { div, exp, log, mul, stopGradient, sub } from "../ops/elementwise.ts";
import { transpose } from "../ops/movement.ts";
import { apply, defineFusedOp, widenBfloat16 } from "../ops/op.ts";
import { max } from "../ops/reduce.ts";
import { normalizeAxis } from "../shape.ts";

const kept = { keepDimensions: true };

function inferLastAxis(where: string, x: TensorType): TensorType {
  requireFloat(where, x.dtype);
  if (x.shape.length === 0) throw new ShapeError(`${where}: expected at least one axis, got a scalar`);
  return { dtype: x.dtype, shape: x.shape };
}

function shifted(x: Tensor): Tensor {
  // Without elements there is no largest, and nothing to shift.
  return x.shape.at(-1) === 0 ? x : sub(x, stopGradient(max(x, -1, kept)));
}

export const softmaxOp = defineFusedOp({
  name: "softmax",
  infer: ([x]) => inferLastAxis("softmax", x!),
  compose: ([x]) => {
    const weights = exp(shifted(x!));
    return div(weights, sum(weights, -1, kept));
  },
  vjp: ({ gradient, outputs: [y] }) => [gradientOfSoftmax(gradient, y!)],
  onnx: { opType: "Softmax" },
  tfjs: (tf, [x]) => tf.softmax(x!),
  widen: widenBfloat16,
  precision: "rounded",
});

/** From the gradient of a softmax over the last axis to that of its input, by its result. */
export function gradientOfSoftmax(gradient: Tensor, result: Tensor): Tensor {
  return mul(result, sub(gradient, sum(mul(gradient, result), -1, kept)));
}

export const logSoftmaxOp = defineFusedOp({
  name: "logSoftmax",
  infer: ([x]) => inferLastAxis("logSoftmax", x!),
  compose: ([x]) => {
    const centered = shifted(x!);
    return sub(centered, log(sum(exp(centered), -1, kept)));
  },
  vjp: ({ gradient, outputs: [y] }) => [sub(gradient, mul(exp(y!), sum(gradient, -1, kept)))],
  onnx: { opType: "LogSoftmax" },
  tfjs: (tf, [x]) => tf.logSoftmax(x!),
  widen: widenBfloat16,
  precision: "float32",
});

/** exp(x) divided by its sum along `axis` (default: the last). */
export function softmax(x: Tensor, axis = -1): Tensor {
  return alongLastAxis("softmax", x, axis, (last) => apply(softmaxOp, [last], {}));
}

/** log(softmax(x)) along `axis` (default: the last), without overflow. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return alongLastAxis("logSoftmax", x, axis, (last) => apply(logSoftmaxOp, [last], {}));
}

function alongLastAxis(where: string, x: Tensor, axis: number, compute: (x: Tensor) => Tensor): Tensor {
  const rank = x.shape.length;
  if (rank === 0) throw new ShapeError(`${where}: expected at least one axis, got ${describeType(x)}`);
  const along = normalizeAxis(where, axis, rank);
  if (along === rank - 1) return compute(x);
  const swap = [...Array(rank).keys()];
  [swap[along], swap[rank - 1]] = [rank - 1, along];
  return transpose(compute(transpose(x, swap)), swap);
}
