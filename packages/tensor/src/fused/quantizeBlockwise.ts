// Block-wise quantisation (Dettmers et al. 2022, "8-bit Optimizers via Block-wise Quantization"): each 256 elements share a scale, and
// an element is the code of the level nearest to it. The CPU's update kernels read and write codes in place (see wasm/blockwise.ts).
import { DTypeError, ShapeError } from "../errors.ts";
import { describeShape, describeType, type Shape, type Tensor } from "../graph.ts";
import { sum } from "../ops/broadcast.ts";
import { constant } from "../ops/create.ts";
import { abs, add, cast, div, greater, maximum, mul, where } from "../ops/elementwise.ts";
import { gather } from "../ops/gather.ts";
import { reshape } from "../ops/movement.ts";
import { apply, defineFusedOp, record } from "../ops/op.ts";
import { max } from "../ops/reduce.ts";
import { concreteCount, isConcrete, shapesEqual } from "../shape.ts";
import { levelBoundaries, type QuantizationLevels, quantizationLevels } from "./quantizationLevels.ts";

/** Elements that share a scale. */
export const quantizationBlockSize = 256;
/** Of a block of zeros. */
export const smallestBlockScale = 1e-12;

/** What `quantizeBlockwise` makes of a tensor. */
export interface BlockwiseQuantized {
  /** uint8, of the tensor's shape. */
  readonly codes: Tensor;
  /** float32, one for each 256 elements in the order of memory: the largest of their absolute values, at least 1e-12. */
  readonly scales: Tensor;
}

type BlockwiseAttributes = { levels: QuantizationLevels };

function blocksOf(where: string, shape: Shape): number {
  const blocks = isConcrete(shape) ? concreteCount(shape) / quantizationBlockSize : Number.NaN;
  if (Number.isInteger(blocks) && blocks > 0) return blocks;
  throw new ShapeError(
    `${where}: the number of elements must be known and a multiple of ${quantizationBlockSize}, got shape ${describeShape(shape)} (pad it, or keep it as float32)`,
  );
}

/** Outputs: codes and scales. */
export const quantizeBlockwiseOp = defineFusedOp<BlockwiseAttributes>({
  name: "quantizeBlockwise",
  precision: "float32",
  infer: ([x]) => {
    if (x!.dtype !== "float32")
      throw new DTypeError(`quantizeBlockwise: expected float32, got ${describeType(x!)} (cast it first)`);
    return [
      { dtype: "uint8", shape: x!.shape },
      { dtype: "float32", shape: [blocksOf("quantizeBlockwise", x!.shape)] },
    ];
  },
  vjp: "zero",
  compose: ([x], { levels }) => {
    const blocks = reshape(x!, [blocksOf("quantizeBlockwise", x!.shape), quantizationBlockSize]);
    const scales = maximum(max(abs(blocks), -1, { keepDimensions: true }), smallestBlockScale);
    const codes = nearestLevels(mul(blocks, div(constant(1), scales)), levels);
    return [reshape(cast(codes, "uint8"), x!.shape), reshape(scales, [scales.shape[0]!])];
  },
});

/** How many boundaries lie below each number, by halving the range in which the answer lies. */
function nearestLevels(x: Tensor, levels: QuantizationLevels): Tensor {
  const boundaries = levelBoundaries(levels);
  const table = constant(boundaries, "float32", [boundaries.length]);
  let codes = where(greater(x, boundaries[127]!), constant(128, "int32"), constant(0, "int32"));
  for (let half = 64; half >= 1; half /= 2) {
    const isAbove = greater(x, gather(table, add(codes, half - 1)));
    codes = where(isAbove, add(codes, half), codes);
  }
  return codes;
}

export const dequantizeBlockwiseOp = defineFusedOp<BlockwiseAttributes>({
  name: "dequantizeBlockwise",
  precision: "float32",
  infer: ([codes, scales]) => {
    if (codes!.dtype !== "uint8" || scales!.dtype !== "float32") {
      throw new DTypeError(
        `dequantizeBlockwise: expected uint8 codes and float32 scales, got ${describeType(codes!)} and ${describeType(scales!)}`,
      );
    }
    const blocks = blocksOf("dequantizeBlockwise", codes!.shape);
    if (!shapesEqual(scales!.shape, [blocks])) {
      throw new ShapeError(
        `dequantizeBlockwise: codes ${describeShape(codes!.shape)} need ${blocks} scales, one for each ${quantizationBlockSize} elements, got ${describeShape(scales!.shape)}`,
      );
    }
    return { dtype: "float32", shape: codes!.shape };
  },
  vjp: ({ gradient, inputs: [codes, scales], attributes: { levels } }) => [
    undefined,
    sum(mul(reshape(gradient, [scales!.shape[0]!, quantizationBlockSize]), levelsOf(codes!, levels)), -1),
  ],
  compose: ([codes, scales], { levels }) =>
    reshape(mul(levelsOf(codes!, levels), reshape(scales!, [scales!.shape[0]!, 1])), codes!.shape),
});

/** In blocks. */
function levelsOf(codes: Tensor, levels: QuantizationLevels): Tensor {
  const table = constant(quantizationLevels[levels], "float32", [quantizationLevels[levels].length]);
  const blocks = reshape(codes, [blocksOf("dequantizeBlockwise", codes.shape), quantizationBlockSize]);
  return gather(table, cast(blocks, "int32"));
}

/**
 * x (float32, a multiple of 256 elements) in 8 bits an element and a float32 scale for each 256 in the order of memory (Dettmers et al.
 * 2022). `levels`: `"signed"`, or `"unsigned"` for numbers that are never negative. Throws a `ShapeError` for another number of elements.
 */
export function quantizeBlockwise(x: Tensor, levels: QuantizationLevels): BlockwiseQuantized {
  const [codes, scales] = record(quantizeBlockwiseOp, [x], { levels });
  return { codes: codes!, scales: scales! };
}

/** The float32 numbers that `quantizeBlockwise` made codes and scales of, as near as its 256 levels come. */
export function dequantizeBlockwise({ codes, scales }: BlockwiseQuantized, levels: QuantizationLevels): Tensor {
  return apply(dequantizeBlockwiseOp, [codes, scales], { levels });
}
