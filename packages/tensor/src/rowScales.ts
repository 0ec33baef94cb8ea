// Scaling the rows of a wide matrix before it goes into a product is a pass over all of it. The scales can as well be applied to what
// the product makes of the rows, or to the rows of the other operand: the gradient of logits, of a number for each token and word, is
// scaled by one number a token.
import type { Node, Tensor } from "./graph.ts";
import { sumOp } from "./ops/broadcast.ts";
import { mul, mulOp } from "./ops/elementwise.ts";
import { flattenRows, type MatmulOptions, matmul, matmulOp } from "./ops/matmul.ts";
import { reshape, reshapeOp } from "./ops/movement.ts";
import { isOp } from "./ops/op.ts";
import { shapesEqual } from "./shape.ts";

/** The scaled matrix has at least as many times more columns than the product. */
const worthwhileRatio = 4;

/** From this many columns on, sums of columns are worth a product. */
const worthwhileColumns = 1024;

/** A product, or the sums of columns, with the scales of its first operand's rows outside of it, if that is less work. */
export function foldRowScales(node: Node, inputs: readonly Tensor[]): readonly Tensor[] | undefined {
  if (node.outputs[0]!.dtype !== "float32") return undefined;
  if (isOp(node, matmulOp)) return productOfScaledRows(node, inputs);
  return isOp(node, sumOp) ? sumOfScaledRows(node, inputs[0]!) : undefined;
}

function productOfScaledRows(node: Node, [a, b]: readonly Tensor[]): readonly Tensor[] | undefined {
  const options = node.attributes as MatmulOptions;
  const columns = node.outputs[0]!.shape.at(-1)!;
  const width = a!.shape.at(-1)!;
  if (typeof width !== "number" || typeof columns !== "number" || width < worthwhileRatio * columns) return undefined;
  const scaled = scaledRows(a!);
  if (!scaled) return undefined;
  const { x, scales } = scaled;
  if (!options.transposeA) return [mul(matmul(x, b!, options), scales)];
  const isPlain = a!.shape.length === 2 && b!.shape.length === 2 && !options.transposeB;
  return isPlain ? [matmul(x, mul(b!, scales), options)] : undefined;
}

function sumOfScaledRows(node: Node, rows: Tensor): readonly Tensor[] | undefined {
  const { axes } = node.attributes as { axes: readonly number[] };
  const last = rows.shape.length - 1;
  const columns = rows.shape.at(-1);
  const areColumns = axes.length === last && !axes.includes(last);
  if (!areColumns || typeof columns !== "number" || columns < worthwhileColumns) return undefined;
  const scaled = scaledRows(rows);
  if (!scaled) return undefined;
  const sums = matmul(flattenRows(scaled.scales), flattenRows(scaled.x), { transposeA: true }); // [1, columns]
  return [reshape(sums, node.outputs[0]!.shape)];
}

/** `x` [..., rows, columns] and `scales` [..., rows, 1] whose product, perhaps reshaped, a tensor is. */
function scaledRows(tensor: Tensor): { x: Tensor; scales: Tensor } | undefined {
  const columns = tensor.shape.at(-1)!;
  let source = tensor;
  while (isOp(source.node, reshapeOp) && source.node.inputs[0]!.shape.at(-1) === columns)
    source = source.node.inputs[0]!;
  if (!isOp(source.node, mulOp)) return undefined;
  const rowsOf = source.shape.slice(0, -1);
  for (const [x, scales] of [source.node.inputs, source.node.inputs.toReversed()] as [Tensor, Tensor][]) {
    if (!shapesEqual(x.shape, source.shape) || !shapesEqual(scales.shape, [...rowsOf, 1])) continue;
    return { x: reshape(x, tensor.shape), scales: reshape(scales, [...tensor.shape.slice(0, -1), 1]) };
  }
  return undefined;
}
