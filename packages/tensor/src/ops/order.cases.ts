// Sample inputs of the ops that say when something is computed.

import type { Tensor } from "../graph.ts";
import { recompute } from "../recompute.ts";
import { anyDTypes, floats, integers, type OpCase, type OpCases, sample } from "../testing/opCase.ts";
import { mul, sin } from "./elementwise.ts";
import { after, lateSlice } from "./order.ts";

const named = { recordedShape: ["batch", 3] };

export const orderCases: OpCases = {
  after: [
    ...anyDTypes.map(
      (dtype): OpCase => ({
        name: dtype,
        inputs: [sample(dtype, [2, 3]), sample(dtype, [4])],
        apply: (x, first) => after([x!], [first!]),
      }),
    ),
    {
      name: "several of several",
      inputs: [floats([2]), integers([3]), floats([]), floats([0, 2])],
      apply: (a, b, c, d) => after([a!, b!], [c!, d!, a!]),
    },
    {
      name: "infinite and NaN",
      inputs: [floats([2]), { ...floats([2]), data: new Float32Array([-Infinity, NaN]) }].map((input, i) => ({
        ...input,
        differentiable: i === 0,
      })),
      apply: (x, first) => after([x!], [first!]),
    },
    {
      name: "named",
      inputs: [floats([2, 3], named), floats([2, 3], named)],
      apply: (x, first) => after([x!], [first!]),
    },
  ],
  lateSlice: [
    ...anyDTypes.map(
      (dtype): OpCase => ({
        name: dtype,
        inputs: [sample(dtype, [2, 5]), sample(dtype, [4])],
        apply: (x, first) => lateSlice(x!, { axis: -1, start: 1, end: 4 }, [first!]),
      }),
    ),
    {
      name: "all of it, after itself and a value that is not a number",
      inputs: [floats([3, 2]), { ...floats([1]), data: new Float32Array([NaN]), differentiable: false }],
      apply: (x, first) => lateSlice(x!, { axis: 0, start: 0, end: 3 }, [first!, x!]),
    },
    {
      name: "named",
      inputs: [floats([2, 3], named), floats([2, 3], named)],
      apply: (x, first) => lateSlice(x!, { axis: 1, start: 2, end: 3 }, [first!]),
    },
  ],
  recomputed: [
    {
      name: "of one argument",
      inputs: [floats([2, 3])],
      apply: (x) => recompute((x: Tensor) => sin(mul(x, sin(x))))(x!),
    },
    {
      name: "reading a parameter",
      inputs: [floats([2, 3]), floats([3], { seed: 2 })],
      apply: (x, weight) => recompute((x: Tensor) => sin(mul(x, weight!)))(sin(x!)),
    },
    {
      name: "with several results, one of them an argument",
      inputs: [floats([2, 3]), floats([2, 3], { seed: 2 })],
      apply: (a, b) => recompute((a: Tensor, b: Tensor) => [sin(a), mul(a, b), b])(a!, mul(b!, 2)),
    },
    {
      name: "inside another",
      inputs: [floats([4]), floats([4], { seed: 2 })],
      apply: (x, weight) => {
        const inner = recompute((x: Tensor) => sin(mul(x, weight!)));
        return recompute((x: Tensor) => mul(inner(sin(x)), weight!))(x!);
      },
    },
    {
      name: "named",
      inputs: [floats([2, 3], named)],
      apply: (x) => recompute((x: Tensor) => sin(mul(x, x)))(x!),
    },
  ],
};
