// A product whose rows are cut up by heads: a product for each head writes its part where it belongs, so that nothing has to move.
import { requireFloat } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { describeShape, type Tensor } from "../graph.ts";
import { flattenRows, matmul } from "../ops/matmul.ts";
import { reshape, transpose } from "../ops/movement.ts";
import { apply, defineFusedOp, widenBfloat16 } from "../ops/op.ts";

type HeadAttributes = { heads: number; transposeB: boolean };

/** x [B, T, C], weight [C, heads · D] or with `transposeB` [heads · D, C] → [B, heads, T, D] */
export const productByHeadOp = defineFusedOp<HeadAttributes>({
  name: "productByHead",
  infer: ([x, weight], { heads, transposeB }) => {
    requireFloat("productByHead", x!.dtype);
    const [inner, columns] = transposeB ? weight!.shape.toReversed() : weight!.shape;
    const fits =
      x!.shape.length === 3 && weight!.shape.length === 2 && x!.shape[2] === inner && x!.dtype === weight!.dtype;
    if (!fits || typeof columns !== "number" || columns % heads !== 0) {
      throw new ShapeError(
        `productByHead: ${describeShape(x!.shape)} × ${describeShape(weight!.shape)} does not give ${heads} heads`,
      );
    }
    const [batch, rows] = x!.shape;
    return { dtype: x!.dtype, shape: [batch!, heads, rows!, columns / heads] };
  },
  precision: "composed",
  needsElements: true,
  compose: ([x, weight], { heads, transposeB }) => {
    const product = matmul(x!, weight!, { transposeB });
    const [batch, rows, columns] = product.shape;
    return transpose(reshape(product, [batch!, rows!, heads, (columns as number) / heads]), [0, 2, 1, 3]);
  },
  vjp: ({ gradient, inputs: [x, weight], attributes: { transposeB } }) => {
    const [batch, heads, rows, size] = gradient.shape as readonly [number, number, number, number];
    const merged = reshape(transpose(gradient, [0, 2, 1, 3]), [batch, rows, heads * size]);
    const [a, b] = transposeB ? [merged, x!] : [x!, merged];
    return [
      matmul(merged, weight!, { transposeB: !transposeB }),
      matmul(flattenRows(a), flattenRows(b), { transposeA: true }),
    ];
  },
  onnx: (emit, [x, weight], { attributes: { heads, transposeB }, inputs: [type], outputs: [result] }) => {
    const [batch, , rows, size] = result!.shape;
    const inner = type!.shape[2]!;
    if (inner === 0) {
      return emit.node("Expand", [emit.constant(result!.dtype, [0], []), emit.dimensions(result!.shape)]);
    }
    if (emit.standardOps) {
      const product = emit.node("MatMul", [x!, transposeB ? emit.node("Transpose", [weight!]) : weight!]);
      const split = emit.node("Reshape", [product, emit.dimensions([batch!, rows!, heads, size!])]);
      return emit.node("Transpose", [split], { perm: { ints: [0, 2, 1, 3] } });
    }
    const rowsOfAll = emit.node("Reshape", [x!, emit.dimensions([batch!, 1, rows!, inner])]);
    const matrices = emit.node("Reshape", [
      weight!,
      emit.dimensions(transposeB ? [heads, size!, inner] : [inner, 1, heads, size!]),
    ]);
    const flag = transposeB ? "transB" : "transBatchB";
    return emit.node("FusedMatMul", [rowsOfAll, matrices], { [flag]: { int: 1 } }, { domain: "com.microsoft" });
  },
  widen: widenBfloat16,
});

/** x [B, T, C] times a weight [C, heads · D], or with `transposeB` [heads · D, C], by heads: [B, heads, T, D]. */
export function productByHead(
  x: Tensor,
  weight: Tensor,
  heads: number,
  options: { transposeB?: boolean } = {},
): Tensor {
  return apply(productByHeadOp, [x, weight], { heads, transposeB: options.transposeB ?? false });
}
