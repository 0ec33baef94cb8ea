// Matrix product, with either matrix transposed for free.
import { productOfDimensions } from "../dimension.ts";
import { requireFloat } from "../dtype.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import { describeShape, describeType, type Shape, type Tensor } from "../graph.ts";
import { broadcastShapes, concreteCount } from "../shape.ts";
import { broadcastStrides, walkStrided } from "./loops.ts";
import { reshape } from "./movement.ts";
import { apply, defineOp, type OnnxEmitter, widenBfloat16 } from "./op.ts";

type MatmulAttributes = { transposeA: boolean; transposeB: boolean; withoutCopies?: true };

/** [rows, columns] of the last two axes as the product sees them. */
function matrixSize(shape: Shape, transposed: boolean) {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  return transposed ? ([columns, rows] as const) : ([rows, columns] as const);
}

export const matmulOp = defineOp<MatmulAttributes>({
  name: "matmul",
  needsElements: true,
  infer: ([a, b], { transposeA, transposeB }) => {
    requireFloat("matmul", a!.dtype);
    if (a!.dtype !== b!.dtype)
      throw new DTypeError(`matmul: dtypes differ: ${describeType(a!)} × ${describeType(b!)} (cast one of them)`);
    const shapes = `${describeShape(a!.shape)}${transposeA ? "ᵀ" : ""} × ${describeShape(b!.shape)}${transposeB ? "ᵀ" : ""}`;
    if (a!.shape.length < 2 || b!.shape.length < 2) {
      throw new ShapeError(`matmul: both tensors need at least two axes: ${shapes} (reshape first)`);
    }
    const [rows, innerA] = matrixSize(a!.shape, transposeA);
    const [innerB, columns] = matrixSize(b!.shape, transposeB);
    if (innerA !== innerB) throw new ShapeError(`matmul: inner dimensions differ: ${shapes} (${innerA} != ${innerB})`);
    const batch = broadcastShapes("matmul", a!.shape.slice(0, -2), b!.shape.slice(0, -2));
    return { dtype: a!.dtype, shape: [...batch, rows, columns] };
  },
  vjp: ({ gradient, inputs: [a, b], attributes: { transposeA, transposeB } }) => {
    const gradientA = transposeA
      ? matmul(b!, gradient, { transposeA: transposeB, transposeB: true })
      : matmul(gradient, b!, { transposeB: !transposeB });
    // One weight matrix for many rows: a single product over all of them instead of one per batch entry and a sum.
    const [x, g] = b!.shape.length === 2 && !transposeA ? [flattenRows(a!), flattenRows(gradient)] : [a!, gradient];
    const gradientB = transposeB
      ? matmul(g, x, { transposeA: true, transposeB: transposeA })
      : matmul(x, g, { transposeA: !transposeA });
    return [gradientA, gradientB];
  },
  reference: ([a, b], [output], { attributes: { transposeA, transposeB }, inputs, outputs }) => {
    const [m, n] = outputs[0]!.shape.slice(-2) as [number, number];
    const k = matrixSize(inputs[0]!.shape, transposeA)[1] as number;
    const batch = outputs[0]!.shape.slice(0, -2);
    const matrices = [inputs[0]!, inputs[1]!].map(({ shape }) => {
      const index = new Int32Array(concreteCount(batch));
      walkStrided(batch, broadcastStrides(shape.slice(0, -2), batch), (to, from) => {
        index[to] = from;
      });
      return index;
    });
    const [rowA, columnA] = transposeA ? [1, m] : [k, 1];
    const [rowB, columnB] = transposeB ? [1, k] : [n, 1];
    for (let entry = 0; entry < matrices[0]!.length; entry++) {
      const [startA, startB] = [matrices[0]![entry]! * m * k, matrices[1]![entry]! * k * n];
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let total = 0;
          for (let x = 0; x < k; x++)
            total += a![startA + i * rowA + x * columnA]! * b![startB + x * rowB + j * columnB]!;
          output![(entry * m + i) * n + j] = total;
        }
      }
    }
  },
  onnx: (emit, inputs, { attributes, inputs: types, outputs: [product] }) => {
    const { transposeA, transposeB, withoutCopies } = attributes;
    // ONNX Runtime fills only the first matrix of a batch of empty sums.
    if (matrixSize(types[0]!.shape, transposeA)[1] === 0) {
      return emit.node("Expand", [emit.constant(product!.dtype, [0], []), emit.dimensions(product!.shape)]);
    }
    if (!transposeA && !transposeB) return emit.node("MatMul", inputs);
    if (emit.standardOps) {
      return emit.node(
        "MatMul",
        inputs.map((input, i) =>
          [transposeA, transposeB][i] ? transposed(emit, input, types[i]!.shape.length) : input,
        ),
      );
    }
    const mayCopy = transposeA && !transposeB && !withoutCopies;
    const order = mayCopy && transposedOrder(types.map(({ shape }) => shape));
    const [a, b] = inputs as [string, string];
    if (order === "operand") return emit.node("MatMul", [transposed(emit, a, 2), b]);
    if (order === "result") return transposed(emit, emit.node("MatMul", [transposed(emit, b, 2), a]), 2);
    const flags = { transA: { int: Number(transposeA) }, transB: { int: Number(transposeB) } };
    return emit.node("FusedMatMul", inputs, flags, { domain: "com.microsoft" });
  },
  tfjs: (tf, [a, b], { attributes: { transposeA, transposeB }, outputs }) => {
    // Its JavaScript kernel repeats one matrix, or takes as many as there are results, but does not repeat some of several.
    const batch = outputs[0]!.shape.slice(0, -2);
    const [left, right] = [a!, b!].map((x) => {
      const count = concreteCount(x.shape.slice(0, -2));
      return count === 1 || count === concreteCount(batch) ? x : tf.broadcastTo(x, [...batch, ...x.shape.slice(-2)]);
    });
    return tf.matMul(left!, right!, transposeA, transposeB);
  },
  widen: widenBfloat16,
  precision: "low",
});

/** From here on along each axis a transposed copy is soon made up for. */
export const fewestToCopy = 64;

/**
 * How to compute aᵀ b of matrices [K, M] and [K, N]: ONNX Runtime's product with a transposed first operand reads it against the grain,
 * again and again. A copy of that operand, or (bᵀ a)ᵀ with copies of the other and of the result, whichever is smaller, is faster;
 * undefined where there is too little to gain.
 */
export function transposedOrder([a, b]: readonly Shape[]): "operand" | "result" | undefined {
  const [k, m] = a!;
  const n = b!.at(-1);
  if (a!.length !== 2 || b!.length !== 2) return undefined;
  if (typeof k !== "number" || typeof m !== "number" || typeof n !== "number") return undefined;
  if (Math.min(k, m, n) < fewestToCopy) return undefined;
  return k * m <= (k + m) * n ? "operand" : "result";
}

/** The last two axes exchanged. */
function transposed(emit: OnnxEmitter, matrix: string, rank: number): string {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return emit.node("Transpose", [matrix], { perm: { ints: [...axes.slice(0, -2), rank - 1, rank - 2] } });
}

/** [..., C] → [rows, C] */
export function flattenRows(x: Tensor): Tensor {
  return reshape(x, [productOfDimensions(x.shape.slice(0, -1)), x.shape.at(-1)!]);
}

/** Which operands of `matmul` are taken transposed. */
export interface MatmulOptions {
  /** Exchange the last two axes of the first tensor. Default false. */
  transposeA?: boolean;
  /** Exchange the last two axes of the second tensor. Default false. */
  transposeB?: boolean;
  /** No operand and no result may be copied in another order to be faster: for large ones where memory counts. Default false. */
  withoutCopies?: boolean;
}

/** [..., M, K] × [..., K, N] → [..., M, N]; leading axes broadcast. */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false, withoutCopies = false } = options;
  return apply(matmulOp, [a, b], { transposeA, transposeB, ...(withoutCopies && { withoutCopies }) });
}

export const matmulOps = [matmulOp] as const;
