// Attention without dropout, with its gradient in closed form: the row sums that the softmax's gradient needs come from the small
// output instead of the large matrix of weights (FlashAttention, Dao et al. 2022).
import { requireFloat } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { describeShape, type Tensor, type TensorType } from "../graph.ts";
import { sum } from "../ops/broadcast.ts";
import { add, mul, sub } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { defineFusedOp, record } from "../ops/op.ts";
import { broadcastShapes, shapesEqual } from "../shape.ts";
import { softmax } from "./softmax.ts";

function inferAttention([query, key, value, bias]: readonly TensorType[]): TensorType[] {
  requireFloat("attention", query!.dtype);
  const fits =
    query!.shape.length >= 2 &&
    shapesEqual(key!.shape.slice(0, -1), value!.shape.slice(0, -1)) &&
    query!.shape.at(-1) === key!.shape.at(-1);
  if (!fits) {
    throw new ShapeError(
      `attention: expected query [..., T, D], key [..., S, D], value [..., S, E], got ${describeShape(query!.shape)}, ${describeShape(key!.shape)}, ${describeShape(value!.shape)}`,
    );
  }
  const batch = broadcastShapes("attention", query!.shape.slice(0, -2), key!.shape.slice(0, -2));
  const weights = [...batch, query!.shape.at(-2)!, key!.shape.at(-2)!];
  if (bias && !shapesEqual(broadcastShapes("attention", weights, bias.shape), weights)) {
    throw new ShapeError(
      `attention: the mask ${describeShape(bias.shape)} does not broadcast to ${describeShape(weights)}`,
    );
  }
  const { dtype } = query!;
  return [
    { dtype, shape: [...batch, query!.shape.at(-2)!, value!.shape.at(-1)!] },
    { dtype, shape: weights },
  ];
}

/** Outputs: the mixed values and the attention weights. */
export const attendWithBiasOp = defineFusedOp({
  name: "attendWithBias",
  infer: inferAttention,
  // Its products may run in 16 bits, its softmax and the large negative numbers of a mask may not.
  precision: "composed",
  compose: ([query, key, value, bias]) => {
    const scores = matmul(query!, key!, { transposeB: true });
    const weights = softmax(bias ? add(scores, bias) : scores);
    return [matmul(weights, value!), weights];
  },
  vjp: ({ inputs: [query, key, value, bias], outputs: [mixed, weights], gradients: [ofMixed, ofWeights] }) => {
    const through = ofMixed && matmul(ofMixed, value!, { transposeB: true });
    const total = through && ofWeights ? add(through, ofWeights) : (through ?? ofWeights!);
    const rows = ofWeights
      ? sum(mul(total, weights!), -1, { keepDimensions: true })
      : sum(mul(ofMixed!, mixed!), -1, { keepDimensions: true });
    const ofScores = mul(weights!, sub(total, rows));
    return [
      matmul(ofScores, key!),
      matmul(ofScores, query!, { transposeA: true }),
      ofMixed && matmul(weights!, ofMixed, { transposeA: true }),
      ...(bias ? [ofScores] : []),
    ];
  },
});

/** softmax(query keyᵀ + bias) value; the query is scaled already. */
export function attendWithBias(query: Tensor, key: Tensor, value: Tensor, bias?: Tensor): Tensor {
  return record(attendWithBiasOp, bias ? [query, key, value, bias] : [query, key, value], {})[0]!;
}
