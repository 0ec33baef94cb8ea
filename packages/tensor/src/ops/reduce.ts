// Reductions and scans along axes other than the sum: max, argMax, cumulative sum, top k.
import type { Dimension } from "../dimension.ts";
import { isFloat, requireFloat } from "../dtype.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import { describeShape, type Tensor, type TensorType } from "../graph.ts";
import { normalizeAxis, requireWhole } from "../shape.ts";
import {
  keptShape,
  type ReduceAttributes,
  type ReduceOptions,
  reducedType,
  reductionAxes,
  sum,
  walkReduction,
} from "./broadcast.ts";
import { cast, div, equal, mul } from "./elementwise.ts";
import { scatterElementsAdd } from "./gather.ts";
import { aroundAxis } from "./loops.ts";
import { reshape } from "./movement.ts";
import { onnxDataType } from "./onnxDataType.ts";
import { apply, defineOp, record, widenBfloat16, widenSmallIntegers } from "./op.ts";

function requireElements(where: string, x: TensorType, axis: number): void {
  if (x.shape[axis] === 0) {
    throw new ShapeError(`${where}: axis ${axis} of ${describeShape(x.shape)} is empty, so it has no largest element`);
  }
}

type MaxAttributes = ReduceAttributes & { ignoresNaN: boolean };

export const maxOp = defineOp<MaxAttributes>({
  name: "max",
  infer: ([x], attributes) => {
    for (const axis of attributes.axes) requireElements("max", x!, axis);
    return reducedType("max", x!, attributes);
  },
  // Ties share the gradient equally.
  vjp: ({ gradient, inputs: [x], outputs: [y], attributes: { axes } }) => {
    const kept = keptShape(x!.shape, axes);
    const chosen = cast(equal(x!, reshape(y!, kept)), gradient.dtype);
    return [mul(chosen, div(reshape(gradient, kept), sum(chosen, axes, { keepDimensions: true })))];
  },
  reference: ([x], [output], { attributes, inputs }) => {
    output!.fill(Number.NEGATIVE_INFINITY);
    const seen = new Uint8Array(output!.length);
    walkReduction(inputs[0]!.shape, attributes.axes, (to, from) => {
      output![to] = seen[to] ? Math.max(output![to]!, x![from]!) : x![from]!;
      seen[to] = 1;
    });
  },
  onnx: (emit, [x], { attributes: { axes, keepDimensions, ignoresNaN }, inputs }) => {
    const reduce = (values: string) =>
      emit.node("ReduceMax", [values, emit.constant("int64", axes, [axes.length])], {
        keepdims: { int: Number(keepDimensions) },
      });
    if (ignoresNaN || !isFloat(inputs[0]!.dtype)) return reduce(x!);
    // ReduceMax passes over NaN.
    const nans = emit.node("Cast", [emit.node("IsNaN", [x!])], { to: { int: onnxDataType.uint8 } });
    const anyNaN = emit.node("Cast", [reduce(nans)], { to: { int: onnxDataType.bool } });
    return emit.node("Where", [anyNaN, emit.constant(inputs[0]!.dtype, [Number.NaN], []), reduce(x!)]);
  },
  tfjs: (tf, [x], { attributes: { axes, keepDimensions } }) => tf.max(x!, [...axes], keepDimensions),
  widen: { ...widenBfloat16, uint32: "int64" },
});

export interface MaxOptions extends ReduceOptions {
  /** A NaN beside numbers may be passed over, which some executors do faster. Default false: it is the result. */
  ignoresNaN?: boolean;
}

/** Largest element over `axes` (default: all). */
export function max(x: Tensor, axes?: number | readonly number[], options: MaxOptions = {}): Tensor {
  const along = reductionAxes("max", x, axes);
  if (along.length === 0) return x;
  const { keepDimensions = false, ignoresNaN = false } = options;
  return apply(maxOp, [x], { axes: along, keepDimensions, ignoresNaN });
}

type AxisAttributes = { axis: number };

export const argMaxOp = defineOp<AxisAttributes>({
  name: "argMax",
  infer: ([x], { axis }) => {
    if (x!.dtype === "bool") throw new DTypeError("argMax: expected numbers, got bool (cast it first)");
    requireElements("argMax", x!, axis);
    return { dtype: "int32", shape: x!.shape.toSpliced(axis, 1) };
  },
  vjp: "zero",
  reference: ([x], [output], { attributes, inputs }) => {
    const { outer, length, inner } = aroundAxis(inputs[0]!.shape, attributes.axis);
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        let best = 0;
        for (let k = 1; k < length; k++) {
          if (x![(o * length + k) * inner + i]! > x![(o * length + best) * inner + i]!) best = k;
        }
        output![o * inner + i] = best;
      }
    }
  },
  onnx: (emit, inputs, { attributes }) =>
    emit.node("Cast", [emit.node("ArgMax", inputs, { axis: { int: attributes.axis }, keepdims: { int: 0 } })], {
      to: { int: 6 },
    }),
  tfjs: (tf, [x], { attributes }) => tf.argMax(x!, attributes.axis),
  widen: { ...widenBfloat16, uint32: "int64" },
});

/** Place (int32) of the largest element along `axis`; the first of equals. */
export function argMax(x: Tensor, axis = -1): Tensor {
  return apply(argMaxOp, [x], { axis: normalizeAxis("argMax", axis, x.shape.length) });
}

type CumulativeSumAttributes = { axis: number; reverse: boolean; exclusive: boolean };

export const cumulativeSumOp = defineOp<CumulativeSumAttributes>({
  name: "cumulativeSum",
  infer: ([x]) => reducedType("cumulativeSum", x!, { axes: [], keepDimensions: true }),
  vjp: ({ gradient, attributes: { axis, reverse, exclusive } }) => [
    cumulativeSum(gradient, axis, { reverse: !reverse, exclusive }),
  ],
  reference: ([x], [output], { attributes: { axis, reverse, exclusive }, inputs }) => {
    const { outer, length, inner } = aroundAxis(inputs[0]!.shape, axis);
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        let total = 0;
        for (let k = 0; k < length; k++) {
          const at = (o * length + (reverse ? length - 1 - k : k)) * inner + i;
          if (exclusive) output![at] = total;
          total += x![at]!;
          if (!exclusive) output![at] = total;
        }
      }
    }
  },
  onnx: (emit, [x], { attributes: { axis, reverse, exclusive } }) =>
    emit.node("CumSum", [x!, emit.constant("int64", [axis], [])], {
      reverse: { int: Number(reverse) },
      exclusive: { int: Number(exclusive) },
    }),
  tfjs: (tf, [x], { attributes: { axis, reverse, exclusive } }) => tf.cumsum(x!, axis, exclusive, reverse),
  widen: widenSmallIntegers,
  precision: "float32",
});

/** Running sum along `axis`; `exclusive` leaves the element itself out, `reverse` runs from the end. */
export function cumulativeSum(x: Tensor, axis = -1, options: { reverse?: boolean; exclusive?: boolean } = {}): Tensor {
  return apply(cumulativeSumOp, [x], {
    axis: normalizeAxis("cumulativeSum", axis, x.shape.length),
    reverse: options.reverse ?? false,
    exclusive: options.exclusive ?? false,
  });
}

type TopKAttributes = { k: Dimension; axis: number };

export const topKOp = defineOp<TopKAttributes>({
  name: "topK",
  infer: ([x], { k, axis }) => {
    requireFloat("topK", x!.dtype);
    requireWhole("topK", "k", k);
    const size = x!.shape[axis]!;
    if (typeof k === "number" && typeof size === "number" && !(k >= 1 && k <= size)) {
      throw new ShapeError(`topK: k must be 1 to ${size} along axis ${axis} of ${describeShape(x!.shape)}, got ${k}`);
    }
    const shape = x!.shape.with(axis, k);
    return [
      { dtype: x!.dtype, shape },
      { dtype: "int32", shape },
    ];
  },
  vjp: ({ gradients: [gradient], inputs: [x], outputs: [, indices], attributes: { axis } }) => [
    gradient && scatterElementsAdd(indices!, gradient, { axis, size: x!.shape[axis]! }),
  ],
  reference: ([x], [values, indices], { attributes: { axis, k }, inputs, size }) => {
    const { outer, length, inner } = aroundAxis(inputs[0]!.shape, axis);
    const kept = size(k);
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const at = (j: number) => x![(o * length + j) * inner + i]!;
        const order = [...Array(length).keys()].sort((a, b) => at(b) - at(a) || a - b);
        for (let j = 0; j < kept; j++) {
          values![(o * kept + j) * inner + i] = at(order[j]!);
          indices![(o * kept + j) * inner + i] = order[j]!;
        }
      }
    }
  },
  onnx: (emit, [x], { attributes: { axis, k } }) => {
    const [values, indices] = emit.nodes("TopK", [x!, emit.dimensions([k])], 2, { axis: { int: axis } });
    return [values!, emit.node("Cast", [indices!], { to: { int: 6 } })];
  },
  tfjs: (tf, [x], { attributes: { axis, k }, size }) => {
    // TensorFlow.js looks along the last axis only. Exchanging two axes undoes itself.
    const order = [...x!.shape.keys()].with(axis, x!.rank - 1).with(-1, axis);
    const { values, indices } = tf.topk(tf.transpose(x!, order), size(k));
    return [tf.transpose(values, order), tf.transpose(indices, order)];
  },
  widen: widenBfloat16,
});

/** The `k` largest elements along `axis`, largest first, and their places (int32). */
export function topK(x: Tensor, k: Dimension, axis = -1): { values: Tensor; indices: Tensor } {
  const [values, indices] = record(topKOp, [x], { k, axis: normalizeAxis("topK", axis, x.shape.length) });
  return { values: values!, indices: indices! };
}

export const reduceOps = [maxOp, argMaxOp, cumulativeSumOp, topKOp] as const;
