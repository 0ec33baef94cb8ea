// Matrix product with int8 weights and activations quantised as they come: uint8 per tensor, as ONNX DynamicQuantizeLinear defines it.
import { requireFloat } from "../dtype.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import { describeShape, describeType, type Tensor } from "../graph.ts";
import { add, cast, div, equal, maximum, minimum, mul, neg, round, sub, where } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { onnxDataType } from "../ops/onnxDataType.ts";
import { apply, defineFusedOp, type OnnxEmitter, widenBfloat16 } from "../ops/op.ts";
import { max } from "../ops/reduce.ts";
import { shapesEqual } from "../shape.ts";

/** x as whole numbers 0 to 255 around a zero point, with the scale that gives x back. */
function quantize(x: Tensor): { centered: Tensor; scale: Tensor } {
  const low = minimum(neg(max(neg(x))), 0);
  const high = maximum(max(x), 0);
  const range = div(sub(high, low), 255);
  const scale = where(equal(range, 0), 1, range);
  const zeroPoint = round(maximum(minimum(div(neg(low), scale), 255), 0));
  const levels = maximum(minimum(add(round(div(x, scale)), zeroPoint), 255), 0);
  return { centered: sub(levels, zeroPoint), scale };
}

export const quantizedMatmulOp = defineFusedOp({
  name: "quantizedMatmul",
  infer: ([x, weight, scale]) => {
    requireFloat("quantizedMatmul", x!.dtype);
    if (weight!.dtype !== "int8" || weight!.shape.length !== 2) {
      throw new DTypeError(`quantizedMatmul: the weight must be int8 [in, out], got ${describeType(weight!)}`);
    }
    if (scale!.dtype !== x!.dtype) {
      throw new DTypeError(`quantizedMatmul: the scale must be ${x!.dtype} as x is, got ${describeType(scale!)}`);
    }
    if (x!.shape.at(-1) !== weight!.shape[0] || !shapesEqual(scale!.shape, [weight!.shape[1]!])) {
      throw new ShapeError(
        `quantizedMatmul: expected x [..., in], weight [in, out], scale [out], got ${describeShape(x!.shape)}, ${describeShape(weight!.shape)}, ${describeShape(scale!.shape)}`,
      );
    }
    return { dtype: x!.dtype, shape: x!.shape.with(-1, weight!.shape[1]!) };
  },
  // Rounding has no useful derivative: the gradient passes as if the weight were in float (straight-through, Bengio et al. 2013).
  vjp: ({ gradient, inputs: [x, weight, scale] }) => [
    matmul(mul(gradient, scale!), cast(weight!, x!.dtype), { transposeB: true }),
    undefined,
    undefined,
  ],
  compose: ([x, weight, scale]) => {
    const { centered, scale: scaleOfX } = quantize(x!);
    return mul(mul(matmul(centered, cast(weight!, x!.dtype)), scaleOfX), scale!);
  },
  onnx: (emit, [x, weight, scale]) => {
    if (emit.standardOps) return integerProduct(emit, x!, weight!, scale!);
    // Zeros of each product's own: ONNX Runtime, where it stores weights anew to keep products from overflowing, refuses to do that twice
    // to zeros that two products share (1.30: "Attempt to replace the existing tensor").
    const zeroPoint = emit.node("Cast", [emit.node("Sub", [scale!, scale!])], { to: { int: onnxDataType.int8 } });
    return emit.node("DynamicQuantizeMatMul", [x!, weight!, scale!, zeroPoint], {}, { domain: "com.microsoft" });
  },
  widen: { ...widenBfloat16, float16: "float32" },
});

/** The same steps with ONNX's own ops, which other runtimes have. */
function integerProduct(emit: OnnxEmitter, x: string, weight: string, scale: string): string {
  const [levels, scaleOfX, zeroPoint] = emit.nodes("DynamicQuantizeLinear", [x], 3) as [string, string, string];
  const product = emit.node("MatMulInteger", [levels, weight, zeroPoint]);
  const numbers = emit.node("Cast", [product], { to: { int: onnxDataType.float32 } });
  return emit.node("Mul", [numbers, emit.node("Mul", [scaleOfX, scale])]);
}

/** x [..., in] × weight (int8 [in, out]) × scale [out], with x rounded to 8 bits over the whole tensor. */
export function quantizedMatmul(x: Tensor, weight: Tensor, scale: Tensor): Tensor {
  return apply(quantizedMatmulOp, [x, weight, scale], {});
}
