// Layer normalisation (Ba et al. 2016) and root-mean-square normalisation (Zhang and Sennrich 2019) over the last axis.
import { requireFloat } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { describeShape, type Tensor, type TensorType } from "../graph.ts";
import { sum } from "../ops/broadcast.ts";
import { add, div, mul, neg, sqrt, sub } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { reshape } from "../ops/movement.ts";
import { defineFusedOp, record, widenBfloat16 } from "../ops/op.ts";
import { shapesEqual } from "../shape.ts";

type NormAttributes = { epsilon: number };

const kept = { keepDimensions: true };

function widthOf(x: TensorType): number {
  return x.shape.at(-1) as number;
}

function mean(x: Tensor): Tensor {
  return mul(sum(x, -1, kept), 1 / widthOf(x));
}

/** mean(x · weight) of each row, as a product: nothing of the size of x is written. */
function weightedMean(x: Tensor, weight: Tensor): Tensor {
  if (x.shape.length < 2) return mean(mul(x, weight));
  const width = widthOf(x);
  return matmul(x, reshape(mul(weight, 1 / width), [width, 1]));
}

function inferNorm(where: string, statistics: number, inputs: readonly TensorType[]): TensorType[] {
  const [x, ...parameters] = inputs;
  requireFloat(where, x!.dtype);
  const width = x!.shape.at(-1);
  if (typeof width !== "number") {
    throw new ShapeError(`${where}: the last axis must have a known size, got ${describeShape(x!.shape)}`);
  }
  if (width === 0)
    throw new ShapeError(`${where}: the last axis of ${describeShape(x!.shape)} is empty, so it has no mean`);
  for (const parameter of parameters) {
    if (!shapesEqual(parameter.shape, [width])) {
      throw new ShapeError(
        `${where}: weight and bias must have the size of the last axis: expected [${width}], got ${describeShape(parameter.shape)}`,
      );
    }
  }
  const statistic = { dtype: x!.dtype, shape: x!.shape.with(-1, 1) };
  return [{ dtype: x!.dtype, shape: x!.shape }, ...Array<TensorType>(statistics).fill(statistic)];
}

/** Outputs: the normalised tensor, the mean and 1/standard deviation of each row. */
export const layerNormOp = defineFusedOp<NormAttributes>({
  name: "layerNorm",
  infer: (inputs) => inferNorm("layerNorm", 2, inputs),
  compose: ([x, weight, bias], { epsilon }) => {
    const center = mean(x!);
    const centered = sub(x!, center);
    const inverse = div(1, sqrt(add(mean(mul(centered, centered)), epsilon)));
    return [add(mul(mul(centered, inverse), weight!), bias!), center, inverse];
  },
  vjp: ({ inputs: [x, weight], outputs: [, center, inverse], gradients: [gradient, ofCenter, ofInverse] }) => {
    const normalized = mul(sub(x!, center!), inverse!);
    const ofWeight = gradient && mul(gradient, normalized);
    const parts: Tensor[] = [];
    if (gradient) {
      const g = mul(gradient, weight!);
      const projected = mul(normalized, weightedMean(ofWeight!, weight!));
      parts.push(mul(sub(sub(g, mean(g)), projected), inverse!));
    }
    if (ofCenter) parts.push(mul(ofCenter, 1 / widthOf(x!)));
    if (ofInverse) parts.push(neg(mul(normalized, mul(mul(inverse!, inverse!), mul(ofInverse, 1 / widthOf(x!))))));
    return [parts.reduce(add), ofWeight, gradient];
  },
  onnx: (emit, inputs, { attributes }) =>
    emit.nodes("LayerNormalization", inputs, 3, { axis: { int: -1 }, epsilon: attributes.epsilon }),
  // Its statistics are float32 whatever the input is.
  widen: { ...widenBfloat16, float16: "float32" },
  precision: "float32",
});

/** Outputs: the normalised tensor and 1/root mean square of each row. */
export const rmsNormOp = defineFusedOp<NormAttributes>({
  name: "rmsNorm",
  precision: "float32",
  infer: (inputs) => inferNorm("rmsNorm", 1, inputs),
  compose: ([x, weight], { epsilon }) => {
    const inverse = div(1, sqrt(add(mean(mul(x!, x!)), epsilon)));
    return [mul(mul(x!, inverse), weight!), inverse];
  },
  vjp: ({ inputs: [x, weight], outputs: [, inverse], gradients: [gradient, ofInverse] }) => {
    const normalized = mul(x!, inverse!);
    const ofWeight = gradient && mul(gradient, normalized);
    const parts: Tensor[] = [];
    if (gradient) {
      const g = mul(gradient, weight!);
      parts.push(mul(sub(g, mul(normalized, weightedMean(ofWeight!, weight!))), inverse!));
    }
    if (ofInverse) parts.push(neg(mul(normalized, mul(mul(inverse!, inverse!), mul(ofInverse, 1 / widthOf(x!))))));
    return [parts.reduce(add), ofWeight];
  },
});

/** Settings of `layerNorm` and `rmsNorm`. */
export interface NormOptions {
  /** Added to the variance (or mean square) before the root. Default 1e-5. */
  epsilon?: number;
}

/** (x - mean) / sqrt(variance + epsilon) * weight + bias over the last axis; `weight` and `bias` have its size. */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, options: NormOptions = {}): Tensor {
  return record(layerNormOp, [x, weight, bias], { epsilon: options.epsilon ?? 1e-5 })[0]!;
}

/** x / sqrt(mean(x²) + epsilon) * weight over the last axis. */
export function rmsNorm(x: Tensor, weight: Tensor, options: NormOptions = {}): Tensor {
  return record(rmsNormOp, [x, weight], { epsilon: options.epsilon ?? 1e-5 })[0]!;
}
