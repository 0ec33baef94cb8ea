// A pass for the CPU: a product that is only cut up by heads is computed head by head, each where attention wants it, instead of in
// one piece that is cut up and moved afterwards.
import { productByHead } from "../../fused/productByHead.ts";
import type { Node, Program, Tensor } from "../../graph.ts";
import { broadcastTo } from "../../ops/broadcast.ts";
import { add, addOp } from "../../ops/elementwise.ts";
import { matmulOp } from "../../ops/matmul.ts";
import { reshape, reshapeOp, split, splitOp, transposeOp } from "../../ops/movement.ts";
import { isOp } from "../../ops/op.ts";
import { makeProgram } from "../../program.ts";
import { rewrite } from "../../rewrite.ts";

/** With fewer rows a product does little but read the weight, which lies in the order of the product in one piece. */
const fewestRows = 128;

/** A tensor of the program, and what the pass has made of it. */
interface Value {
  readonly before: Tensor;
  readonly now: Tensor;
}

/** A product of which some columns, by heads, are one value of the program. */
interface HeadProduct {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly transposeB: boolean;
  /** Columns of the parts that the product is cut into. */
  readonly parts: readonly number[];
  readonly part: number;
}

/** The program with `transpose(reshape(x weight + bias, [B, T, heads, D]), [0, 2, 1, 3])`, of a whole product or of its parts, by heads. */
export function productsByHead(program: Program): Program {
  const users = usersOf(program);
  const cut = new Map<Tensor, readonly Tensor[]>();
  const partOf = (x: Tensor, { parts, part }: HeadProduct, axis: number): Tensor => {
    if (parts.length === 1) return x;
    const all = cut.get(x) ?? split(x, parts, axis);
    cut.set(x, all);
    return all[part]!;
  };
  const outputs = rewrite(program.outputs, (node, inputs) => {
    const found = splitsHeads(node) && headProduct({ before: node.inputs[0]!, now: inputs[0]! }, users);
    if (!found) return undefined;
    const { x, weight, bias, transposeB } = found;
    const [, heads, rows, size] = node.outputs[0]!.shape as readonly number[];
    const product = productByHead(x, partOf(weight, found, transposeB ? 0 : 1), heads!, { transposeB });
    if (!bias) return [product];
    // Repeated for all rows, it is added in long stretches and not a head's few numbers at a time.
    const ofHeads = reshape(partOf(bias, found, 0), [heads!, 1, size!]);
    return [add(product, broadcastTo(ofHeads, [heads!, rows!, size!]))];
  });
  return makeProgram(program.inputs, outputs);
}

/** Nodes that take each tensor; undefined stands for the one who runs the program. */
function usersOf({ nodes, outputs }: Program): Map<Tensor, (Node | undefined)[]> {
  const users = new Map<Tensor, (Node | undefined)[]>();
  const note = (tensor: Tensor, user: Node | undefined) => users.set(tensor, [...(users.get(tensor) ?? []), user]);
  for (const node of nodes) for (const input of node.inputs) note(input, node);
  for (const output of outputs) note(output, undefined);
  return users;
}

/** [B, T, heads, D] → [B, heads, T, D] */
function splitsHeads(node: Node): boolean {
  return isOp(node, transposeOp) && String(node.attributes.permutation) === "0,2,1,3";
}

function headProduct(byRow: Value, users: ReadonlyMap<Tensor, readonly (Node | undefined)[]>): HeadProduct | undefined {
  const onlyUser = (tensor: Tensor) => {
    const [user, ...others] = users.get(tensor) ?? [];
    return others.length === 0 ? user : undefined;
  };
  const isCutUp = (tensor: Tensor) => {
    const reshaped = onlyUser(tensor);
    const moved = reshaped && isOp(reshaped, reshapeOp) && onlyUser(reshaped.outputs[0]!);
    return moved !== undefined && moved !== false && splitsHeads(moved);
  };
  if (!isOp(byRow.before.node, reshapeOp)) return undefined;
  let value = inputOf(byRow, 0);
  const { node, index: part } = value.before;
  const isPart = isOp(node, splitOp) && node.attributes.axis === 2;
  const pieces = isPart ? node.outputs : [value.before];
  if (!pieces.every(isCutUp)) return undefined;
  const parts = pieces.map(({ shape }) => shape[2] as number);
  if (isPart) value = inputOf(value, 0);
  if (isPart && onlyUser(value.before) === undefined) return undefined;
  let bias: Tensor | undefined;
  if (isOp(value.before.node, addOp)) {
    const side = value.before.node.inputs.findIndex(({ shape }) => shape.length === 1);
    if (side < 0) return undefined;
    bias = inputOf(value, side).now;
    value = inputOf(value, 1 - side);
    if (onlyUser(value.before) === undefined) return undefined;
  }
  if (!isProductOfRows(value.before.node)) return undefined;
  const transposeB = value.before.node.attributes.transposeB === true;
  return { x: inputOf(value, 0).now, weight: inputOf(value, 1).now, bias, transposeB, parts, part: isPart ? part : 0 };
}

/** What the pass has made of a node's inputs are the inputs of what it has made of the node: it replaces no node of such a chain. */
function inputOf({ before, now }: Value, i: number): Value {
  return { before: before.node.inputs[i]!, now: now.node.inputs[i]! };
}

/** x [B, T, C] times a matrix, all sizes known, with rows enough. */
function isProductOfRows(node: Node): boolean {
  if (!isOp(node, matmulOp) || node.attributes.transposeA === true) return false;
  const [x, weight] = node.inputs;
  const [batch, rows, ...others] = x!.shape;
  return (
    x!.dtype === "float32" &&
    others.length === 1 &&
    weight!.shape.length === 2 &&
    [batch, rows, ...others, ...weight!.shape].every((size) => typeof size === "number") &&
    (rows as number) >= fewestRows
  );
}
