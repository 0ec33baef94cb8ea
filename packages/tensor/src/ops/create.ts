// Leaves of a program: placeholders, stored data, literals, counting.
import type { Dimension } from "../dimension.ts";
import {
  type DType,
  fromNumbers,
  type HostData,
  isHostDataFor,
  requireDType,
  requireHolds,
  toNumbers,
} from "../dtype.ts";
import { DTypeError, ShapeError, TensorError } from "../errors.ts";
import { type Attributes, describeShape, makeNode, type Shape, type Tensor, type TensorType } from "../graph.ts";
import { concreteCount, requireValidShape } from "../shape.ts";
import { Storage } from "../storage.ts";
import { apply, defineOp, isOp } from "./op.ts";
import { fromHost } from "./tfjsData.ts";

function leafType(attributes: { dtype: DType; shape: readonly Dimension[] }): TensorType {
  return { dtype: attributes.dtype, shape: attributes.shape };
}

function neverRuns(name: string): never {
  throw new TensorError(`${name}: an executor binds inputs before it runs nodes; this node cannot run`);
}

type PlaceholderAttributes = { name: string; dtype: DType; shape: readonly Dimension[] };

/** An input of a program. */
export const placeholderOp = defineOp<PlaceholderAttributes>({
  name: "placeholder",
  infer: (_, attributes) => leafType(attributes),
  vjp: "zero",
  reference: () => neverRuns("placeholder"),
  onnx: () => neverRuns("placeholder"),
  tfjs: () => neverRuns("placeholder"),
});

export function placeholder(name: string, dtype: DType, shape: Shape): Tensor {
  requireDType(`placeholder "${name}"`, dtype);
  requireValidShape(`placeholder "${name}"`, shape);
  return apply(placeholderOp, [], { name, dtype, shape });
}

type StoredAttributes = { dtype: DType; shape: readonly Dimension[] };

/** Elements that exist outside the program, held by the tensor's `storage`. */
export const storedOp = defineOp<StoredAttributes>({
  name: "stored",
  infer: (_, attributes) => leafType(attributes),
  vjp: "zero",
  reference: () => neverRuns("stored"),
  onnx: () => neverRuns("stored"),
  tfjs: () => neverRuns("stored"),
});

export function fromStorage(storage: Storage): Tensor {
  const type = { dtype: storage.dtype, shape: storage.shape };
  const tensor = makeNode(storedOp as never, [], type as Attributes, [type], null).outputs[0]!;
  tensor.storage = storage;
  return tensor;
}

type Nested = number | boolean | readonly Nested[];

/**
 * A concrete tensor from numbers, nested arrays or a typed array.
 *
 * A typed array is taken as it is, not copied. `dtype` defaults to float32, for booleans bool (or the typed array's own: `Int32Array`
 * is int32, `BigInt64Array` int64, `Uint32Array` uint32, `Int8Array` int8, `Uint8Array` uint8); `shape` to that of the nesting.
 * Throws a `ShapeError` where the elements do not fill the shape, a `DTypeError` for an array or a number that is none of `dtype`.
 *
 * @example
 * const x = tensor([[1, 2], [3, 4]]);            // float32[2,2]
 * const ids = tensor(new Int32Array([7, 8, 9])); // int32[3]
 */
export function tensor(values: Nested | HostData, options: { dtype?: DType; shape?: readonly number[] } = {}): Tensor {
  if (options.dtype !== undefined) requireDType("tensor", options.dtype);
  if (ArrayBuffer.isView(values)) {
    const dtype = options.dtype ?? dtypeOf(values);
    if (!isHostDataFor(dtype, values)) {
      throw new DTypeError(`tensor: ${values.constructor.name} does not hold ${dtype}`);
    }
    return fromStorage(Storage.fromHost({ dtype, shape: checkedShape(values.length, options.shape), data: values }));
  }
  const flat: (number | boolean)[] = [];
  const shape = flatten(values, 0, [], flat);
  const allBooleans = flat.length > 0 && flat.every((value) => typeof value === "boolean");
  const dtype = options.dtype ?? (allBooleans ? "bool" : "float32");
  const data = heldBy("tensor", dtype, flat.map(Number));
  return fromStorage(
    Storage.fromHost({ dtype, shape: options.shape ? checkedShape(flat.length, options.shape) : shape, data }),
  );
}

function heldBy(where: string, dtype: DType, numbers: readonly number[]): HostData {
  requireHolds(where, dtype, numbers);
  return fromNumbers(dtype, numbers);
}

/**
 * A concrete tensor whose elements `make` gives when they are needed: by the thread or device that computes with them, which they are
 * handed over to one tensor after another, or when somebody reads them. Fresh parameters made this way are never all in memory twice.
 * `make` may be called again, gives the same elements each time, and does not keep the array.
 *
 * @example
 * const bias = lazyTensor(() => new Float32Array(768), { dtype: "float32", shape: [768] });
 */
export function lazyTensor(
  make: () => HostData,
  { dtype, shape }: { readonly dtype: DType; readonly shape: readonly number[] },
): Tensor {
  requireValidShape("lazyTensor", shape);
  const checked = () => {
    const data = make();
    if (!isHostDataFor(dtype, data))
      throw new DTypeError(`lazyTensor: ${data.constructor.name} does not hold ${dtype}`);
    checkedShape(data.length, shape);
    return data;
  };
  return fromStorage(Storage.fromRecipe({ dtype, shape }, checked));
}

function dtypeOf(values: HostData): DType {
  if (values instanceof Float32Array) return "float32";
  if (values instanceof Int32Array) return "int32";
  if (values instanceof BigInt64Array) return "int64";
  if (values instanceof Uint32Array) return "uint32";
  if (values instanceof Int8Array) return "int8";
  if (values instanceof Uint8Array) return "uint8";
  throw new DTypeError(`tensor: name the dtype that this ${values.constructor.name} holds (float16 or bfloat16?)`);
}

function checkedShape(length: number, shape: readonly number[] = [length]): readonly number[] {
  requireValidShape("tensor", shape);
  const count = concreteCount(shape);
  if (count !== length) {
    throw new ShapeError(`tensor: shape ${describeShape(shape)} has ${count} elements, got ${length}`);
  }
  return shape;
}

function flatten(values: Nested, depth: number, shape: number[], flat: (number | boolean)[]): number[] {
  if (typeof values === "number" || typeof values === "boolean") {
    if (depth !== shape.length) throw new ShapeError("tensor: the nested arrays are not all equally deep");
    flat.push(values);
    return shape;
  }
  if (!Array.isArray(values)) {
    const came = values === null ? "null" : typeof values;
    const advice = came === "bigint" ? " (put them into a BigInt64Array)" : "";
    throw new DTypeError(`tensor: expected numbers, booleans or arrays of them, got ${came}${advice}`);
  }
  if (depth === shape.length && flat.length === 0) shape.push(values.length);
  if (shape[depth] !== values.length) {
    throw new ShapeError(`tensor: nested arrays differ in length: ${values.length} != ${shape[depth]}`);
  }
  for (const value of values) flatten(value, depth + 1, shape, flat);
  return shape;
}

type ConstantAttributes = { dtype: DType; shape: readonly number[]; data: HostData };

/** A literal that is part of the program. */
export const constantOp = defineOp<ConstantAttributes>({
  name: "constant",
  infer: (_, attributes) => leafType(attributes),
  vjp: "zero",
  reference: (_, [output], { attributes }) => {
    output!.set(toNumbers(attributes.dtype, attributes.data));
  },
  onnx: (emit, _, { attributes }) => emit.constant(attributes.dtype, attributes.data, attributes.shape),
  tfjs: (tf, _, { attributes: { dtype, shape, data } }) => fromHost(tf, { dtype, shape, data: toNumbers(dtype, data) }),
});

/** A literal of the program: one number, or as many as `shape` has elements. */
export function constant(
  values: number | readonly number[] | HostData,
  dtype: DType = "float32",
  shape: readonly number[] = [],
): Tensor {
  requireDType("constant", dtype);
  const data = ArrayBuffer.isView(values)
    ? values
    : heldBy("constant", dtype, typeof values === "number" ? [values] : values);
  return apply(constantOp, [], { dtype, shape: checkedShape(data.length, shape), data });
}

/** The elements of a literal; undefined for any other tensor. */
export function literalData(tensor: Tensor): HostData | undefined {
  return isOp(tensor.node, constantOp) ? (tensor.node.attributes.data as HostData) : undefined;
}

/** A tensor, or a number that takes the other operand's dtype. */
export type Operand = Tensor | number;

/** The operand as a tensor of `dtype`. */
export function asTensor(operand: Operand, dtype: DType): Tensor {
  if (typeof operand !== "number") return operand;
  requireHolds("a number beside a tensor takes its dtype", dtype, [operand]);
  return constant(operand, dtype);
}

type CountAttributes = { length: Dimension };

/** 0, 1, 2, … as int32. */
export const iotaOp = defineOp<CountAttributes>({
  name: "iota",
  infer: (_, { length }) => ({ dtype: "int32", shape: [length] }),
  vjp: "zero",
  reference: (_, [output]) => {
    for (let i = 0; i < output!.length; i++) output![i] = i;
  },
  onnx: (emit, _, { attributes }) => {
    const end = emit.node("Cast", [emit.node("Squeeze", [emit.dimensions([attributes.length])])], { to: { int: 6 } });
    return emit.node("Range", [emit.constant("int32", [0], []), end, emit.constant("int32", [1], [])]);
  },
  tfjs: (tf, _, { outputs }) => tf.range(0, outputs[0]!.shape[0]!, 1, "int32"),
});

/** The numbers 0 to `length - 1` as an int32 vector. */
export function iota(length: Dimension): Tensor {
  requireValidShape("iota", [length]);
  return apply(iotaOp, [], { length });
}
