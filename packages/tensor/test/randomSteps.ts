// The steps of random programs: each applies an op to values that fit it, and says what is known of the result.
import "../src/fluent.ts";
import { isName } from "../src/dimension.ts";
import { layerNorm } from "../src/fused/norms.ts";
import { logSoftmax, softmax } from "../src/fused/softmax.ts";
import type { Tensor } from "../src/graph.ts";
import { constant } from "../src/ops/create.ts";
import { cast, erf, floor, logicalAnd, logicalNot, round, sign, where } from "../src/ops/elementwise.ts";
import { gather } from "../src/ops/gather.ts";
import { matmul } from "../src/ops/matmul.ts";
import { concat, pad, reshape, slice, transpose } from "../src/ops/movement.ts";
import { argMax, cumulativeSum, topK } from "../src/ops/reduce.ts";

/**
 * A tensor and what is known of its numbers. Those on a grid (whole multiples of 2^-`grid`, few enough bits) are the same on every
 * executor; steps with a jump or a kink take only such, since a rounding apart they would give something else.
 */
export interface Value {
  readonly tensor: Tensor;
  readonly bound: number;
  readonly grid: number | undefined;
}

const exactBits = 20;

/** A value that fits, chosen by one of the numbers of the step. */
export type Pick = (k: 0 | 1 | 2, fits: (value: Value) => boolean) => Value | undefined;
type Step = (pick: Pick, choice: number) => Value | undefined;

const isFloat = ({ tensor }: Value) => tensor.dtype === "float32";
const isInteger = ({ tensor }: Value) => tensor.dtype === "int32";
const isBool = ({ tensor }: Value) => tensor.dtype === "bool";
const isNumber = (value: Value) => !isBool(value);
const isExact = ({ bound, grid }: Value) => grid !== undefined && bound * 2 ** grid <= 2 ** exactBits;
const hasAxes = ({ tensor }: Value) => tensor.shape.length > 0;
const and =
  (...tests: ((value: Value) => boolean)[]) =>
  (value: Value) =>
    tests.every((test) => test(value));

function unary(fits: (value: Value) => boolean, apply: (value: Value, choice: number) => Value | undefined): Step {
  return (pick, choice) => {
    const value = pick(0, fits);
    return value && apply(value, choice);
  };
}

/** A function without jumps or kinks, whose results are at most `bound`. */
function smooth(apply: (x: Tensor) => Tensor, bound: (of: number) => number): Step {
  return unary(isFloat, ({ tensor, bound: of }) => ({ tensor: apply(tensor), bound: bound(of), grid: undefined }));
}

function binary(
  fits: (value: Value) => boolean,
  apply: (a: Value, b: Value, choice: number) => Value | undefined,
): Step {
  return (pick, choice) => {
    const a = pick(0, fits);
    const b = a && pick(1, (value) => fits(value) && value.tensor.dtype === a.tensor.dtype);
    return b && apply(a, b, choice);
  };
}

const finest = (a: Value, b: Value) =>
  a.grid === undefined || b.grid === undefined ? undefined : Math.max(a.grid, b.grid);
const sameNumbers = ({ bound, grid }: Value, tensor: Tensor): Value => ({ tensor, bound, grid });
const axisOf = ({ tensor }: Value, choice: number) => choice % tensor.shape.length;
/** Sizes such as "n-2" may be nothing, and nothing has no largest element. */
const hasElements = ({ tensor }: Value) =>
  tensor.shape.every((size) => (typeof size === "number" ? size > 0 : isName(size)));
const sizeAlong = ({ tensor }: Value, axis: number) =>
  typeof tensor.shape[axis] === "number" ? tensor.shape[axis] : 4;

const arithmetic: Step[] = [
  binary(isNumber, (a, b) => ({ tensor: a.tensor.add(b.tensor), bound: a.bound + b.bound, grid: finest(a, b) })),
  binary(isNumber, (a, b) => ({ tensor: a.tensor.sub(b.tensor), bound: a.bound + b.bound, grid: finest(a, b) })),
  binary(isNumber, (a, b) => ({
    tensor: a.tensor.mul(b.tensor),
    bound: a.bound * b.bound,
    grid: a.grid === undefined || b.grid === undefined ? undefined : a.grid + b.grid,
  })),
  binary(isFloat, (a, b) => ({
    tensor: a.tensor.div(b.tensor.square().add(0.5)),
    bound: 2 * a.bound,
    grid: undefined,
  })),
  unary(isNumber, (x, choice) => ({
    tensor: x.tensor.mul([1, 0, 2, -1][choice % 4]!).add([0, 1][choice % 2]!),
    bound: 2 * x.bound + 1,
    grid: x.grid,
  })),
  unary(isNumber, (x) => sameNumbers(x, x.tensor.neg())),
  unary(and(isNumber, isExact), (x) => sameNumbers(x, x.tensor.abs())),
  unary(and(isFloat, isExact), (x, choice) => ({
    tensor: [floor, round, sign][choice % 3]!(x.tensor),
    bound: x.bound + 1,
    grid: 0,
  })),
  binary(and(isNumber, isExact), (a, b, choice) => ({
    tensor: choice % 2 === 0 ? a.tensor.maximum(b.tensor) : a.tensor.minimum(b.tensor),
    bound: Math.max(a.bound, b.bound),
    grid: finest(a, b),
  })),
  smooth(
    (x) => x.minimum(1).exp(),
    () => 3,
  ),
  smooth(
    (x) => x.square().add(0.5).log(),
    (bound) => Math.log(bound * bound + 2) + 1,
  ),
  smooth(
    (x) => x.square().add(0.25).sqrt(),
    (bound) => bound + 1,
  ),
  smooth(
    (x) => x.sin(),
    () => 1,
  ),
  smooth(
    (x) => x.cos(),
    () => 1,
  ),
  smooth(
    (x) => x.tanh(),
    () => 1,
  ),
  smooth(
    (x) => x.sigmoid(),
    () => 1,
  ),
  smooth(erf, () => 1),
  smooth(
    (x) => x.gelu(),
    (bound) => bound,
  ),
  smooth(
    (x) => x.silu(),
    (bound) => bound,
  ),
];

const logic: Step[] = [
  binary(and(isNumber, isExact), (a, b, choice) => {
    const compared = [
      a.tensor.less(b.tensor),
      a.tensor.lessOrEqual(b.tensor),
      a.tensor.equal(b.tensor),
      a.tensor.greater(b.tensor),
    ];
    return { tensor: compared[choice % compared.length]!, bound: 1, grid: 0 };
  }),
  binary(isBool, (a, b, choice) => ({
    tensor: choice % 2 === 0 ? logicalAnd(a.tensor, b.tensor) : logicalNot(a.tensor),
    bound: 1,
    grid: 0,
  })),
  (pick) => {
    const [condition, a] = [pick(0, isBool), pick(1, isNumber)];
    const b = a && pick(2, (value) => value.tensor.dtype === a.tensor.dtype);
    if (!condition || !b) return undefined;
    return {
      tensor: where(condition.tensor, a.tensor, b.tensor),
      bound: Math.max(a.bound, b.bound),
      grid: finest(a, b),
    };
  },
  unary(isExact, (x, choice) => {
    const dtype = (["float32", "int32", "bool"] as const)[choice % 3]!;
    const grid = dtype === "float32" ? x.grid : 0;
    return { tensor: cast(x.tensor, dtype), bound: dtype === "bool" ? 1 : x.bound, grid };
  }),
];

const movement: Step[] = [
  unary(
    () => true,
    (x) => sameNumbers(x, reshape(x.tensor, [-1])),
  ),
  unary(
    () => true,
    (x, choice) => sameNumbers(x, reshape(x.tensor, choice % 2 ? [1, ...x.tensor.shape] : [...x.tensor.shape, 1])),
  ),
  unary(hasAxes, (x, choice) => {
    const order = [...x.tensor.shape.keys()];
    const turned = order.map((_, axis) => order[(axis + choice) % order.length]!);
    return sameNumbers(x, transpose(x.tensor, choice % 3 === 0 ? order.reverse() : turned));
  }),
  unary(hasAxes, (x, choice) =>
    sameNumbers(x, slice(x.tensor, axisOf(x, choice), choice % 2, choice % 5 < 3 ? undefined : -1)),
  ),
  unary(and(hasAxes, isNumber), (x, choice) =>
    sameNumbers(x, pad(x.tensor, axisOf(x, choice), choice % 2, choice % 3)),
  ),
  (pick, choice) => {
    const a = pick(0, hasAxes);
    const b =
      a && pick(1, ({ tensor }) => tensor.dtype === a.tensor.dtype && tensor.shape.length === a.tensor.shape.length);
    if (!b) return undefined;
    const joined = concat([a.tensor, b.tensor, ...(choice % 5 === 0 ? [a.tensor] : [])], axisOf(a, choice));
    return { tensor: joined, bound: Math.max(a.bound, b.bound), grid: finest(a, b) };
  },
  (pick, choice) => {
    const [table, indices] = [pick(0, hasAxes), pick(1, isInteger)];
    if (!table || !indices) return undefined;
    const axis = axisOf(table, choice);
    const size = table.tensor.shape[axis]!;
    if (typeof size !== "number" || size === 0) return undefined;
    const inside = indices.tensor.maximum(0).minimum(size - 1);
    return sameNumbers(table, gather(table.tensor, inside, axis));
  },
];

const reductions: Step[] = [
  unary(and(hasAxes, isNumber), (x, choice) => {
    const axes = choice % 3 === 0 ? undefined : axisOf(x, choice);
    const count = 4 ** (axes === undefined ? x.tensor.shape.length : 1) * 2;
    return { tensor: x.tensor.sum(axes, { keepDimensions: choice % 2 === 0 }), bound: x.bound * count, grid: x.grid };
  }),
  unary(and(hasAxes, hasElements, isNumber, isExact), (x, choice) => {
    return sameNumbers(x, x.tensor.max(axisOf(x, choice), { keepDimensions: choice % 2 === 0 }));
  }),
  unary(and(hasAxes, hasElements, isNumber, isExact), (x, choice) => {
    return { tensor: argMax(x.tensor, axisOf(x, choice)), bound: 16, grid: 0 };
  }),
  unary(and(hasAxes, isNumber), (x, choice) => {
    const axis = axisOf(x, choice);
    const options = { reverse: choice % 2 === 1, exclusive: choice % 3 === 1 };
    return { tensor: cumulativeSum(x.tensor, axis, options), bound: x.bound * 2 * sizeAlong(x, axis), grid: x.grid };
  }),
  unary(and(hasAxes, isFloat, isExact), (x, choice) => {
    const axis = axisOf(x, choice);
    const size = x.tensor.shape[axis]!;
    if (typeof size !== "number" || size === 0) return undefined;
    return sameNumbers(x, topK(x.tensor, 1 + (choice % size), axis).values);
  }),
  unary(and(hasAxes, isFloat), (x, choice) => ({
    tensor: choice % 2 === 0 ? softmax(x.tensor, axisOf(x, choice)) : logSoftmax(x.tensor, axisOf(x, choice)),
    bound: 2 * x.bound + 3,
    grid: undefined,
  })),
  unary(and(hasAxes, isFloat), (x) => {
    const width = x.tensor.shape.at(-1)!;
    if (typeof width !== "number") return undefined;
    const [scale, shift] = [1.5, 0.25].map((number) => constant(Array(width).fill(number), "float32", [width]));
    return { tensor: layerNorm(x.tensor, scale!, shift!, { epsilon: 0.1 }), bound: 16, grid: undefined };
  }),
  binary(
    and(isFloat, ({ tensor }) => tensor.shape.length >= 2),
    (a, b, choice) => ({
      tensor: matmul(a.tensor, b.tensor, { transposeA: choice % 2 === 1, transposeB: choice % 4 > 1 }),
      bound: a.bound * b.bound * 8,
      grid: a.grid === undefined || b.grid === undefined ? undefined : a.grid + b.grid,
    }),
  ),
];

export const randomSteps: readonly Step[] = [...arithmetic, ...logic, ...movement, ...reductions];
