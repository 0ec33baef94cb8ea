// Ops that move elements without changing them: reshape, transpose, slice, pad, concat.
import { addDimensions, type Dimension, divideDimensions, subtractDimensions } from "../dimension.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import { describeShape, describeType, type Shape, type Tensor } from "../graph.ts";
import { elementCount, normalizeAxis, requireList, requireValidShape, requireWhole, strides } from "../shape.ts";
import { aroundAxis, walkStrided } from "./loops.ts";
import { apply, defineOp, type NumberArray, record, widenBfloat16 } from "./op.ts";

const int64 = "int64" as const;

type ReshapeAttributes = { shape: readonly Dimension[] };

export const reshapeOp = defineOp<ReshapeAttributes>({
  name: "reshape",
  idle: "sameType",
  view: true,
  infer: ([x], { shape }) => {
    requireValidShape("reshape", shape);
    const [from, to] = [elementCount(x!.shape), elementCount(shape)];
    if (from !== to) {
      throw new ShapeError(
        `reshape: ${describeShape(x!.shape)} has ${from} elements, ${describeShape(shape)} has ${to}`,
      );
    }
    return { dtype: x!.dtype, shape };
  },
  vjp: ({ gradient, inputs: [x] }) => [reshape(gradient, x!.shape)],
  reference: ([x], [output]) => output!.set(x!),
  onnx: (emit, [x], { outputs }) =>
    emit.node("Reshape", [x!, emit.dimensions(outputs[0]!.shape)], { allowzero: { int: 1 } }),
  tfjs: (tf, [x], { outputs }) => tf.reshape(x!, [...outputs[0]!.shape]),
});

/** The same elements in another shape; one size may be -1 and is worked out. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  requireList("reshape", "the shape", shape);
  const unknown = shape.indexOf(-1);
  if (unknown < 0) return apply(reshapeOp, [x], { shape });
  const rest = elementCount(shape.filter((_, axis) => axis !== unknown));
  const size = divideDimensions(elementCount(x.shape), rest);
  if (size === undefined) {
    throw new ShapeError(`reshape: ${describeShape(x.shape)} does not divide into ${describeShape(shape)}`);
  }
  return apply(reshapeOp, [x], { shape: shape.with(unknown, size) });
}

type TransposeAttributes = { permutation: readonly number[] };

export const transposeOp = defineOp<TransposeAttributes>({
  name: "transpose",
  infer: ([x], { permutation }) => {
    const rank = x!.shape.length;
    if (
      permutation.length !== rank ||
      new Set(permutation).size !== rank ||
      permutation.some((axis) => !(axis >= 0 && axis < rank))
    ) {
      throw new ShapeError(`transpose: [${permutation}] is not an order of the axes of ${describeType(x!)}`);
    }
    return { dtype: x!.dtype, shape: permutation.map((axis) => x!.shape[axis]!) };
  },
  vjp: ({ gradient, attributes: { permutation } }) => [
    transpose(
      gradient,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  ],
  reference: ([x], [output], { attributes: { permutation }, inputs, outputs }) => {
    const own = strides(inputs[0]!.shape);
    walkStrided(
      outputs[0]!.shape,
      permutation.map((axis) => own[axis]!),
      (to, from) => {
        output![to] = x![from]!;
      },
    );
  },
  onnx: (emit, inputs, { attributes }) => emit.node("Transpose", inputs, { perm: { ints: attributes.permutation } }),
  tfjs: (tf, [x], { attributes }) => tf.transpose(x!, [...attributes.permutation]),
});

/** Axes in another order; by default the last two change places. */
export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  const rank = x.shape.length;
  if (!permutation && rank < 2) throw new ShapeError(`transpose: ${describeType(x)} has no two axes to exchange`);
  const order = permutation ?? [...Array(rank - 2).keys(), rank - 1, rank - 2];
  return apply(transposeOp, [x], { permutation: order.map((axis) => normalizeAxis("transpose", axis, rank)) });
}

type SliceAttributes = { axis: number; start: Dimension; end: Dimension };

/** The corner of a slice: `start` along `axis`, 0 along the others. */
function startingAt(start: number, axis: number, rank: number): number[] {
  return Array<number>(rank).fill(0).with(axis, start);
}

export const sliceOp = defineOp<SliceAttributes>({
  name: "slice",
  idle: "sameType",
  infer: ([x], { axis, start, end }) => {
    for (const position of [start, end]) requireWhole("slice", "start and end", position);
    const size = x!.shape[axis]!;
    const numeric = typeof start === "number" && typeof end === "number" && typeof size === "number";
    const length = subtractDimensions(end, start);
    if ((numeric && (start < 0 || end > size)) || (typeof length === "number" && length < 0)) {
      throw new ShapeError(`slice: ${start} to ${end} is outside axis ${axis} of ${describeShape(x!.shape)}`);
    }
    return { dtype: x!.dtype, shape: x!.shape.with(axis, length) };
  },
  vjp: ({ gradient, inputs: [x], attributes: { axis, start, end } }) => [
    pad(gradient, axis, start, subtractDimensions(x!.shape[axis]!, end)),
  ],
  reference: ([x], [output], { attributes, inputs, size }) => {
    const { outer, length, inner } = aroundAxis(inputs[0]!.shape, attributes.axis);
    const [start, end] = [size(attributes.start), size(attributes.end)];
    const block = (end - start) * inner;
    for (let o = 0; o < outer; o++) {
      const from = (o * length + start) * inner;
      output!.set(x!.subarray(from, from + block) as NumberArray, o * block);
    }
  },
  onnx: (emit, [x], { attributes: { axis, start, end } }) =>
    emit.node("Slice", [x!, emit.dimensions([start]), emit.dimensions([end]), emit.constant(int64, [axis], [1])]),
  tfjs: (tf, [x], { attributes: { axis, start }, outputs, size }) =>
    tf.slice(x!, startingAt(size(start), axis, x!.rank), [...outputs[0]!.shape]),
});

/** Elements `start` to `end` (not included) along `axis`; negative positions count from the end. */
export function slice(x: Tensor, axis: number, start: Dimension, end?: Dimension): Tensor {
  const along = normalizeAxis("slice", axis, x.shape.length);
  const size = x.shape[along]!;
  const fromFront = (position: Dimension) =>
    typeof position === "number" && position < 0 ? addDimensions(size, position) : position;
  return apply(sliceOp, [x], { axis: along, start: fromFront(start), end: fromFront(end ?? size) });
}

type PadAttributes = { axis: number; before: Dimension; after: Dimension };

export const padOp = defineOp<PadAttributes>({
  name: "pad",
  idle: "sameType",
  infer: ([x], { axis, before, after }) => {
    for (const count of [before, after]) requireWhole("pad", "the counts before and after", count);
    if ((typeof before === "number" && before < 0) || (typeof after === "number" && after < 0)) {
      throw new ShapeError(`pad: ${before} before and ${after} after: neither may be negative (use slice)`);
    }
    return {
      dtype: x!.dtype,
      shape: x!.shape.with(axis, addDimensions(x!.shape[axis]!, addDimensions(before, after))),
    };
  },
  vjp: ({ gradient, inputs: [x], attributes: { axis, before } }) => [
    slice(gradient, axis, before, addDimensions(before, x!.shape[axis]!)),
  ],
  reference: ([x], [output], { attributes, inputs, outputs, size }) => {
    const { outer, length, inner } = aroundAxis(inputs[0]!.shape, attributes.axis);
    const block = length * inner;
    const step = outputs[0]!.shape[attributes.axis]! * inner;
    output!.fill(0);
    for (let o = 0; o < outer; o++) {
      output!.set(x!.subarray(o * block, (o + 1) * block) as NumberArray, o * step + size(attributes.before) * inner);
    }
  },
  onnx: (emit, [x], { attributes: { axis, before, after } }) =>
    emit.node("Pad", [x!, emit.dimensions([before, after]), "", emit.constant(int64, [axis], [1])]),
  tfjs: (tf, [x], { attributes: { axis, before, after }, size }) =>
    tf.pad(
      x!,
      x!.shape.map((_, i): [number, number] => (i === axis ? [size(before), size(after)] : [0, 0])),
    ),
  widen: widenBfloat16,
});

/** Zeros added before and after along `axis`. */
export function pad(x: Tensor, axis: number, before: Dimension, after: Dimension): Tensor {
  return apply(padOp, [x], { axis: normalizeAxis("pad", axis, x.shape.length), before, after });
}

type ConcatAttributes = { axis: number };

export const concatOp = defineOp<ConcatAttributes>({
  name: "concat",
  infer: (inputs, { axis }) => {
    const [first] = inputs;
    for (const other of inputs) {
      if (other.dtype !== first!.dtype) {
        throw new DTypeError(
          `concat: dtypes differ: ${describeType(first!)} and ${describeType(other)} (cast one of them)`,
        );
      }
      if (
        other.shape.length !== first!.shape.length ||
        other.shape.some((size, a) => a !== axis && size !== first!.shape[a])
      ) {
        throw new ShapeError(
          `concat: shapes differ outside axis ${axis}: ${describeShape(first!.shape)} and ${describeShape(other.shape)}`,
        );
      }
    }
    const total = inputs.map((input) => input.shape[axis]!).reduce(addDimensions);
    return { dtype: first!.dtype, shape: first!.shape.with(axis, total) };
  },
  vjp: ({ gradient, inputs, attributes: { axis } }) => {
    let start: Dimension = 0;
    return inputs.map((input) => {
      const end = addDimensions(start, input.shape[axis]!);
      const part = slice(gradient, axis, start, end);
      start = end;
      return part;
    });
  },
  reference: (inputs, [output], context) => {
    const { axis } = context.attributes;
    const target = aroundAxis(context.outputs[0]!.shape, axis);
    let start = 0;
    for (const [i, input] of inputs.entries()) {
      const { outer, length, inner } = aroundAxis(context.inputs[i]!.shape, axis);
      const block = length * inner;
      for (let o = 0; o < outer; o++) {
        output!.set(input.subarray(o * block, (o + 1) * block) as NumberArray, (o * target.length + start) * inner);
      }
      start += length;
    }
  },
  onnx: (emit, inputs, { attributes }) => emit.node("Concat", inputs, { axis: { int: attributes.axis } }),
  tfjs: (tf, inputs, { attributes }) => tf.concat([...inputs], attributes.axis),
});

/** Tensors one after another along `axis`. */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  requireList("concat", "the tensors", tensors);
  if (tensors.length === 0) throw new ShapeError("concat: expected at least one tensor, got none");
  return apply(concatOp, tensors, { axis: normalizeAxis("concat", axis, tensors[0]!.shape.length) });
}

type SplitAttributes = { axis: number; sizes: readonly Dimension[] };

export const splitOp = defineOp<SplitAttributes>({
  name: "split",
  infer: ([x], { axis, sizes }) => {
    for (const size of sizes) requireWhole("split", "the size of a part", size);
    const total = sizes.reduce(addDimensions, 0);
    if (total !== x!.shape[axis]) {
      throw new ShapeError(
        `split: the parts [${sizes}] add up to ${total}, axis ${axis} of ${describeShape(x!.shape)} has ${x!.shape[axis]}`,
      );
    }
    return sizes.map((size) => ({ dtype: x!.dtype, shape: x!.shape.with(axis, size) }));
  },
  vjp: ({ gradients, outputs, attributes: { axis } }) => [
    concat(
      gradients.map((gradient, i) => gradient ?? broadcastZero(outputs[i]!)),
      axis,
    ),
  ],
  reference: ([x], outputs, { attributes: { axis }, inputs, outputs: types }) => {
    const { outer, length, inner } = aroundAxis(inputs[0]!.shape, axis);
    let start = 0;
    for (const [i, output] of outputs.entries()) {
      const block = types[i]!.shape[axis]! * inner;
      for (let o = 0; o < outer; o++) {
        const from = o * length * inner + start;
        output.set(x!.subarray(from, from + block) as NumberArray, o * block);
      }
      start += block;
    }
  },
  onnx: (emit, [x], { attributes: { axis, sizes } }) =>
    emit.nodes("Split", [x!, emit.dimensions(sizes)], sizes.length, { axis: { int: axis } }),
  tfjs: (tf, [x], { attributes: { axis, sizes }, size }) => tf.split(x!, sizes.map(size), axis),
});

/** Consecutive parts of `x` along `axis` with the given sizes, which must add up to the axis. */
export function split(x: Tensor, sizes: readonly Dimension[], axis = -1): readonly Tensor[] {
  requireList("split", "the sizes of the parts", sizes);
  if (sizes.length === 0) throw new ShapeError("split: expected at least one part, got none");
  return record(splitOp, [x], { axis: normalizeAxis("split", axis, x.shape.length), sizes });
}

/** Zeros of a tensor's type, made from an empty part of it so that no broadcast is needed here. */
function broadcastZero(like: Tensor): Tensor {
  return pad(slice(like, 0, 0, 0), 0, 0, like.shape[0]!);
}

export const movementOps = [reshapeOp, transposeOp, sliceOp, padOp, concatOp, splitOp] as const;
