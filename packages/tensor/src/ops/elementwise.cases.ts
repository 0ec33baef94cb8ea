// Sample inputs of the element-wise ops.
import type { Tensor } from "../graph.ts";
import {
  anyDTypes,
  booleans,
  type CaseInput,
  floatDTypes,
  floats,
  integers,
  numbers,
  numericDTypes,
  type OpCase,
  type OpCases,
  type SampleOptions,
  sample,
} from "../testing/opCase.ts";
import * as ops from "./elementwise.ts";

type Unary = (x: Tensor) => Tensor;
type Binary = (a: Tensor, b: Tensor) => Tensor;

const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1, -1, 0.5, -2.5, 3e38];

/** Every float dtype, a scalar, no elements, named dimensions, and the special values of IEEE 754. */
function unaryCases(apply: Unary, options: SampleOptions = {}): OpCase[] {
  return [
    ...floatDTypes.map((dtype) => ({ name: dtype, inputs: [floats([2, 5], { ...options, dtype })], apply })),
    { name: "scalar", inputs: [floats([], options)], apply },
    { name: "no elements", inputs: [floats([0, 3], options)], apply },
    { name: "named", inputs: [floats([2, 3], { ...options, recordedShape: ["batch", 3] })], apply },
    { name: "special values", inputs: [numbers(special, [10], { differentiable: false })], apply },
  ];
}

/** Every dtype, and each way in which shapes broadcast. */
function binaryCases(apply: Binary, options: { left?: SampleOptions; right?: SampleOptions } = {}): OpCase[] {
  const pair = (a: readonly number[], b: readonly number[]): CaseInput[] => [
    floats(a, { seed: 1, ...options.left }),
    floats(b, { seed: 2, ...options.right }),
  ];
  return [
    { name: "same shape", inputs: pair([2, 3], [2, 3]), apply },
    { name: "scalar right", inputs: pair([2, 3], []), apply },
    { name: "scalar left", inputs: pair([], [3]), apply },
    { name: "missing axes", inputs: pair([2, 2, 3], [3]), apply },
    { name: "both broadcast", inputs: pair([2, 1], [1, 3]), apply },
    { name: "no elements", inputs: pair([0, 3], [3]), apply },
    {
      name: "named",
      inputs: [
        floats([2, 3], { ...options.left, recordedShape: ["batch", "width"] }),
        floats([3], { ...options.right, recordedShape: ["width"] }),
      ],
      apply,
    },
  ];
}

function perDType(
  apply: Binary,
  dtypes: readonly SampleOptions["dtype"][],
  range?: readonly [number, number],
): OpCase[] {
  const options = range ? { range } : {};
  return dtypes.map((dtype) => ({
    name: `${dtype}`,
    inputs: [sample(dtype!, [2, 3], { seed: 1, ...options }), sample(dtype!, [3], { seed: 2, ...options })],
    apply,
  }));
}

function specialPairs(apply: Binary): OpCase {
  const left = special.flatMap((a) => special.map(() => a));
  const right = special.flatMap(() => special);
  const plain = { differentiable: false };
  return { name: "special values", inputs: [numbers(left, [100], plain), numbers(right, [100], plain)], apply };
}

const arithmetic = (apply: Binary, options?: Parameters<typeof binaryCases>[1]): OpCase[] => [
  ...binaryCases(apply, options),
  ...perDType(apply, numericDTypes, [1, 9]),
  specialPairs(apply),
];

const comparison = (apply: Binary): OpCase[] => [
  ...binaryCases(apply),
  ...perDType(apply, numericDTypes, [0, 3]),
  specialPairs(apply),
];

const bits = { dtype: "uint32", range: [0, 2 ** 32 - 1] } as const;
const bitwise = (apply: Binary, right: SampleOptions): OpCase[] => [
  { name: "same shape", inputs: [integers([2, 3], bits), integers([2, 3], { ...right, seed: 2 })], apply },
  { name: "broadcast", inputs: [integers([2, 3], bits), integers([], { ...right, seed: 2 })], apply },
];
const logical = (apply: Binary): OpCase[] => [
  { name: "same shape", inputs: [booleans([8]), booleans([8], { seed: 2 })], apply },
  { name: "broadcast", inputs: [booleans([2, 4]), booleans([2, 1], { seed: 2 })], apply },
];
const flat = { differentiable: false };
const positive: SampleOptions = { range: [0.5, 3] };
const extremes = (dtype: "int32" | "uint32", values: readonly number[]) => numbers(values, [values.length], { dtype });

export const elementwiseCases: OpCases = {
  add: [...arithmetic(ops.add), { name: "number", inputs: [floats([3])], apply: (x) => ops.add(1, x!) }],
  sub: [...arithmetic(ops.sub), { name: "number", inputs: [floats([3])], apply: (x) => ops.sub(1, x!) }],
  mul: [
    ...arithmetic(ops.mul),
    {
      name: "wraps as 32-bit integers do",
      inputs: [extremes("int32", [2 ** 31 - 1, -(2 ** 31), 123456789]), extremes("int32", [3, -1, 987654321])],
      apply: ops.mul,
    },
    {
      name: "wraps as unsigned integers do",
      inputs: [extremes("uint32", [2 ** 32 - 1, 0x21f0aaad]), extremes("uint32", [2 ** 32 - 1, 0x735a2d97])],
      apply: ops.mul,
    },
  ],
  div: [
    ...arithmetic(ops.div, { right: positive }),
    {
      name: "integers towards zero",
      inputs: [extremes("int32", [7, -7, 7, -7, -(2 ** 31)]), extremes("int32", [2, 2, -2, -2, -1])],
      apply: ops.div,
    },
  ],
  pow: [
    ...binaryCases(ops.pow, { left: positive }),
    ...perDType(ops.pow, floatDTypes, [0.5, 2]),
    { name: "square", inputs: [floats([5])], apply: (x) => ops.pow(x!, 2) },
    { name: "cube of zero", inputs: [numbers([0, 1, -2], [3])], apply: (x) => ops.pow(x!, 3) },
  ],
  maximum: arithmetic(ops.maximum),
  minimum: arithmetic(ops.minimum),
  neg: [
    ...unaryCases(ops.neg),
    ...numericDTypes.map((dtype) => ({
      name: `${dtype} integers`,
      inputs: [sample(dtype, [4])],
      apply: ops.neg as Unary,
    })),
  ],
  abs: [
    ...unaryCases(ops.abs),
    { name: "int32", inputs: [integers([6], { range: [-5, 5] })], apply: ops.abs },
    { name: "int64", inputs: [integers([6], { range: [-5, 5], dtype: "int64" })], apply: ops.abs },
  ],
  sign: [...unaryCases(ops.sign), { name: "int32", inputs: [integers([6], { range: [-5, 5] })], apply: ops.sign }],
  floor: unaryCases(ops.floor),
  round: [
    ...unaryCases(ops.round),
    { name: "ties to even", inputs: [numbers([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5], [6], flat)], apply: ops.round },
  ],
  exp: unaryCases(ops.exp),
  log: unaryCases(ops.log, positive),
  sqrt: unaryCases(ops.sqrt, positive),
  sin: unaryCases(ops.sin),
  cos: unaryCases(ops.cos),
  tanh: unaryCases(ops.tanh),
  sigmoid: unaryCases(ops.sigmoid),
  erf: [
    ...unaryCases(ops.erf),
    { name: "far out", inputs: [numbers([-7, -3, -2.5, 2.4, 2.6, 5, 6.5], [7])], apply: ops.erf },
  ],
  isNaN: unaryCases(ops.isNaN),
  equal: [
    ...comparison(ops.equal),
    { name: "bool", inputs: [booleans([6]), booleans([6], { seed: 2 })], apply: ops.equal },
  ],
  less: comparison(ops.less),
  lessOrEqual: comparison(ops.lessOrEqual),
  logicalNot: [{ name: "vector", inputs: [booleans([6])], apply: ops.logicalNot }],
  logicalAnd: logical(ops.logicalAnd),
  logicalOr: logical(ops.logicalOr),
  bitwiseXor: bitwise(ops.bitwiseXor, bits),
  shiftRight: bitwise(ops.shiftRight, { dtype: "uint32", range: [0, 31] }),
  where: [
    ...anyDTypes.map((dtype) => ({
      name: dtype,
      inputs: [booleans([2, 3]), sample(dtype, [2, 3]), sample(dtype, [3], { seed: 2 })],
      apply: ((condition, a, b) => ops.where(condition!, a!, b!)) as OpCase["apply"],
    })),
    {
      name: "condition broadcasts",
      inputs: [booleans([2, 1]), floats([3]), floats([2, 3])],
      apply: (c, a, b) => ops.where(c!, a!, b!),
    },
    { name: "number", inputs: [booleans([4]), floats([4])], apply: (condition, x) => ops.where(condition!, x!, -1) },
  ],
  cast: anyDTypes.flatMap((from) =>
    anyDTypes
      .filter((to) => to !== from)
      .map((to) => ({
        name: `${from} to ${to}`,
        inputs: [sample(from, [6], { range: [0, 9] })],
        apply: ((x) => ops.cast(x!, to)) as OpCase["apply"],
        // A difference vanishes in the rounding.
        exactGradient: to === "float32",
      })),
  ),
  stopGradient: [{ name: "vector", inputs: [floats([4], flat)], apply: ops.stopGradient }],
};
