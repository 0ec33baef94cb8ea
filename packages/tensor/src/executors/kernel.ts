// Runs one node with its reference kernel on plain numbers.
import { evaluateDimension } from "../dimension.ts";
import { type DType, fromNumbers, type HostData, toNumbers } from "../dtype.ts";
import { ExecutionError, ShapeError } from "../errors.ts";
import type { Attributes, Node } from "../graph.ts";
import type { ConcreteType, KernelContext, NumberArray } from "../ops/op.ts";
import { concreteCount } from "../shape.ts";

/** How the reference executor holds float32: as itself, or as float64 to check gradients by finite differences. */
export type FloatPrecision = "float32" | "float64";

export interface Elements {
  readonly type: ConcreteType;
  readonly data: NumberArray;
}

export function allocate(dtype: DType, length: number, precision: FloatPrecision): NumberArray {
  switch (dtype) {
    case "float32":
      return precision === "float64" ? new Float64Array(length) : new Float32Array(length);
    case "float16":
    case "bfloat16":
      return new Float32Array(length);
    case "int64":
      return new Float64Array(length);
    case "int32":
      return new Int32Array(length);
    case "uint32":
      return new Uint32Array(length);
    case "int8":
      return new Int8Array(length);
    default:
      return new Uint8Array(length);
  }
}

/** Types and sizes of a node in one run. `sizes` binds the names of dimensions. */
export function kernelContext(
  node: Node,
  inputs: readonly ConcreteType[],
  sizes: ReadonlyMap<string, number>,
): KernelContext<Attributes> {
  const outputs = node.outputs.map(({ dtype, shape }): ConcreteType => {
    const concrete = shape.map((dimension) => {
      const size = evaluateDimension(dimension, sizes);
      if (size < 0) throw new ShapeError(`${node.op.name}: size "${dimension}" of its result is ${size} in this run`);
      return size;
    });
    return { dtype, shape: concrete };
  });
  return { attributes: node.attributes, inputs, outputs, size: (dimension) => evaluateDimension(dimension, sizes) };
}

/** Computes the outputs of a node. `sizes` binds the names of dimensions. */
export function evaluateNode(
  node: Node,
  inputs: readonly Elements[],
  sizes: ReadonlyMap<string, number>,
  precision: FloatPrecision,
): Elements[] {
  const { reference, name } = node.op;
  if (!reference) throw new ExecutionError(`${name}: has no kernel of its own (expand fused ops first)`);
  const types = inputs.map(({ type }) => type);
  const context = kernelContext(node, types, sizes);
  const outputs = context.outputs.map((type) => ({
    type,
    data: allocate(type.dtype, concreteCount(type.shape), precision),
  }));
  reference(
    inputs.map(({ data }) => data),
    outputs.map(({ data }) => data),
    context,
  );
  for (const { type, data } of outputs) {
    if (type.dtype === "float16" || type.dtype === "bfloat16")
      data.set(toNumbers(type.dtype, fromNumbers(type.dtype, data)));
  }
  return outputs;
}

/** The outputs of a node whose shapes are all known, from host data. */
export function runKernel(node: Node, inputs: readonly HostData[]): NumberArray[] {
  const elements = node.inputs.map((input, i) => {
    const type = { dtype: input.dtype, shape: input.shape as readonly number[] };
    const data = allocate(type.dtype, concreteCount(type.shape), "float32");
    data.set(toNumbers(type.dtype, inputs[i]!));
    return { type, data };
  });
  return evaluateNode(node, elements, new Map(), "float32").map(({ data }) => data);
}
