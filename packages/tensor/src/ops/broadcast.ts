// Broadcasting and its opposite, the sum: each is the other's gradient.
import type { Dimension } from "../dimension.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import { describeShape, type Shape, type Tensor, type TensorType } from "../graph.ts";
import { broadcastShapes, concreteCount, isConcrete, normalizeAxes, requireValidShape, shapesEqual } from "../shape.ts";
import { broadcastStrides, walkStrided } from "./loops.ts";
import { reshape } from "./movement.ts";
import { apply, defineOp, widenBfloat16, widenSmallIntegers } from "./op.ts";

type BroadcastAttributes = { shape: readonly Dimension[] };

export const broadcastToOp = defineOp<BroadcastAttributes>({
  name: "broadcastTo",
  idle: "sameType",
  infer: ([x], { shape }) => {
    requireValidShape("broadcastTo", shape);
    if (!shapesEqual(broadcastShapes("broadcastTo", x!.shape, shape), shape)) {
      throw new ShapeError(`broadcastTo: ${describeShape(x!.shape)} does not broadcast to ${describeShape(shape)}`);
    }
    return { dtype: x!.dtype, shape };
  },
  // The gradient has the broadcast shape; summing it back is done once for all rules.
  vjp: ({ gradient }) => [gradient],
  reference: ([x], [output], { inputs, outputs }) => {
    const { shape } = outputs[0]!;
    walkStrided(shape, broadcastStrides(inputs[0]!.shape, shape), (to, from) => {
      output![to] = x![from]!;
    });
  },
  onnx: (emit, [x], { outputs }) => emit.node("Expand", [x!, emit.dimensions(outputs[0]!.shape)]),
  tfjs: (tf, [x], { outputs }) => tf.broadcastTo(x!, [...outputs[0]!.shape]),
  widen: widenBfloat16,
});

/** Repeats axes of size 1 (and missing leading axes) to fill `shape`. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return shapesEqual(x.shape, shape) ? x : apply(broadcastToOp, [x], { shape });
}

/** Attributes of the ops that reduce axes. */
export type ReduceAttributes = { axes: readonly number[]; keepDimensions: boolean };

/** What becomes of the axes that a reduction takes away. */
export interface ReduceOptions {
  /** Leave the reduced axes in the shape with size 1. Default false. */
  keepDimensions?: boolean;
}

export function reducedType(where: string, x: TensorType, { axes, keepDimensions }: ReduceAttributes): TensorType {
  if (x.dtype === "bool") throw new DTypeError(`${where}: expected numbers, got bool (cast it first)`);
  const shape = keepDimensions
    ? x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    : x.shape.filter((_, axis) => !axes.includes(axis));
  return { dtype: x.dtype, shape };
}

/** The shape of a reduction's result with the reduced axes kept as 1, so that it broadcasts against the input. */
export function keptShape(shape: Shape, axes: readonly number[]): Shape {
  return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

/** Calls `visit(outputIndex, inputIndex)` for each input element of a reduction. */
export function walkReduction(
  input: readonly number[],
  axes: readonly number[],
  visit: (output: number, input: number) => void,
): void {
  const kept = input.map((size, axis) => (axes.includes(axis) ? 1 : size));
  walkStrided(input, broadcastStrides(kept, input), (from, to) => visit(to, from));
}

/** The axes argument of a reduction: one, several, or (by default) all. */
export function reductionAxes(where: string, x: Tensor, axes: number | readonly number[] | undefined): number[] {
  const list = axes === undefined ? [...x.shape.keys()] : typeof axes === "number" ? [axes] : axes;
  return normalizeAxes(where, list, x.shape.length);
}

export const sumOp = defineOp<ReduceAttributes>({
  name: "sum",
  infer: ([x], attributes) => reducedType("sum", x!, attributes),
  vjp: ({ gradient, inputs: [x], attributes: { axes } }) => [
    broadcastTo(reshape(gradient, keptShape(x!.shape, axes)), x!.shape),
  ],
  reference: ([x], [output], { attributes, inputs, outputs }) => {
    const total = new Float64Array(output!.length);
    walkReduction(inputs[0]!.shape, attributes.axes, (to, from) => {
      total[to]! += x![from]!;
    });
    const wrap = outputs[0]!.dtype === "uint32" ? (v: number) => v % 2 ** 32 : (v: number) => v;
    for (let i = 0; i < total.length; i++) output![i] = wrap(total[i]!);
  },
  onnx: (emit, [x], { attributes: { axes, keepDimensions }, inputs, outputs }) => {
    const rows = rowsToAdd(inputs[0]!, axes);
    if (rows !== undefined) {
      const flat = emit.node("Reshape", [x!, emit.dimensions([rows, inputs[0]!.shape.at(-1)!])]);
      const ones = emit.node("Expand", [emit.constant("float32", [1], []), emit.dimensions([1, rows])]);
      return emit.node("Reshape", [emit.node("MatMul", [ones, flat]), emit.dimensions(outputs[0]!.shape)]);
    }
    return emit.node("ReduceSum", [x!, emit.constant("int64", axes, [axes.length])], {
      keepdims: { int: Number(keepDimensions) },
    });
  },
  tfjs: (tf, [x], { attributes: { axes, keepDimensions } }) => tf.sum(x!, [...axes], keepDimensions),
  widen: widenSmallIntegers,
  precision: "float32",
});

/** From here on a product with a row of ones adds up rows in half the time of ReduceSum. */
const fewestRows = 64;

/** How many rows are added up, where all axes but the last are reduced (the gradient of a bias) and there are many. */
function rowsToAdd({ dtype, shape }: TensorType, axes: readonly number[]): number | undefined {
  if (dtype !== "float32" || !isConcrete(shape) || shape.at(-1) === 0) return undefined;
  if (axes.length !== shape.length - 1 || axes.includes(shape.length - 1)) return undefined;
  const rows = concreteCount(shape.slice(0, -1));
  return rows >= fewestRows ? rows : undefined;
}

/** Sum over `axes` (default: all). */
export function sum(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  const along = reductionAxes("sum", x, axes);
  if (along.length === 0) return x;
  return apply(sumOp, [x], { axes: along, keepDimensions: options.keepDimensions ?? false });
}

/** Sums a gradient of a broadcast shape back to the shape it was broadcast from. */
export function sumTo(gradient: Tensor, shape: Shape): Tensor {
  if (shapesEqual(gradient.shape, shape)) return gradient;
  const lead = gradient.shape.length - shape.length;
  const axes = [...gradient.shape.keys()].filter((axis) => axis < lead || shape[axis - lead] !== gradient.shape[axis]);
  return reshape(sum(gradient, axes), shape);
}

export const broadcastOps = [broadcastToOp, sumOp] as const;
