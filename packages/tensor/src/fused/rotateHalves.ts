// The rotation of rotary position embeddings (RoFormer, Su et al. 2021) as Llama applies it: the first half of a vector is turned against
// the second. Its gradient is the rotation back.
import { requireFloat } from "../dtype.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import { describeShape, describeType, type Tensor, type TensorType } from "../graph.ts";
import { add, mul, neg, sub } from "../ops/elementwise.ts";
import { concat, split } from "../ops/movement.ts";
import { apply, defineFusedOp, type OnnxEmitter, widenBfloat16 } from "../ops/op.ts";
import { broadcastShapes, shapesEqual } from "../shape.ts";

export const rotateHalvesOp = defineFusedOp({
  name: "rotateHalves",
  infer: inferRotation,
  // Angles are float32: in 16 bits late positions would be the same.
  precision: "float32",
  compose: ([x, cosine, sine]) => {
    const [first, second] = halves(x!);
    return concat([sub(mul(first, cosine!), mul(second, sine!)), add(mul(second, cosine!), mul(first, sine!))], -1);
  },
  vjp: ({ gradient, inputs: [x, cosine, sine] }) => {
    const [first, second] = halves(x!);
    const [ofFirst, ofSecond] = halves(gradient);
    return [
      rotateHalves(gradient, cosine!, neg(sine!)),
      add(mul(ofFirst, first), mul(ofSecond, second)),
      sub(mul(ofSecond, first), mul(ofFirst, second)),
    ];
  },
  onnx: (emit, inputs, { inputs: [x, cosine] }) => {
    // ONNX Runtime's op turns all heads of a place alike, by the rows of a table.
    if (emit.standardOps || x!.shape.length !== 4 || cosine!.shape.length !== 2) return composed(emit, inputs, x!);
    const first = emit.constant("int64", [0], [1]);
    return emit.node("RotaryEmbedding", [inputs[0]!, first, inputs[1]!, inputs[2]!], {}, { domain: "com.microsoft" });
  },
  widen: widenBfloat16,
});

function inferRotation([x, cosine, sine]: readonly TensorType[]): TensorType {
  requireFloat("rotateHalves", x!.dtype);
  const size = x!.shape.at(-1);
  if (typeof size !== "number" || size % 2 !== 0) {
    throw new ShapeError(`rotateHalves: the last axis must have a known, even size, got ${describeShape(x!.shape)}`);
  }
  const half = x!.shape.with(-1, size / 2);
  for (const angles of [cosine!, sine!]) {
    if (angles.dtype !== x!.dtype) {
      throw new DTypeError(
        `rotateHalves: dtypes differ: ${describeType(x!)} and ${describeType(angles)} (cast one of them)`,
      );
    }
    if (!shapesEqual(broadcastShapes("rotateHalves", angles.shape, half), half)) {
      throw new ShapeError(
        `rotateHalves: cosine and sine ${describeShape(angles.shape)} do not broadcast to half a vector, ${describeShape(half)}`,
      );
    }
  }
  return { dtype: x!.dtype, shape: x!.shape };
}

function halves(x: Tensor): readonly [Tensor, Tensor] {
  const size = (x.shape.at(-1) as number) / 2;
  return split(x, [size, size]) as [Tensor, Tensor];
}

function composed(emit: OnnxEmitter, [x, cosine, sine]: readonly string[], { shape }: TensorType): string {
  const size = (shape.at(-1) as number) / 2;
  const [first, second] = emit.nodes("Split", [x!, emit.dimensions([size, size])], 2, { axis: { int: -1 } });
  const times = (a: string, b: string) => emit.node("Mul", [a, b]);
  const turnedFirst = emit.node("Sub", [times(first!, cosine!), times(second!, sine!)]);
  const turnedSecond = emit.node("Add", [times(second!, cosine!), times(first!, sine!)]);
  return emit.node("Concat", [turnedFirst, turnedSecond], { axis: { int: -1 } });
}

/**
 * x [..., T, D] with its halves turned by angles, whose `cosine` and `sine` broadcast to [..., T, D / 2]:
 * (a, b) → (a cos - b sin, b cos + a sin). Fastest for x [B, H, T, D] and angles [T, D / 2].
 * Throws a `ShapeError` for sizes that do not fit, a `DTypeError` for dtypes that differ.
 */
export function rotateHalves(x: Tensor, cosine: Tensor, sine: Tensor): Tensor {
  return apply(rotateHalvesOp, [x, cosine, sine], {});
}
