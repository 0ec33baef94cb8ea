// Reading and adding by index. Indices are int32 and must lie inside the axis they point at.
import type { Dimension } from "../dimension.ts";
import type { DType } from "../dtype.ts";
import { DTypeError, ExecutionError, ShapeError } from "../errors.ts";
import { describeShape, describeType, type Tensor, type TensorType } from "../graph.ts";
import { concreteCount, elementCount, normalizeAxis, shapesEqual } from "../shape.ts";
import { broadcastTo } from "./broadcast.ts";
import { constant, iota } from "./create.ts";
import { add } from "./elementwise.ts";
import { aroundAxis } from "./loops.ts";
import { transpose } from "./movement.ts";
import { onnxDataType } from "./onnxDataType.ts";
import { apply, defineOp, type NumberArray, type OnnxEmitter, type Widening, widenBfloat16 } from "./op.ts";
import type { TensorFlowDType, TensorFlowTensor } from "./tensorFlow.ts";

/** Adding by index is there for float32 and the integers only. */
const widenHalves: Widening = { ...widenBfloat16, float16: "float32" };

type None = Record<never, never>;

function requireIndices(where: string, indices: TensorType): void {
  if (indices.dtype !== "int32")
    throw new DTypeError(`${where}: indices must be int32, got ${describeType(indices)} (cast them first)`);
}

function checkedIndex(where: string, index: number, size: number): number {
  if (!(index >= 0 && index < size)) throw new ExecutionError(`${where}: index ${index} is outside 0 to ${size - 1}`);
  return index;
}

/** ONNX counts negative indices from the end. Made unsigned they are far outside, an error as on every executor. */
function refuseNegative(emit: OnnxEmitter, indices: string): string {
  const unsigned = emit.node("Cast", [indices], { to: { int: onnxDataType.uint32 } });
  return emit.node("Cast", [unsigned], { to: { int: onnxDataType.int64 } });
}

/** The indices on the host, all of them inside the axis: TensorFlow.js does not check them on every device. */
function readIndices(where: string, indices: TensorFlowTensor, size: number): Int32Array {
  const numbers = indices.dataSync() as Int32Array;
  for (const index of numbers) checkedIndex(where, index, size);
  return numbers;
}

/** Where the elements that `indices` name along an axis of `size` are in the flat tensor. */
function flatPlaces(where: string, indices: TensorFlowTensor, axis: number, size: number): Int32Array {
  const numbers = readIndices(where, indices, size);
  const { length, inner } = aroundAxis(indices.shape, axis);
  const block = length * inner;
  return numbers.map((index, at) => (Math.floor(at / block) * size + index) * inner + (at % inner));
}

export const gatherOp = defineOp<None>({
  name: "gather",
  infer: ([table, indices]) => {
    requireIndices("gather", indices!);
    if (table!.shape.length === 0)
      throw new ShapeError("gather: expected a table with at least one axis, got a scalar");
    return { dtype: table!.dtype, shape: [...indices!.shape, ...table!.shape.slice(1)] };
  },
  vjp: ({ gradient, inputs: [table, indices] }) => [scatterAdd(indices!, gradient, table!.shape[0]!), undefined],
  reference: ([table, indices], [output], { inputs }) => {
    const rows = inputs[0]!.shape[0]!;
    const width = table!.length / Math.max(rows, 1);
    for (let i = 0; i < indices!.length; i++) {
      const row = checkedIndex("gather", indices![i]!, rows) * width;
      output!.set(table!.subarray(row, row + width) as NumberArray, i * width);
    }
  },
  onnx: (emit, [table, indices]) => emit.node("Gather", [table!, refuseNegative(emit, indices!)]),
  tfjs: (tf, [table, indices], { inputs }) => {
    readIndices("gather", indices!, inputs[0]!.shape[0]!);
    return tf.gather(table!, indices!);
  },
});

/** Rows of `table` along `axis` (default 0) chosen by `indices`, whose axes take the place of that axis. */
export function gather(table: Tensor, indices: Tensor, axis = 0): Tensor {
  const along = normalizeAxis("gather", axis, table.shape.length);
  if (along === 0) return apply(gatherOp, [table, indices], {});
  const rank = table.shape.length;
  const others = [...Array(rank).keys()].filter((a) => a !== along);
  const rows = apply(gatherOp, [transpose(table, [along, ...others]), indices], {});
  const n = indices.shape.length;
  const before = others.slice(0, along).map((_, i) => n + i);
  const after = others.slice(along).map((_, i) => n + along + i);
  return transpose(rows, [...before, ...Array(n).keys(), ...after]);
}

type ScatterAddAttributes = { rows: Dimension };

/** Below this many rows a product with a one-hot matrix adds faster than ScatterElements (16 ns an element, one thread). */
const mostMatmulRows = 1024;

function addsByMatmul(rows: Dimension, width: readonly Dimension[], dtype: DType): boolean {
  const [columns] = width;
  if (dtype !== "float32" || width.length !== 1 || typeof rows !== "number" || typeof columns !== "number")
    return false;
  // Making the matrix costs as much for one column as for many.
  return rows <= Math.min(mostMatmulRows, 16 * columns);
}

function withAddend(where: string, type: TensorType, onto: TensorType | undefined): TensorType {
  if (onto && describeType(onto) !== describeType(type)) {
    throw new ShapeError(`${where}: onto must be ${describeType(type)}, got ${describeType(onto)}`);
  }
  return type;
}

function zerosOf(emit: OnnxEmitter, { dtype, shape }: TensorType): string {
  return emit.node("Expand", [emit.constant(dtype, [0], []), emit.dimensions(shape)]);
}

export const scatterAddOp = defineOp<ScatterAddAttributes>({
  name: "scatterAdd",
  needsElements: true,
  addend: 2,
  infer: ([indices, updates, onto], { rows }) => {
    requireIndices("scatterAdd", indices!);
    const n = indices!.shape.length;
    if (!shapesEqual(updates!.shape.slice(0, n), indices!.shape)) {
      throw new ShapeError(
        `scatterAdd: updates must begin with the shape of the indices: ${describeShape(indices!.shape)}, got ${describeShape(updates!.shape)}`,
      );
    }
    return withAddend("scatterAdd", { dtype: updates!.dtype, shape: [rows, ...updates!.shape.slice(n)] }, onto);
  },
  vjp: ({ gradient, inputs: [indices, , onto] }) => [
    undefined,
    gather(gradient, indices!),
    ...(onto ? [gradient] : []),
  ],
  reference: ([indices, updates, onto], [output], { outputs }) => {
    const rows = outputs[0]!.shape[0]!;
    const width = output!.length / Math.max(rows, 1);
    if (onto) output!.set(onto);
    else output!.fill(0);
    for (let i = 0; i < indices!.length; i++) {
      const row = checkedIndex("scatterAdd", indices![i]!, rows) * width;
      for (let k = 0; k < width; k++) output![row + k]! += updates![i * width + k]!;
    }
  },
  onnx: (emit, [indices, updates, onto], { inputs, outputs }) => {
    const [rows, ...width] = outputs[0]!.shape;
    const count = elementCount(inputs[0]!.shape);
    const target = () => onto ?? zerosOf(emit, outputs[0]!);
    if (count === 0) return target();
    const flat = emit.node("Reshape", [updates!, emit.dimensions([count, ...width])], { allowzero: { int: 1 } });
    if (addsByMatmul(rows!, width, inputs[1]!.dtype)) {
      const numbers = emit.constant("int32", [...Array(rows).keys()], [rows as number, 1]);
      const isRow = emit.node("Equal", [
        numbers,
        emit.node("Reshape", [indices!, emit.dimensions([1, count])], { allowzero: { int: 1 } }),
      ]);
      const sums = emit.node("MatMul", [emit.node("Cast", [isRow], { to: { int: onnxDataType.float32 } }), flat]);
      return onto ? emit.node("Add", [sums, onto]) : sums;
    }
    // ScatterND adds in several threads at once without a lock: rows named twice lose updates. ScatterElements takes its time.
    const column = emit.node("Reshape", [indices!, emit.dimensions([count, ...width.map(() => 1)])], {
      allowzero: { int: 1 },
    });
    const everyElement = emit.node("Expand", [column, emit.dimensions([count, ...width])]);
    return emit.node("ScatterElements", [target(), everyElement, flat], { axis: { int: 0 }, reduction: "add" });
  },
  tfjs: (tf, [indices, updates, onto], { outputs }) => {
    const { shape } = outputs[0]!;
    const count = readIndices("scatterAdd", indices!, shape[0]!).length;
    if (count === 0) return onto ? tf.clone(onto) : tf.zeros([...shape], updates!.dtype as TensorFlowDType);
    const [column, rows] = [tf.reshape(indices!, [count, 1]), tf.reshape(updates!, [count, ...shape.slice(1)])];
    const sums = tf.scatterND(column, rows, [...shape]);
    return onto ? tf.add(onto, sums) : sums;
  },
  widen: widenHalves,
  precision: "float32",
});

/** A table of `rows` rows, zero or those of `onto`, and `updates` added at the rows that `indices` name. */
export function scatterAdd(indices: Tensor, updates: Tensor, rows: Dimension, onto?: Tensor): Tensor {
  return apply(scatterAddOp, onto ? [indices, updates, onto] : [indices, updates], { rows });
}

type AxisAttributes = { axis: number };

function requireSameOutside(where: string, a: TensorType, b: TensorType, axis: number): void {
  if (a.shape.length !== b.shape.length || a.shape.some((size, i) => i !== axis && size !== b.shape[i])) {
    throw new ShapeError(
      `${where}: shapes differ outside axis ${axis}: ${describeShape(a.shape)} and ${describeShape(b.shape)}`,
    );
  }
}

export const gatherElementsOp = defineOp<AxisAttributes>({
  name: "gatherElements",
  infer: ([x, indices], { axis }) => {
    requireIndices("gatherElements", indices!);
    requireSameOutside("gatherElements", x!, indices!, axis);
    return { dtype: x!.dtype, shape: indices!.shape };
  },
  vjp: ({ gradient, inputs: [x, indices], attributes: { axis } }) => [
    scatterElementsAdd(indices!, gradient, { axis, size: x!.shape[axis]! }),
    undefined,
  ],
  reference: ([x, indices], [output], { attributes: { axis }, inputs }) => {
    const source = aroundAxis(inputs[0]!.shape, axis);
    const { outer, length, inner } = aroundAxis(inputs[1]!.shape, axis);
    for (let o = 0; o < outer; o++) {
      for (let at = o * length * inner, k = 0; k < length * inner; k++, at++) {
        const index = checkedIndex("gatherElements", indices![at]!, source.length);
        output![at] = x![(o * source.length + index) * inner + (k % inner)]!;
      }
    }
  },
  onnx: (emit, [x, indices], { attributes }) =>
    emit.node("GatherElements", [x!, refuseNegative(emit, indices!)], { axis: { int: attributes.axis } }),
  tfjs: (tf, [x, indices], { attributes: { axis }, inputs, outputs }) => {
    const places = flatPlaces("gatherElements", indices!, axis, inputs[0]!.shape[axis]!);
    return tf.reshape(tf.gather(tf.reshape(x!, [-1]), tf.tensor(places, [places.length], "int32")), [
      ...outputs[0]!.shape,
    ]);
  },
});

/** For each place of `indices`, the element of `x` at that place with `axis` replaced by the index. */
export function gatherElements(x: Tensor, indices: Tensor, axis = -1): Tensor {
  return apply(gatherElementsOp, [x, indices], { axis: normalizeAxis("gatherElements", axis, x.shape.length) });
}

type ScatterElementsAttributes = { axis: number; size: Dimension };

export const scatterElementsAddOp = defineOp<ScatterElementsAttributes>({
  name: "scatterElementsAdd",
  needsElements: true,
  addend: 2,
  infer: ([indices, updates, onto], { axis, size }) => {
    requireIndices("scatterElementsAdd", indices!);
    if (!shapesEqual(indices!.shape, updates!.shape)) {
      throw new ShapeError(
        `scatterElementsAdd: indices and updates differ: ${describeShape(indices!.shape)} and ${describeShape(updates!.shape)}`,
      );
    }
    return withAddend("scatterElementsAdd", { dtype: updates!.dtype, shape: updates!.shape.with(axis, size) }, onto);
  },
  vjp: ({ gradient, inputs: [indices, , onto], attributes: { axis } }) => [
    undefined,
    gatherElements(gradient, indices!, axis),
    ...(onto ? [gradient] : []),
  ],
  reference: ([indices, updates, onto], [output], { attributes: { axis }, inputs, outputs }) => {
    const target = aroundAxis(outputs[0]!.shape, axis);
    const { outer, length, inner } = aroundAxis(inputs[0]!.shape, axis);
    if (onto) output!.set(onto);
    else output!.fill(0);
    for (let o = 0; o < outer; o++) {
      for (let at = o * length * inner, k = 0; k < length * inner; k++, at++) {
        const index = checkedIndex("scatterElementsAdd", indices![at]!, target.length);
        output![(o * target.length + index) * inner + (k % inner)]! += updates![at]!;
      }
    }
  },
  onnx: (emit, [indices, updates, onto], { attributes, inputs, outputs }) => {
    const target = onto ?? zerosOf(emit, outputs[0]!);
    if (inputs[0]!.shape.includes(0)) return target;
    return emit.node("ScatterElements", [target, indices!, updates!], {
      axis: { int: attributes.axis },
      reduction: "add",
    });
  },
  tfjs: (tf, [indices, updates, onto], { attributes: { axis }, outputs }) => {
    const { shape } = outputs[0]!;
    const places = flatPlaces("scatterElementsAdd", indices!, axis, shape[axis]!);
    if (places.length === 0) return onto ? tf.clone(onto) : tf.zeros([...shape], updates!.dtype as TensorFlowDType);
    const column = tf.tensor(places, [places.length, 1], "int32");
    const sums = tf.scatterND(column, tf.reshape(updates!, [-1]), [concreteCount(shape)]);
    const added = tf.reshape(sums, [...shape]);
    return onto ? tf.add(onto, added) : added;
  },
  widen: widenHalves,
  precision: "float32",
});

/**
 * The gradient of `gatherElements`: `updates` added, at the places `indices` name, to zeros of `size` along `axis`, or to the elements of
 * `onto`, which has that size.
 */
export function scatterElementsAdd(
  indices: Tensor,
  updates: Tensor,
  { onto, ...attributes }: { axis: number; size: Dimension; onto?: Tensor },
): Tensor {
  return apply(scatterElementsAddOp, onto ? [indices, updates, onto] : [indices, updates], attributes);
}

export const updateSliceOp = defineOp<AxisAttributes>({
  name: "updateSlice",
  infer: ([target, patch, start], { axis }) => {
    requireIndices("updateSlice", start!);
    if (start!.shape.length !== 0)
      throw new ShapeError(`updateSlice: start must be a scalar, got ${describeType(start!)}`);
    if (target!.dtype !== patch!.dtype) {
      throw new DTypeError(`updateSlice: dtypes differ: ${describeType(target!)} and ${describeType(patch!)}`);
    }
    requireSameOutside("updateSlice", target!, patch!, axis);
    return { dtype: target!.dtype, shape: target!.shape };
  },
  vjp: ({ gradient, inputs: [, patch, start], attributes: { axis } }) => {
    const rows = add(iota(patch!.shape[axis]!), start!);
    return [updateSlice(gradient, zeros(patch!), start!, axis), gather(gradient, rows, axis), undefined];
  },
  reference: ([target, patch, start], [output], { attributes: { axis }, inputs }) => {
    writeSlice(target!, inputs[0]!.shape, patch!, inputs[1]!.shape, start![0]!, axis, output!);
  },
  onnx: (emit, [target, patch, start], { attributes: { axis }, inputs }) => {
    const one = (value: number) => emit.constant("int64", [value], [1]);
    const first = emit.node("Reshape", [emit.node("Cast", [start!], { to: { int: 7 } }), one(1)]);
    const next = emit.node("Add", [first, emit.dimensions([inputs[1]!.shape[axis]!])]);
    const end = emit.dimensions([inputs[0]!.shape[axis]!]);
    const head = emit.node("Slice", [target!, one(0), first, one(axis)]);
    const tail = emit.node("Slice", [target!, next, end, one(axis)]);
    return emit.node("Concat", [head, patch!, tail], { axis: { int: axis } });
  },
  tfjs: (tf, [target, patch, start], { attributes: { axis }, inputs }) => {
    const [size, length] = [inputs[0]!.shape[axis]!, inputs[1]!.shape[axis]!];
    const at = checkedStart(start!.dataSync()[0]!, length, axis, size);
    const [head, , tail] = tf.split(target!, [at, length, size - at - length], axis);
    return tf.concat([head!, patch!, tail!], axis);
  },
});

function checkedStart(start: number, length: number, axis: number, size: number): number {
  if (!(start >= 0 && start + length <= size)) {
    throw new ExecutionError(`updateSlice: ${length} rows at ${start} do not fit into axis ${axis} of size ${size}`);
  }
  return start;
}

function writeSlice(
  target: NumberArray,
  targetShape: readonly number[],
  patch: NumberArray,
  patchShape: readonly number[],
  start: number,
  axis: number,
  output: NumberArray,
): void {
  const to = aroundAxis(targetShape, axis);
  const from = aroundAxis(patchShape, axis);
  checkedStart(start, from.length, axis, to.length);
  output.set(target);
  const block = from.length * from.inner;
  for (let o = 0; o < from.outer; o++) {
    output.set(patch.subarray(o * block, (o + 1) * block) as NumberArray, (o * to.length + start) * to.inner);
  }
}

function zeros(like: { dtype: DType; shape: Tensor["shape"] }): Tensor {
  return broadcastTo(constant(0, like.dtype), like.shape);
}

/** `target` with `patch` written over it from position `start` (int32 scalar) on along `axis`. */
export function updateSlice(target: Tensor, patch: Tensor, start: Tensor, axis: number): Tensor {
  return apply(updateSliceOp, [target, patch, start], {
    axis: normalizeAxis("updateSlice", axis, target.shape.length),
  });
}

export const gatherOps = [gatherOp, scatterAddOp, gatherElementsOp, scatterElementsAddOp, updateSliceOp] as const;
