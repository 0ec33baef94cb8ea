// Sample inputs of the reductions, of broadcasting, and of the ops that make tensors from nothing.
import type { Tensor } from "../graph.ts";
import {
  anyDTypes,
  floatDTypes,
  floats,
  numbers,
  numericDTypes,
  type OpCase,
  type OpCases,
  sample,
} from "../testing/opCase.ts";
import { broadcastTo, sum } from "./broadcast.ts";
import { constant, iota } from "./create.ts";
import { cast, mul } from "./elementwise.ts";
import { argMax, cumulativeSum, max, topK } from "./reduce.ts";

type Reduce = (x: Tensor, axes?: number | readonly number[], options?: { keepDimensions?: boolean }) => Tensor;

function reductionCases(reduce: Reduce): OpCase[] {
  return [
    ...numericDTypes.map((dtype) => ({
      name: dtype,
      inputs: [sample(dtype, [3, 4], { range: [0, 5] })],
      apply: (x: Tensor) => reduce(x, 1),
    })),
    { name: "all axes", inputs: [floats([2, 3])], apply: (x) => reduce(x!) },
    { name: "first axis", inputs: [floats([2, 3])], apply: (x) => reduce(x!, 0) },
    { name: "negative and several axes", inputs: [floats([2, 3, 2])], apply: (x) => reduce(x!, [-1, 0]) },
    { name: "kept", inputs: [floats([2, 3])], apply: (x) => reduce(x!, -1, { keepDimensions: true }) },
    { name: "size 1", inputs: [floats([3, 1])], apply: (x) => reduce(x!, 1) },
    { name: "no rows", inputs: [floats([0, 3])], apply: (x) => reduce(x!, 1) },
    {
      name: "named",
      inputs: [floats([2, 3], { recordedShape: ["batch", "sequence"] })],
      apply: (x) => reduce(x!, 1),
    },
    {
      name: "NaN",
      inputs: [numbers([1, Number.NaN, 2, 3, 4, 5], [2, 3], { differentiable: false })],
      apply: (x) => reduce(x!, 1),
    },
  ];
}

export const reduceCases: OpCases = {
  sum: [
    ...reductionCases(sum),
    { name: "many rows", inputs: [floats([5, 16, 3])], apply: (x: Tensor) => sum(x, [0, 1]) },
    { name: "many rows, kept", inputs: [floats([70, 2])], apply: (x: Tensor) => sum(x, 0, { keepDimensions: true }) },
    { name: "of nothing", inputs: [floats([2, 0])], apply: (x) => sum(x!, 1) },
  ],
  max: reductionCases(max),
  argMax: [
    ...numericDTypes.map((dtype) => ({
      name: dtype,
      inputs: [sample(dtype, [3, 4], { range: [0, 50] })],
      apply: (x: Tensor) => argMax(x),
    })),
    { name: "first axis", inputs: [floats([3, 2])], apply: (x) => argMax(x!, 0) },
    { name: "first of equals", inputs: [numbers([1, 3, 3, 2], [4])], apply: (x) => argMax(x!) },
    { name: "named", inputs: [floats([2, 3], { recordedShape: ["batch", 3] })], apply: (x) => argMax(x!) },
  ],
  cumulativeSum: [
    ...numericDTypes.map((dtype) => ({
      name: dtype,
      inputs: [sample(dtype, [2, 4], { range: [0, 5] })],
      apply: (x: Tensor) => cumulativeSum(x),
    })),
    { name: "first axis", inputs: [floats([3, 2])], apply: (x) => cumulativeSum(x!, 0) },
    { name: "exclusive", inputs: [floats([4])], apply: (x) => cumulativeSum(x!, 0, { exclusive: true }) },
    { name: "reverse", inputs: [floats([4])], apply: (x) => cumulativeSum(x!, -1, { reverse: true }) },
    {
      name: "reverse and exclusive",
      inputs: [floats([2, 3])],
      apply: (x) => cumulativeSum(x!, 1, { reverse: true, exclusive: true }),
    },
    { name: "named", inputs: [floats([2, 3], { recordedShape: [2, "sequence"] })], apply: (x) => cumulativeSum(x!) },
  ],
  topK: [
    ...floatDTypes.map((dtype) => ({
      name: dtype,
      inputs: [sample(dtype, [2, 5])],
      apply: (x: Tensor) => Object.values(topK(x, 2)),
    })),
    { name: "first axis", inputs: [floats([4, 2])], apply: (x) => Object.values(topK(x!, 3, 0)) },
    { name: "all", inputs: [floats([3])], apply: (x) => Object.values(topK(x!, 3)) },
    { name: "values only", inputs: [floats([2, 4])], apply: (x) => topK(x!, 1).values },
    {
      name: "k by a name",
      inputs: [floats([2, 5]), floats([3], { recordedShape: ["k"], differentiable: false })],
      apply: (x) => Object.values(topK(x!, "k")),
    },
  ],
  broadcastTo: [
    ...anyDTypes.map((dtype) => ({
      name: dtype,
      inputs: [sample(dtype, [3])],
      apply: (x: Tensor) => broadcastTo(x, [2, 3]),
    })),
    { name: "scalar", inputs: [floats([])], apply: (x) => broadcastTo(x!, [2, 2]) },
    { name: "inner axis", inputs: [floats([2, 1, 3])], apply: (x) => broadcastTo(x!, [2, 2, 3]) },
    { name: "to nothing", inputs: [floats([1, 3])], apply: (x) => broadcastTo(x!, [0, 3]) },
    {
      name: "named",
      inputs: [floats([3]), floats([2], { recordedShape: ["batch"], differentiable: false })],
      apply: (x) => broadcastTo(x!, ["batch", 3]),
    },
  ],
  constant: anyDTypes.map((dtype) => ({
    name: dtype,
    inputs: [],
    apply: () => constant([0, 1, 2, 3], dtype, [2, 2]),
  })),
  iota: [
    { name: "length", inputs: [], apply: () => iota(5) },
    { name: "nothing", inputs: [], apply: () => iota(0) },
    {
      name: "named",
      inputs: [floats([2, 3], { recordedShape: ["batch", "sequence"] })],
      apply: (x) => mul(x!, cast(iota("sequence"), "float32")),
    },
    {
      name: "product of names",
      inputs: [floats([2, 3], { recordedShape: ["batch", "sequence"], differentiable: false })],
      apply: () => iota("2*batch*sequence-1"),
    },
  ],
};
