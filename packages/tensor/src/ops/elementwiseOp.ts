// What the element-wise ops share: rules on dtypes, loops over broadcast inputs, records of ops with one and two inputs.
import type { DType } from "../dtype.ts";
import { DTypeError } from "../errors.ts";
import { type Attributes, describeType, Tensor, type TensorType } from "../graph.ts";
import { broadcastShapes } from "../shape.ts";
import { asTensor, type Operand } from "./create.ts";
import { broadcastStrides, walkStrided } from "./loops.ts";
import {
  defineOp,
  type GradientRule,
  type KernelContext,
  type NumberArray,
  type OnnxLowering,
  type TfjsLowering,
  widenBfloat16,
} from "./op.ts";
import type { TensorFlowTensor, TensorFunction } from "./tensorFlow.ts";

/** How the runtimes run an op. */
type Lowerings = { readonly onnx: OnnxLowering<Attributes>; readonly tfjs: TfjsLowering<Attributes> };

/** Lowerings to an op of ONNX and a function of TensorFlow.js that mean the same. */
export function both(opType: string, name: TensorFunction): Lowerings {
  return {
    onnx: { opType },
    tfjs: (tf, inputs) => (tf[name] as (...inputs: readonly TensorFlowTensor[]) => TensorFlowTensor)(...inputs),
  };
}

type DTypeRule = (where: string, dtype: DType) => void;

export function requireNumeric(where: string, dtype: DType): void {
  if (dtype === "bool") throw new DTypeError(`${where}: expected numbers, got bool (cast it first)`);
}

export function requireBool(where: string, dtype: DType): void {
  if (dtype !== "bool") throw new DTypeError(`${where}: expected bool, got ${dtype} (compare or cast it first)`);
}

export function requireUint32(where: string, dtype: DType): void {
  if (dtype !== "uint32") throw new DTypeError(`${where}: expected uint32, got ${dtype} (cast it first)`);
}

export function requireSameDType(where: string, a: TensorType, b: TensorType): void {
  if (a.dtype !== b.dtype) {
    throw new DTypeError(`${where}: dtypes differ: ${describeType(a)} and ${describeType(b)} (cast one of them)`);
  }
}

export function mapBroadcast(
  inputs: readonly NumberArray[],
  output: NumberArray,
  context: KernelContext<Attributes>,
  compute: (output: number, positions: readonly number[]) => number,
): void {
  const shape = context.outputs[0]!.shape;
  const positions = inputs.map((_, i) => {
    const index = new Int32Array(output.length);
    walkStrided(shape, broadcastStrides(context.inputs[i]!.shape, shape), (out, from) => {
      index[out] = from;
    });
    return index;
  });
  const current = new Array<number>(inputs.length);
  for (let i = 0; i < output.length; i++) {
    for (let k = 0; k < positions.length; k++) current[k] = positions[k]![i]!;
    output[i] = compute(i, current);
  }
}

export function unary(
  name: string,
  require: DTypeRule,
  scalar: (x: number) => number,
  vjp: GradientRule<Attributes> | "zero",
  lowerings: Lowerings,
  result?: DType,
) {
  return defineOp({
    name,
    infer: ([x]) => {
      require(name, x!.dtype);
      return { dtype: result ?? x!.dtype, shape: x!.shape };
    },
    vjp,
    reference: ([x], [output]) => {
      for (let i = 0; i < output!.length; i++) output![i] = scalar(x![i]!);
    },
    ...lowerings,
    widen: widenBfloat16,
  });
}

export function binary(
  name: string,
  require: DTypeRule,
  scalar: (a: number, b: number) => number,
  vjp: GradientRule<Attributes> | "zero",
  lowerings: Lowerings,
  result?: DType,
) {
  return defineOp({
    name,
    infer: ([a, b]) => {
      requireSameDType(name, a!, b!);
      require(name, a!.dtype);
      return { dtype: result ?? a!.dtype, shape: broadcastShapes(name, a!.shape, b!.shape) };
    },
    vjp,
    reference: ([a, b], [output], context) =>
      mapBroadcast([a!, b!], output!, context, (_, [i, j]) => scalar(a![i!]!, b![j!]!)),
    ...lowerings,
    widen: widenBfloat16,
  });
}

/** Two operands of one dtype: a number takes the other's. */
export function pair(a: Operand, b: Operand): [Tensor, Tensor] {
  // What is neither a tensor nor a number is refused by the op that gets it.
  const dtype = a instanceof Tensor ? a.dtype : b instanceof Tensor ? b.dtype : "float32";
  return [asTensor(a, dtype), asTensor(b, dtype)];
}
