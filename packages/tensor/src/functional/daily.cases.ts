// Sample inputs of the functions for axes, order, logic, new tensors, statistics and einsum.
import "../fluent.ts";
import { mul } from "../ops/elementwise.ts";
import { RandomKey, randomNormal } from "../random.ts";
import { booleans, floats, integerDTypes, integers, numbers, type OpCase, type OpCases } from "../testing/opCase.ts";
import { squeeze, stack, unsqueeze } from "./axes.ts";
import { full, oneHot, ones, tril, triu, zeros } from "./create.ts";
import { einsum } from "./einsum.ts";
import { all, any, isFinite as finite, notEqual } from "./logic.ts";
import { argMin, argSort, clamp, min, sort } from "./order.ts";
import { logSumExp, variance } from "./statistics.ts";

const [inf, nan] = [Number.POSITIVE_INFINITY, Number.NaN];
const matrix = floats([2, 3]);
const named = floats([2, 3], { recordedShape: ["batch", "width"] });
const odd = numbers([nan, inf, -inf, 0, 3e38], [5], { differentiable: false });

function product(equation: string, ...shapes: readonly (readonly number[])[]): OpCase {
  const inputs = shapes.map((shape, seed) => floats(shape, { seed }));
  return { name: equation, inputs, apply: (...tensors) => einsum(equation, ...tensors) };
}

export const dailyCases: OpCases = {
  unsqueeze: [
    { name: "first", inputs: [matrix], apply: (x) => unsqueeze(x!, 0) },
    { name: "last", inputs: [named], apply: (x) => unsqueeze(x!, -1) },
  ],
  squeeze: [
    { name: "all", inputs: [floats([1, 3, 1])], apply: (x) => squeeze(x!) },
    { name: "one", inputs: [floats([1, 3, 1])], apply: (x) => squeeze(x!, -1) },
  ],
  stack: [
    { name: "first axis", inputs: [matrix, matrix], apply: (a, b) => stack([a!, b!]) },
    { name: "last axis", inputs: [named, named], apply: (a, b) => stack([a!, b!], -1) },
  ],
  min: [
    { name: "all", inputs: [matrix], apply: (x) => min(x!) },
    { name: "axis", inputs: [named], apply: (x) => min(x!, 0, { keepDimensions: true }) },
    { name: "NaN", inputs: [odd], apply: (x) => min(x!) },
    ...integerDTypes.map((dtype) => ({
      name: dtype,
      inputs: [numbers([3, 0, 1, 127], [2, 2], { dtype })],
      apply: (x: Parameters<typeof min>[0]) => min(x, 1),
    })),
    { name: "lowest", inputs: [numbers([-(2 ** 31), 5], [2], { dtype: "int32" })], apply: (x) => min(x!) },
  ],
  argMin: [{ name: "axis", inputs: [matrix], apply: (x) => argMin(x!, 0) }],
  clamp: [
    { name: "between", inputs: [matrix], apply: (x) => clamp(x!, -0.5, 0.5) },
    { name: "integers", inputs: [integers([4])], apply: (x) => clamp(x!, 2, 5) },
  ],
  sort: [
    { name: "last axis", inputs: [matrix], apply: (x) => sort(x!) },
    { name: "first axis, descending", inputs: [named], apply: (x) => sort(x!, 0, { descending: true }) },
  ],
  argSort: [{ name: "equals", inputs: [numbers([1, 0, 1, 0, 2], [5])], apply: (x) => argSort(x!) }],
  ceil: [{ name: "both signs", inputs: [matrix], apply: (x) => x!.ceil() }],
  notEqual: [{ name: "numbers", inputs: [odd], apply: (x) => notEqual(x!, 0) }],
  isFinite: [{ name: "none", inputs: [odd], apply: (x) => finite(x!) }],
  any: [
    { name: "all", inputs: [booleans([2, 3])], apply: (x) => any(x!) },
    { name: "empty", inputs: [booleans([2, 0])], apply: (x) => any(x!, 1) },
  ],
  all: [
    { name: "axis", inputs: [booleans([4, 3])], apply: (x) => all(x!, -1, { keepDimensions: true }) },
    { name: "empty", inputs: [booleans([2, 0])], apply: (x) => all(x!, 1) },
  ],
  full: [
    {
      name: "numbers",
      inputs: [matrix],
      apply: (x) =>
        mul(x!, full([2, 3], 2))
          .add(ones([3]))
          .add(zeros([2, 1])),
    },
    { name: "integers", inputs: [integers([2])], apply: (x) => x!.add(ones([3, 1], { dtype: "int32" })) },
  ],
  oneHot: [
    { name: "ids", inputs: [integers([2, 2], { range: [0, 3] })], apply: (ids) => oneHot(ids!, 3, { dtype: "int32" }) },
  ],
  tril: [
    { name: "matrices", inputs: [floats([2, 3, 3])], apply: (x) => tril(x!) },
    { name: "named", inputs: [named], apply: (x) => tril(x!, 1) },
  ],
  triu: [
    { name: "wide", inputs: [matrix], apply: (x) => triu(x!, 1) },
    { name: "bool", inputs: [booleans([3, 2])], apply: (x) => triu(x!, -1) },
  ],
  variance: [
    { name: "all", inputs: [matrix], apply: (x) => variance(x!) },
    { name: "corrected", inputs: [matrix], apply: (x) => variance(x!, 1, { correction: 1, keepDimensions: true }) },
    { name: "named", inputs: [named], apply: (x) => variance(x!, 0, { correction: 1 }) },
  ],
  logSumExp: [
    { name: "all", inputs: [matrix], apply: (x) => logSumExp(x!) },
    { name: "axis", inputs: [named], apply: (x) => logSumExp(x!, -1, { keepDimensions: true }) },
    { name: "large", inputs: [numbers([1000, 1001, -1000], [3])], apply: (x) => logSumExp(x!) },
    {
      name: "infinite",
      inputs: [numbers([-inf, -inf, inf, 1], [2, 2], { differentiable: false })],
      apply: (x) => logSumExp(x!, 1),
    },
  ],
  einsum: [
    product("ij,jk->ik", [2, 3], [3, 4]),
    product("bthd,bshd->bhts", [2, 3, 2, 4], [2, 5, 2, 4]),
    product("i,j->ji", [2], [3]),
    product("ij->j", [2, 3]),
    product("ijk->kij", [2, 3, 2]),
    product("ij,ij->", [2, 3], [2, 3]),
    product("abc,cd,bd->a", [2, 3, 2], [2, 4], [3, 4]),
    {
      name: "named",
      inputs: [named, floats([3, 2], { recordedShape: ["width", 2] })],
      apply: (a, b) => einsum("bi,io->bo", a!, b!),
    },
  ],
  randomNormal: [
    {
      name: "drawn",
      inputs: [floats([3]), numbers([123456789, 987654321], [2], { dtype: "uint32" })],
      apply: (x, words) => mul(x!, randomNormal(new RandomKey(words!).derive("case"), [40, 3])),
      tolerance: { absolute: 1e-4, relative: 1e-4 },
    },
  ],
};
