// Sample inputs of the ops that move elements.
import type { Tensor } from "../graph.ts";
import { anyDTypes, type CaseInput, floats, type OpCase, type OpCases, sample } from "../testing/opCase.ts";
import { concat, pad, reshape, slice, split, transpose } from "./movement.ts";

function perDType(apply: (x: Tensor) => Tensor): OpCase[] {
  return anyDTypes.map((dtype) => ({ name: dtype, inputs: [sample(dtype, [2, 3])], apply }));
}

const named: CaseInput = floats([2, 3, 4], { recordedShape: ["batch", "sequence", 4] });

export const movementCases: OpCases = {
  reshape: [
    ...perDType((x) => reshape(x, [3, 2])),
    { name: "to a scalar", inputs: [floats([1, 1])], apply: (x) => reshape(x!, []) },
    { name: "from a scalar", inputs: [floats([])], apply: (x) => reshape(x!, [1, 1]) },
    { name: "one size worked out", inputs: [floats([4, 3])], apply: (x) => reshape(x!, [2, -1]) },
    { name: "no elements", inputs: [floats([0, 3])], apply: (x) => reshape(x!, [3, 0, 2]) },
    { name: "named product", inputs: [named], apply: (x) => reshape(x!, [-1, 4]) },
    { name: "named split", inputs: [named], apply: (x) => reshape(x!, ["batch", "sequence", 2, 2]) },
  ],
  transpose: [
    ...perDType((x) => transpose(x)),
    { name: "order", inputs: [floats([2, 3, 4])], apply: (x) => transpose(x!, [2, 0, 1]) },
    { name: "negative axes", inputs: [floats([2, 3, 4])], apply: (x) => transpose(x!, [-1, 0, -2]) },
    { name: "no elements", inputs: [floats([0, 3])], apply: (x) => transpose(x!) },
    { name: "named", inputs: [named], apply: (x) => transpose(x!, [1, 0, 2]) },
  ],
  slice: [
    ...perDType((x) => slice(x, 1, 1, 3)),
    { name: "from the end", inputs: [floats([5])], apply: (x) => slice(x!, -1, -3, -1) },
    { name: "nothing", inputs: [floats([5, 2])], apply: (x) => slice(x!, 0, 2, 2) },
    { name: "to the end", inputs: [floats([2, 4])], apply: (x) => slice(x!, 1, 1) },
    { name: "named", inputs: [named], apply: (x) => slice(x!, 1, -1) },
    { name: "up to a name", inputs: [named], apply: (x) => slice(x!, 1, 1, "sequence") },
  ],
  pad: [
    ...perDType((x) => pad(x, 1, 1, 2)),
    { name: "in front", inputs: [floats([2, 2])], apply: (x) => pad(x!, -2, 2, 0) },
    { name: "nothing to something", inputs: [floats([0, 2])], apply: (x) => pad(x!, 0, 1, 1) },
    { name: "by a name", inputs: [named], apply: (x) => pad(x!, 1, 0, "batch") },
  ],
  concat: [
    ...anyDTypes.map((dtype) => ({
      name: dtype,
      inputs: [sample(dtype, [2, 3]), sample(dtype, [1, 3], { seed: 2 })],
      apply: (...parts: Tensor[]) => concat(parts),
    })),
    { name: "one tensor", inputs: [floats([2])], apply: (x) => concat([x!]) },
    { name: "the same twice", inputs: [floats([2, 2])], apply: (x) => concat([x!, x!], -1) },
    { name: "with nothing", inputs: [floats([2]), floats([0])], apply: (a, b) => concat([a!, b!]) },
    { name: "named", inputs: [named, named], apply: (a, b) => concat([a!, b!], 1) },
  ],
  split: [
    ...perDType((x) => split(x, [1, 2], 1)[1]!),
    { name: "all parts", inputs: [floats([2, 5])], apply: (x) => concat([...split(x!, [2, 3])].reverse(), -1) },
    { name: "one part unused", inputs: [floats([5, 2])], apply: (x) => split(x!, [1, 3, 1], 0)[1]! },
    { name: "an empty part", inputs: [floats([3])], apply: (x) => split(x!, [0, 3])[1]! },
    { name: "named", inputs: [named], apply: (x) => split(x!, ["sequence-1", 1], 1)[0]! },
  ],
};
