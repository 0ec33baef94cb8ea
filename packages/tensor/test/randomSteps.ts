// The steps of random programs over primitives: each applies an op to values that fit it, and says what is known of the result.
import "../src/fluent.ts";
import { broadcastTo } from "../src/ops/broadcast.ts";
import { iota } from "../src/ops/create.ts";
import {
  bitwiseXor,
  cast,
  erf,
  floor,
  isNaN as isNotNumber,
  logicalAnd,
  logicalNot,
  logicalOr,
  pow,
  round,
  shiftRight,
  sign,
  stopGradient,
  where,
} from "../src/ops/elementwise.ts";
import { matmul } from "../src/ops/matmul.ts";
import { concat, pad, reshape, slice, split, transpose } from "../src/ops/movement.ts";
import { argMax, cumulativeSum, topK } from "../src/ops/reduce.ts";
import { randomIndexSteps } from "./randomIndexSteps.ts";
import { randomLayerSteps } from "./randomLayerSteps.ts";
import {
  and,
  axisOf,
  binary,
  finest,
  hasAxes,
  hasElements,
  isBool,
  isExact,
  isFloat,
  isInteger,
  isNumber,
  type Step,
  sameNumbers,
  sizeAlong,
  smooth,
  unary,
} from "./randomValue.ts";

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
    (x) => pow(x.square().add(0.5), 1.5),
    (bound) => (bound * bound + 0.5) ** 1.5,
  ),
  unary(isFloat, (x) => sameNumbers(x, stopGradient(x.tensor))),
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
  binary(isBool, (a, b, choice) => {
    const combined = [logicalAnd(a.tensor, b.tensor), logicalOr(a.tensor, b.tensor), logicalNot(a.tensor)];
    return { tensor: combined[choice % combined.length]!, bound: 1, grid: 0 };
  }),
  unary(isFloat, (x) => ({ tensor: isNotNumber(x.tensor), bound: 1, grid: 0 })),
  unary(isInteger, (x, choice) => {
    const bits = cast(x.tensor.maximum(0), "uint32");
    return { tensor: cast(bitwiseXor(bits, shiftRight(bits, choice % 5)), "int32"), bound: 2 * x.bound, grid: 0 };
  }),
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
  unary(hasAxes, (x, choice) => {
    const axis = axisOf(x, choice);
    const size = x.tensor.shape[axis]!;
    if (typeof size !== "number" || size < 2) return undefined;
    return sameNumbers(x, split(x.tensor, [1, size - 1], axis)[choice % 2]!);
  }),
  unary(
    () => true,
    (x, choice) => sameNumbers(x, broadcastTo(x.tensor, [1 + (choice % 2), ...x.tensor.shape])),
  ),
  unary(hasAxes, (x, choice) => {
    const axis = axisOf(x, choice);
    return { tensor: iota(x.tensor.shape[axis]!), bound: 2 * sizeAlong(x, axis), grid: 0 };
  }),
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
  binary(
    and(isFloat, ({ tensor }) => tensor.shape.length >= 2),
    (a, b, choice) => ({
      tensor: matmul(a.tensor, b.tensor, { transposeA: choice % 2 === 1, transposeB: choice % 4 > 1 }),
      bound: a.bound * b.bound * 8,
      grid: a.grid === undefined || b.grid === undefined ? undefined : a.grid + b.grid,
    }),
  ),
];

export const randomSteps: readonly Step[] = [
  ...arithmetic,
  ...logic,
  ...movement,
  ...reductions,
  ...randomIndexSteps,
  ...randomLayerSteps,
];
