// The steps of random programs over fused ops, repetition and what says when something is computed.

import { crossEntropy } from "../src/functional/losses.ts";
import { attendInBlocks } from "../src/fused/attendInBlocks.ts";
import { attendWithBias } from "../src/fused/attendWithBias.ts";
import { layerNorm, rmsNorm } from "../src/fused/norms.ts";
import { productByHead } from "../src/fused/productByHead.ts";
import { rotateHalves } from "../src/fused/rotateHalves.ts";
import { scan } from "../src/fused/scan.ts";
import { logSoftmax, softmax } from "../src/fused/softmax.ts";
import { sumOfSquares } from "../src/fused/sumOfSquares.ts";
import type { Tensor } from "../src/graph.ts";
import { constant } from "../src/ops/create.ts";
import { cast } from "../src/ops/elementwise.ts";
import { slice } from "../src/ops/movement.ts";
import { after, lateSlice } from "../src/ops/order.ts";
import { recompute } from "../src/recompute.ts";
import {
  and,
  axisOf,
  binary,
  hasAxes,
  hasElements,
  isExact,
  isFloat,
  type Step,
  sameNumbers,
  unary,
} from "./randomValue.ts";

const isMatrix: Parameters<typeof and>[0] = ({ tensor: { shape } }) =>
  shape.length >= 2 && shape.slice(-2).every((size) => typeof size === "number" && size > 0);
const filled = (size: number, ...numbers: number[]) =>
  constant(
    Array.from({ length: size }, (_, i) => numbers[i % numbers.length]!),
    "float32",
    [size],
  );

export const randomLayerSteps: readonly Step[] = [
  unary(and(hasAxes, isFloat), (x, choice) => ({
    tensor: choice % 2 === 0 ? softmax(x.tensor, axisOf(x, choice)) : logSoftmax(x.tensor, axisOf(x, choice)),
    bound: 2 * x.bound + 3,
    grid: undefined,
  })),
  unary(and(hasAxes, isFloat), (x) => {
    const width = x.tensor.shape.at(-1)!;
    if (typeof width !== "number") return undefined;
    const [scale, shift] = [filled(width, 1.5), filled(width, 0.25)];
    return { tensor: layerNorm(x.tensor, scale, shift, { epsilon: 0.1 }), bound: 16, grid: undefined };
  }),
  unary(and(hasAxes, isFloat), (x) => {
    const width = x.tensor.shape.at(-1)!;
    if (typeof width !== "number") return undefined;
    return { tensor: rmsNorm(x.tensor, filled(width, 1.5, -1), { epsilon: 0.1 }), bound: 8, grid: undefined };
  }),
  unary(isFloat, (x) => ({ tensor: sumOfSquares(x.tensor.sin()), bound: 64, grid: undefined })),
  unary(and(hasAxes, isFloat), (x) => {
    const width = x.tensor.shape.at(-1)!;
    if (typeof width !== "number" || width % 2 === 1) return undefined;
    const [cosine, sine] = [filled(width / 2, 0.8, 0.6), filled(width / 2, 0.6, -0.8)];
    return { tensor: rotateHalves(x.tensor, cosine, sine), bound: 2 * x.bound, grid: undefined };
  }),
  unary(and(hasAxes, hasElements, isFloat, isExact), (x, choice) => {
    const classes = x.tensor.shape.at(-1)!;
    if (typeof classes !== "number") return undefined;
    const targets = cast(x.tensor.sum(-1).mul(0), "int32").add(choice % 4 === 0 ? -100 : choice % classes);
    return { tensor: crossEntropy(x.tensor, targets, { reduction: "none" }), bound: 2 * x.bound + 3, grid: undefined };
  }),
  binary(and(isFloat, isMatrix), (a, b, choice) => {
    const bias = choice % 2 === 0 ? filled(b.tensor.shape.at(-2) as number, 0.5, -1) : undefined;
    return { tensor: attendWithBias(a.tensor, b.tensor, b.tensor, bias), bound: b.bound, grid: undefined };
  }),
  unary(and(isFloat, isMatrix), (x, choice) => {
    const options = { blockSize: 1 + (choice % 2), causal: choice % 3 !== 0, recompute: choice % 4 < 2 };
    return { tensor: attendInBlocks(x.tensor, x.tensor.mul(0.5), x.tensor, options), bound: x.bound, grid: undefined };
  }),
  unary(and(isFloat, isMatrix), (x, choice) => {
    const width = x.tensor.shape.at(-1) as number;
    if (x.tensor.shape.length !== 3) return undefined;
    const transposeB = choice % 2 === 0;
    const weight = filled(2 * width, 0.5, -0.25, 0.125).reshape(transposeB ? [2, width] : [width, 2]);
    const tensor = productByHead(x.tensor, weight, 1 + (choice % 2), { transposeB });
    return { tensor, bound: width * x.bound, grid: undefined };
  }),
  unary(and(isFloat, isMatrix), (x) => {
    const step = (carry: Tensor, row: Tensor) => [carry.mul(0.5).add(row), carry.sub(row).sin()] as const;
    const rows = x.tensor.transpose([x.tensor.shape.length - 1, ...Array(x.tensor.shape.length - 1).keys()]);
    const [carry, outputs] = scan(step, slice(rows, 0, 0, 1).reshape(rows.shape.slice(1)), rows);
    return { tensor: outputs.add(carry), bound: 3 * x.bound, grid: undefined };
  }),
  binary(hasAxes, (a, b) => sameNumbers(a, after([a.tensor], [b.tensor])[0]!)),
  binary(and(hasAxes, hasElements), (a, b, choice) => {
    const axis = axisOf(a, choice);
    if (typeof a.tensor.shape[axis] !== "number") return undefined;
    return sameNumbers(a, lateSlice(a.tensor, { axis, start: 0, end: 1 }, [b.tensor]));
  }),
  unary(isFloat, (x) => ({
    tensor: recompute((x: Tensor) => x.sin().mul(x))(x.tensor),
    bound: x.bound,
    grid: undefined,
  })),
];
