// Sample inputs of the fused ops.
import type { Tensor } from "../graph.ts";
import "../fluent.ts";
import { iota } from "../ops/create.ts";
import { equal, logicalOr } from "../ops/elementwise.ts";
import { reshape } from "../ops/movement.ts";
import { record } from "../ops/op.ts";
import { RandomKey } from "../random.ts";
import {
  booleans,
  type CaseInput,
  floatDTypes,
  floats,
  integers,
  numbers,
  type OpCase,
  type OpCases,
} from "../testing/opCase.ts";
import { attendInBlocks, attendInBlocksOp, type BlockOptions } from "./attendInBlocks.ts";
import { attendWithBias, attendWithBiasOp } from "./attendWithBias.ts";
import { crossEntropyRows } from "./crossEntropy.ts";
import { gelu } from "./gelu.ts";
import { layerNorm, layerNormOp, rmsNorm, rmsNormOp } from "./norms.ts";
import { productByHead } from "./productByHead.ts";
import { dequantizeBlockwise, quantizeBlockwise } from "./quantizeBlockwise.ts";
import { quantizedMatmul } from "./quantizedMatmul.ts";
import { rotateHalves } from "./rotateHalves.ts";
import { scan } from "./scan.ts";
import { logSoftmax, softmax } from "./softmax.ts";
import { sumOfSquares } from "./sumOfSquares.ts";

function rowCases(apply: (x: Tensor, axis?: number) => Tensor): OpCase[] {
  return [
    ...floatDTypes.map((dtype) => ({
      name: dtype,
      inputs: [floats([2, 4], { dtype })],
      apply: (x: Tensor) => apply(x),
    })),
    { name: "vector", inputs: [floats([5])], apply: (x) => apply(x!) },
    { name: "first axis", inputs: [floats([3, 2])], apply: (x) => apply(x!, 0) },
    { name: "large numbers", inputs: [numbers([1000, 1001, -1000], [3])], apply: (x) => apply(x!) },
    { name: "one class", inputs: [floats([3, 1])], apply: (x) => apply(x!) },
    { name: "no rows", inputs: [floats([0, 3])], apply: (x) => apply(x!) },
    { name: "named", inputs: [floats([2, 3], { recordedShape: ["batch", "sequence"] })], apply: (x) => apply(x!) },
  ];
}

const named = floats([2, 4], { recordedShape: ["batch", 4] });
const weight = (seed: number): CaseInput => floats([4], { seed });
const quantized = integers([4, 3], { dtype: "int8", range: [-127, 127] });
const codes = integers([2, 256], { dtype: "uint8", range: [0, 255] });
/** 1 and ever smaller numbers, to below the smallest level. */
const decades = Array.from({ length: 256 }, (_, i) => 10 ** (-i / 28));
const scales = floats([3], { range: [0.01, 0.02], differentiable: false });
/** True where a query meets its own key, so that no query is without any. */
const diagonal = () => equal(reshape(iota(5), [5, 1]), iota(5));
/** One step of 8-bit rounding may fall to the other side where the runtime's own sums differ in the last bit. */
const rounding = { relative: 1e-4, absolute: 1e-3 };

/** Query [2, 5, 3], key [2, S, 3], value [2, S, 2], further inputs; blocks of two queries. */
function inBlocks(
  name: string,
  options: Partial<BlockOptions> & { keys?: number },
  others: readonly CaseInput[] = [],
  bind: (others: readonly Tensor[]) => Partial<BlockOptions> = () => ({}),
): OpCase[] {
  const { keys = 5, ...given } = options;
  const shapes = [
    [2, 5, 3],
    [2, keys, 3],
    [2, keys, 2],
  ];
  return [true, false].map((recompute) => ({
    name: `${name}, ${recompute ? "recomputed" : "kept"}`,
    inputs: [...shapes.map((shape, seed) => floats(shape, { seed })), ...others],
    apply: (q, k, v, ...rest) =>
      attendInBlocks(q!, k!, v!, { blockSize: 2, causal: true, recompute, ...given, ...bind(rest) }),
  }));
}

export const fusedCases: OpCases = {
  attendInBlocks: [
    ...inBlocks("causal", {}),
    ...inBlocks("both sides", { causal: false, keys: 4 }),
    ...inBlocks("a longer past", { keys: 7 }),
    ...inBlocks("scaled", { scale: 0.3 }),
    ...inBlocks("window", { window: 3 }),
    ...inBlocks("window of one", { window: 1 }),
    ...inBlocks("window over a longer past", { window: 2, keys: 8 }),
    ...inBlocks(
      "padding",
      { causal: false },
      [numbers([1, 1, 1, 1, 1, 1, 1, 1, 0, 0], [2, 1, 5], { dtype: "bool" })],
      ([mask]) => ({
        mask: mask!,
      }),
    ),
    ...inBlocks("causal and mask", {}, [booleans([5, 5])], ([mask]) => ({ mask: logicalOr(mask!, diagonal()) })),
    ...inBlocks(
      "dropout",
      { dropoutRate: 0.4 },
      [numbers([123456789, 987654321], [2], { dtype: "uint32" })],
      ([words]) => ({
        key: new RandomKey(words!),
      }),
    ),
    {
      name: "weights as well",
      inputs: [floats([3, 2], { seed: 1 }), floats([3, 2], { seed: 2 }), floats([3, 2], { seed: 3 })],
      apply: (...inputs) =>
        record(attendInBlocksOp, inputs, {
          blockSize: 2,
          causal: true,
          window: 0,
          recompute: false,
          masked: false,
          dropoutRate: 0,
          scale: 0.5,
        }),
    },
    {
      name: "one key for a group of heads",
      inputs: [floats([2, 2, 4, 3], { seed: 1 }), floats([2, 1, 4, 3], { seed: 2 }), floats([2, 1, 4, 2], { seed: 3 })],
      apply: (q, k, v) => attendInBlocks(q!, k!, v!, { blockSize: 3, causal: true, recompute: true }),
    },
    {
      name: "named batch, float16",
      inputs: [1, 2, 3].map((seed) => floats([2, 4, 2], { seed, dtype: "float16", recordedShape: ["batch", 4, 2] })),
      apply: (q, k, v) => attendInBlocks(q!, k!, v!, { blockSize: 3, causal: true, recompute: true }),
    },
  ],
  softmax: rowCases(softmax),
  logSoftmax: rowCases(logSoftmax),
  gelu: (["none", "tanh"] as const).flatMap((approximate): OpCase[] => [
    ...floatDTypes.map((dtype) => ({
      name: `${approximate} ${dtype}`,
      inputs: [floats([2, 4], { dtype, range: [-4, 4] })],
      apply: (x: Tensor) => gelu(x, { approximate }),
    })),
    {
      name: `${approximate} far out`,
      inputs: [numbers([-30, -8, 8, 30], [4])],
      apply: (x) => gelu(x!, { approximate }),
    },
    { name: `${approximate} named`, inputs: [named], apply: (x) => gelu(x!, { approximate }) },
  ]),
  attendWithBias: [
    ...floatDTypes.map((dtype) => ({
      name: dtype,
      inputs: [3, 5, 5].map((rows, i) => floats([2, rows, 4], { dtype, seed: i + 1 })),
      apply: (q: Tensor, k: Tensor, v: Tensor) => attendWithBias(q, k, v),
    })),
    {
      name: "bias",
      inputs: [
        floats([2, 2, 3, 4]),
        floats([2, 2, 5, 4], { seed: 2 }),
        floats([2, 2, 5, 3], { seed: 3 }),
        floats([3, 5]),
      ],
      apply: (q, k, v, bias) => attendWithBias(q!, k!, v!, bias!),
    },
    {
      name: "weights",
      inputs: [floats([3, 4]), floats([2, 5, 4], { seed: 2 }), floats([2, 5, 4], { seed: 3 })],
      apply: (...inputs) => record(attendWithBiasOp, inputs, {}),
    },
    {
      name: "named",
      inputs: [1, 2, 3].map((seed) => floats([2, 3, 4], { seed, recordedShape: ["batch", "sequence", 4] })),
      apply: (q, k, v) => attendWithBias(q!, k!, v!),
    },
  ],
  sumOfSquares: [
    ...floatDTypes.map((dtype) => ({
      name: dtype,
      inputs: [floats([2, 3], { dtype })],
      apply: (x: Tensor) => sumOfSquares(x),
    })),
    { name: "scalar", inputs: [floats([])], apply: (x) => sumOfSquares(x!) },
    { name: "nothing", inputs: [floats([0, 2])], apply: (x) => sumOfSquares(x!) },
    { name: "named", inputs: [named], apply: (x) => sumOfSquares(x!) },
  ],
  layerNorm: [
    ...floatDTypes.map((dtype) => ({
      name: dtype,
      inputs: [floats([3, 4], { dtype }), floats([4], { dtype, seed: 2 }), floats([4], { dtype, seed: 3 })],
      apply: (x: Tensor, w: Tensor, b: Tensor) => layerNorm(x, w, b),
    })),
    { name: "vector", inputs: [weight(1), weight(2), weight(3)], apply: (x, w, b) => layerNorm(x!, w!, b!) },
    {
      name: "epsilon",
      inputs: [floats([2, 2, 4]), weight(2), weight(3)],
      apply: (x, w, b) => layerNorm(x!, w!, b!, { epsilon: 0.5 }),
    },
    {
      name: "statistics",
      inputs: [floats([2, 4]), weight(2), weight(3)],
      apply: (x, w, b) => record(layerNormOp, [x!, w!, b!], { epsilon: 1e-5 }),
    },
    { name: "named", inputs: [named, weight(2), weight(3)], apply: (x, w, b) => layerNorm(x!, w!, b!) },
  ],
  rmsNorm: [
    ...floatDTypes.map((dtype) => ({
      name: dtype,
      inputs: [floats([3, 4], { dtype }), floats([4], { dtype, seed: 2 })],
      apply: (x: Tensor, w: Tensor) => rmsNorm(x, w),
    })),
    { name: "epsilon", inputs: [floats([2, 2, 4]), weight(2)], apply: (x, w) => rmsNorm(x!, w!, { epsilon: 0.5 }) },
    {
      name: "statistics",
      inputs: [floats([2, 4]), weight(2)],
      apply: (x, w) => record(rmsNormOp, [x!, w!], { epsilon: 1e-5 }),
    },
    { name: "named", inputs: [named, weight(2)], apply: (x, w) => rmsNorm(x!, w!) },
  ],
  productByHead: [
    ...floatDTypes.map((dtype) => ({
      name: dtype,
      inputs: [floats([2, 5, 3], { dtype }), floats([3, 4], { dtype, seed: 1 })],
      apply: (x: Tensor, weight: Tensor) => productByHead(x, weight, 2),
    })),
    {
      name: "transposed",
      inputs: [floats([2, 5, 3]), floats([6, 3], { seed: 1 })],
      apply: (x, weight) => productByHead(x!, weight!, 3, { transposeB: true }),
    },
    {
      name: "named",
      inputs: [floats([2, 3, 2], { recordedShape: ["batch", "sequence", 2] }), floats([2, 2], { seed: 1 })],
      apply: (x, weight) => productByHead(x!, weight!, 2),
    },
    {
      name: "nothing to add up",
      inputs: [floats([2, 3, 0]), floats([0, 4])],
      apply: (x, weight) => productByHead(x!, weight!, 2),
    },
  ],
  rotateHalves: [
    ...floatDTypes.map((dtype) => ({
      name: dtype,
      inputs: [
        [2, 3, 5, 4],
        [5, 2],
        [5, 2],
      ].map((shape, seed) => floats(shape, { dtype, seed })),
      apply: (x: Tensor, cosine: Tensor, sine: Tensor) => rotateHalves(x, cosine, sine),
    })),
    {
      name: "angles for each sequence",
      inputs: [
        [2, 3, 5, 4],
        [2, 1, 5, 2],
        [2, 1, 5, 2],
      ].map((shape, seed) => floats(shape, { seed })),
      apply: (x, cosine, sine) => rotateHalves(x!, cosine!, sine!),
    },
    {
      name: "one matrix",
      inputs: [
        [3, 6],
        [3, 3],
        [3, 3],
      ].map((shape, seed) => floats(shape, { seed })),
      apply: (x, cosine, sine) => rotateHalves(x!, cosine!, sine!),
    },
    {
      name: "named",
      inputs: [
        floats([2, 3, 3, 4], { recordedShape: ["batch", 3, "sequence", 4] }),
        floats([3, 2], { seed: 1, recordedShape: ["sequence", 2] }),
        floats([3, 2], { seed: 2, recordedShape: ["sequence", 2] }),
      ],
      apply: (x, cosine, sine) => rotateHalves(x!, cosine!, sine!),
    },
  ],
  crossEntropyRows: [
    ...floatDTypes.map((dtype) => ({
      name: dtype,
      inputs: [floats([3, 4], { dtype }), integers([3], { range: [0, 3] })],
      apply: (logits: Tensor, targets: Tensor) => crossEntropyRows(logits, targets, -100),
    })),
    {
      name: "ignored rows",
      inputs: [floats([4, 3]), numbers([1, -100, 2, -100], [4], { dtype: "int32" })],
      apply: (logits, targets) => crossEntropyRows(logits!, targets!, -100),
    },
    {
      name: "ignored class",
      inputs: [floats([3, 3]), numbers([1, 0, 2], [3], { dtype: "int32" })],
      apply: (logits, targets) => crossEntropyRows(logits!, targets!, 0),
    },
    {
      name: "named",
      inputs: [
        floats([2, 3], { recordedShape: ["rows", 3] }),
        integers([2], { range: [0, 2], recordedShape: ["rows"] }),
      ],
      apply: (logits, targets) => crossEntropyRows(logits!, targets!, -100),
    },
  ],
  quantizedMatmul: [
    { name: "matrix", inputs: [floats([2, 4]), quantized, scales] },
    { name: "batch", inputs: [floats([2, 3, 4]), quantized, scales] },
    { name: "positive only", inputs: [floats([2, 4], { range: [1, 3] }), quantized, scales] },
    { name: "zeros", inputs: [numbers([0, 0, 0, 0], [1, 4]), quantized, scales] },
    { name: "named", inputs: [named, quantized, scales] },
  ].map((sample) => ({
    ...sample,
    apply: (x, w, s) => quantizedMatmul(x!, w!, s!),
    exactGradient: false,
    tolerance: rounding,
  })),
  quantizeBlockwise: [
    { name: "signed", inputs: [floats([2, 256], { range: [-3, 3] })], levels: "signed" as const },
    { name: "unsigned", inputs: [floats([4, 128], { range: [0, 2] })], levels: "unsigned" as const },
    { name: "zeros", inputs: [numbers(Array(256).fill(0), [256])], levels: "signed" as const },
    { name: "small beside large", inputs: [numbers(decades, [256])], levels: "unsigned" as const },
  ].map(({ levels, inputs, ...sample }) => ({
    ...sample,
    inputs: inputs.map((input) => ({ ...input, differentiable: false })),
    apply: (x) => Object.values(quantizeBlockwise(x!, levels)),
  })),
  dequantizeBlockwise: [
    { name: "signed", inputs: [codes, floats([2], { seed: 2 })], levels: "signed" as const },
    { name: "unsigned", inputs: [codes, floats([2], { seed: 3 })], levels: "unsigned" as const },
  ].map(({ levels, ...sample }) => ({
    ...sample,
    apply: (codes, scales) => dequantizeBlockwise({ codes: codes!, scales: scales! }, levels),
  })),
  scan: [
    {
      name: "decay",
      inputs: [floats([3]), floats([4, 3], { seed: 2 })],
      apply: (state, rows) =>
        scan((carry: Tensor, row: Tensor) => [carry.mul(0.5).add(row), carry.mul(row)] as const, state!, rows!).flat(),
    },
    {
      name: "one step, nothing put out",
      inputs: [floats([2]), floats([1, 2], { seed: 2 })],
      apply: (state, rows) => [scan((carry: Tensor, row: Tensor) => [carry.mul(row), {}] as const, state!, rows!)[0]],
    },
    {
      name: "reads what is around it",
      inputs: [floats([2, 3]), floats([3, 2, 3], { seed: 2 }), floats([3, 3], { seed: 3, range: [-0.4, 0.4] })],
      apply: (state, rows, weight) => {
        const around = weight!.mul(2);
        const step = (carry: Tensor, row: Tensor) => [carry.add(row).matmul(around).tanh(), carry] as const;
        // Of its inputs, one was computed from another.
        return scan(step, around.slice(0, 0, 2).add(state!), rows!).flat();
      },
    },
    {
      name: "counts, and gives back what it gets",
      inputs: [integers([], { range: [5, 5] }), integers([3, 2]), floats([2])],
      apply: (count, rows, kept) => {
        const step = (carry: { count: Tensor; kept: Tensor }, row: Tensor) =>
          [{ count: carry.count.add(1), kept: carry.kept }, [row, carry.count, carry.kept.mul(2)]] as const;
        const [carry, outputs] = scan(step, { count: count!, kept: kept! }, rows!);
        return [carry.count, carry.kept, ...outputs];
      },
    },
    {
      name: "inside another",
      inputs: [floats([2]), floats([2, 3, 2], { seed: 2 })],
      apply: (state, rows) => {
        const inner = (carry: Tensor, row: Tensor) => [carry.mul(row).add(state!), carry] as const;
        return scan((carry: Tensor, block: Tensor) => scan(inner, carry, block), state!, rows!).flat();
      },
    },
    {
      name: "softmax and a product inside",
      inputs: [floats([2, 3]), floats([3, 3], { seed: 2 }), floats([2, 2, 3], { seed: 3 })],
      apply: (state, weight, rows) =>
        scan(
          (carry: Tensor, row: Tensor) => [softmax(carry.matmul(weight!)).add(row), carry.sum()] as const,
          state!,
          rows!,
        ).flat(),
    },
    {
      name: "sizes that vary",
      inputs: [
        floats([2, 3], { recordedShape: ["batch", 3] }),
        floats([2, 2, 3], { seed: 2, recordedShape: [2, "batch", 3] }),
      ],
      apply: (state, rows) =>
        scan(
          (carry: Tensor, row: Tensor) => [carry.add(row), carry.reshape(["batch", 3, 1])] as const,
          state!,
          rows!,
        ).flat(),
    },
  ],
};
