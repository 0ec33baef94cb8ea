// Sample inputs of reading and adding by index, and of the matrix product.
import type { Tensor } from "../graph.ts";
import {
  anyDTypes,
  floatDTypes,
  floats,
  integers,
  numbers,
  numericDTypes,
  type OpCase,
  type OpCases,
  sample,
} from "../testing/opCase.ts";
import { gather, gatherElements, scatterAdd, scatterElementsAdd, updateSlice } from "./gather.ts";
import { type MatmulOptions, matmul } from "./matmul.ts";

const rows = (shape: readonly number[], highest: number, seed = 1) => integers(shape, { range: [0, highest], seed });
const at = (start: number) => numbers([start], [], { dtype: "int32" });

function product(a: readonly number[], b: readonly number[], options: MatmulOptions = {}): OpCase {
  const flags = Object.keys(options).join(" ");
  return {
    name: `[${a}] × [${b}] ${flags}`.trim(),
    inputs: [floats(a), floats(b, { seed: 2 })],
    apply: (x, y) => matmul(x!, y!, options),
  };
}

export const gatherCases: OpCases = {
  gather: [
    ...anyDTypes.map((dtype) => ({
      name: dtype,
      inputs: [sample(dtype, [4, 2]), rows([3], 3)],
      apply: (table: Tensor, indices: Tensor) => gather(table, indices),
    })),
    { name: "matrix of indices", inputs: [floats([4, 2]), rows([2, 3], 3)], apply: (x, i) => gather(x!, i!) },
    { name: "scalar index", inputs: [floats([4, 2]), rows([], 3)], apply: (x, i) => gather(x!, i!) },
    {
      name: "the same row often",
      inputs: [floats([4, 2]), numbers([1, 1, 1], [3], { dtype: "int32" })],
      apply: (x, i) => gather(x!, i!),
    },
    { name: "middle axis", inputs: [floats([2, 4, 3]), rows([2], 3)], apply: (x, i) => gather(x!, i!, 1) },
    { name: "last axis, matrix", inputs: [floats([2, 3, 4]), rows([2, 2], 3)], apply: (x, i) => gather(x!, i!, -1) },
    { name: "no indices", inputs: [floats([4, 2]), rows([0], 3)], apply: (x, i) => gather(x!, i!) },
    {
      name: "named",
      inputs: [floats([4, 2]), integers([2, 3], { range: [0, 3], recordedShape: ["batch", "sequence"] })],
      apply: (x, i) => gather(x!, i!),
    },
  ],
  scatterAdd: [
    ...numericDTypes.map((dtype) => ({
      name: dtype,
      inputs: [rows([3], 3), sample(dtype, [3, 2])],
      apply: (indices: Tensor, updates: Tensor) => scatterAdd(indices, updates, 4),
    })),
    { name: "the same row often", inputs: [rows([9], 1), floats([9, 2])], apply: (i, u) => scatterAdd(i!, u!, 2) },
    { name: "matrix of indices", inputs: [rows([2, 3], 3), floats([2, 3, 2])], apply: (i, u) => scatterAdd(i!, u!, 4) },
    { name: "numbers", inputs: [rows([5], 2), floats([5])], apply: (i, u) => scatterAdd(i!, u!, 3) },
    { name: "nothing", inputs: [rows([0], 2), floats([0, 2])], apply: (i, u) => scatterAdd(i!, u!, 3) },
    {
      name: "onto other rows",
      inputs: [rows([3], 3), floats([3, 2]), floats([4, 2], { seed: 2 })],
      apply: (i, u, onto) => scatterAdd(i!, u!, 4, onto!),
    },
    {
      name: "onto many rows",
      inputs: [rows([3], 30), floats([3, 1]), floats([40, 1], { seed: 2 })],
      apply: (i, u, onto) => scatterAdd(i!, u!, 40, onto!),
    },
    {
      name: "nothing onto other rows",
      inputs: [rows([0], 2), floats([0, 2]), floats([3, 2], { seed: 2 })],
      apply: (i, u, onto) => scatterAdd(i!, u!, 3, onto!),
    },
    {
      name: "named",
      inputs: [
        integers([3], { range: [0, 1], recordedShape: ["sequence"] }),
        floats([3, 2], { recordedShape: ["sequence", 2] }),
      ],
      apply: (i, u) => scatterAdd(i!, u!, "sequence"),
    },
  ],
  gatherElements: [
    ...anyDTypes.map((dtype) => ({
      name: dtype,
      inputs: [sample(dtype, [2, 4]), rows([2, 3], 3)],
      apply: (x: Tensor, indices: Tensor) => gatherElements(x, indices),
    })),
    { name: "first axis", inputs: [floats([4, 2]), rows([3, 2], 3)], apply: (x, i) => gatherElements(x!, i!, 0) },
    {
      name: "named",
      inputs: [
        floats([2, 4], { recordedShape: ["batch", 4] }),
        integers([2, 1], { range: [0, 3], recordedShape: ["batch", 1] }),
      ],
      apply: (x, i) => gatherElements(x!, i!, 1),
    },
  ],
  scatterElementsAdd: [
    ...numericDTypes.map((dtype) => ({
      name: dtype,
      inputs: [rows([2, 3], 3), sample(dtype, [2, 3])],
      apply: (indices: Tensor, updates: Tensor) => scatterElementsAdd(indices, updates, { axis: 1, size: 4 }),
    })),
    {
      name: "the same place often",
      inputs: [rows([6, 2], 1), floats([6, 2])],
      apply: (i, u) => scatterElementsAdd(i!, u!, { axis: 0, size: 2 }),
    },
    {
      name: "onto other elements",
      inputs: [rows([2, 3], 3), floats([2, 3]), floats([2, 4], { seed: 2 })],
      apply: (i, u, onto) => scatterElementsAdd(i!, u!, { axis: 1, size: 4, onto: onto! }),
    },
    {
      name: "nothing onto other elements",
      inputs: [rows([2, 0], 3), floats([2, 0]), floats([2, 4], { seed: 2 })],
      apply: (i, u, onto) => scatterElementsAdd(i!, u!, { axis: 1, size: 4, onto: onto! }),
    },
    {
      name: "named",
      inputs: [
        integers([2, 3], { range: [0, 3], recordedShape: ["batch", 3] }),
        floats([2, 3], { recordedShape: ["batch", 3] }),
      ],
      apply: (i, u) => scatterElementsAdd(i!, u!, { axis: 1, size: 4 }),
    },
  ],
  updateSlice: [
    ...anyDTypes.map((dtype) => ({
      name: dtype,
      inputs: [sample(dtype, [4, 3]), sample(dtype, [2, 3], { seed: 2 }), at(1)],
      apply: (target: Tensor, patch: Tensor, start: Tensor) => updateSlice(target, patch, start, 0),
    })),
    {
      name: "at the start",
      inputs: [floats([2, 4]), floats([2, 2]), at(0)],
      apply: (t, p, s) => updateSlice(t!, p!, s!, 1),
    },
    {
      name: "at the end",
      inputs: [floats([2, 4, 2]), floats([2, 1, 2]), at(3)],
      apply: (t, p, s) => updateSlice(t!, p!, s!, -2),
    },
    {
      name: "all of it",
      inputs: [floats([3]), floats([3], { seed: 2 }), at(0)],
      apply: (t, p, s) => updateSlice(t!, p!, s!, 0),
    },
    {
      name: "named",
      inputs: [
        floats([2, 4], { recordedShape: ["batch", "capacity"] }),
        floats([2, 1], { recordedShape: ["batch", 1] }),
        at(2),
      ],
      apply: (t, p, s) => updateSlice(t!, p!, s!, 1),
    },
  ],
  matmul: [
    ...floatDTypes.map((dtype) => ({
      name: dtype,
      inputs: [floats([2, 3], { dtype }), floats([3, 4], { dtype, seed: 2 })],
      apply: (a: Tensor, b: Tensor) => matmul(a, b),
    })),
    product([3, 2], [3, 4], { transposeA: true }),
    product([2, 3], [4, 3], { transposeB: true }),
    product([3, 2], [4, 3], { transposeA: true, transposeB: true }),
    product([2, 2, 3], [3, 2]),
    product([2, 2, 3], [2, 3], { transposeB: true }),
    product([2, 3, 2], [3, 2], { transposeA: true }),
    product([2, 2, 3], [2, 3, 2]),
    product([2, 3], [2, 3, 2]),
    product([2, 1, 2, 3], [2, 3, 2]),
    product([2, 1, 3, 2], [2, 2, 3], { transposeA: true, transposeB: true }),
    product([1, 1], [1, 1]),
    product([0, 3], [3, 2]),
    product([2, 0], [0, 3]),
    product([2, 4, 0], [2, 4, 0], { transposeB: true }),
    {
      name: "named",
      inputs: [floats([2, 3, 2], { recordedShape: ["batch", "sequence", 2] }), floats([2, 3])],
      apply: (a, b) => matmul(a!, b!),
    },
    {
      name: "named inner size",
      inputs: [
        floats([2, 3, 2], { recordedShape: ["batch", "sequence", 2] }),
        floats([2, 3, 2], { recordedShape: ["batch", "sequence", 2], seed: 2 }),
      ],
      apply: (a, b) => matmul(a!, b!, { transposeA: true }),
    },
  ],
};
