// A pass for the CPU: what the steps of a loop have in common is made once, before or after it. Only ONNX Runtime's products gain from
// the order in which their operands lie, so this is no pass for every executor.
import { scanOp } from "../../fused/scan.ts";
import { type Node, type Program, Subprogram, type Tensor } from "../../graph.ts";
import { broadcastTo, broadcastToOp } from "../../ops/broadcast.ts";
import { literalData, placeholder } from "../../ops/create.ts";
import { add, addOp } from "../../ops/elementwise.ts";
import { fewestToCopy, matmul, matmulOp, transposedOrder } from "../../ops/matmul.ts";
import { transpose } from "../../ops/movement.ts";
import { isOp, record } from "../../ops/op.ts";
import { countUses, makeProgram } from "../../program.ts";
import { rewrite } from "../../rewrite.ts";
import { productsByHead } from "./productsByHead.ts";

/** A `scan`: its inputs and those of its body are what is carried, what is stacked, and what is captured. */
interface Loop {
  readonly inputs: readonly Tensor[];
  readonly body: Program;
  readonly carried: number;
  readonly stacked: number;
  readonly length: number;
}

/** A copy of a weight takes about as long as it saves in one or two steps. */
const fewestSteps = 4;

/** The program with its loops as the CPU runs them fastest, and products by head inside and outside of them. */
export function scansForCpu(program: Program): Program {
  const outputs = rewrite(program.outputs, (node, inputs) =>
    isOp(node, scanOp) ? scanForCpu(node, inputs) : undefined,
  );
  return productsByHead(makeProgram(program.inputs, outputs));
}

function scanForCpu(node: Node, inputs: readonly Tensor[]): Tensor[] {
  const { body, ...sizes } = node.attributes as { body: Subprogram; carried: number; stacked: number; length: number };
  const plain: Loop = { inputs, body: scansForCpu(body.program), ...sizes };
  const { loop, sums } = withTransposedSums(withTransposedWeights(plain));
  const { inputs: all, body: program, ...attributes } = withoutInvariants(loop);
  const made = record(scanOp, all, { body: new Subprogram(program), ...attributes });
  return made.map((output, i) => (sums.has(i) ? transpose(output) : output));
}

/** Products with weights from outside the loop read a copy that is transposed, the faster order for many rows. */
function withTransposedWeights(loop: Loop): Loop {
  if (loop.length < fewestSteps) return loop;
  const captured = new Set(loop.body.inputs.slice(loop.carried + loop.stacked));
  const outputs = rewrite(loop.body.outputs, (node, [x, weight]) => {
    if (!isOp(node, matmulOp) || !captured.has(node.inputs[1]!) || weight!.dtype !== "float32") return undefined;
    const { transposeA, transposeB } = node.attributes;
    const sizes = [...x!.shape.slice(-2), ...weight!.shape];
    const isLarge = sizes.every((size) => typeof size === "number" && size >= fewestToCopy);
    if (transposeA || transposeB || weight!.shape.length !== 2 || !isLarge) return undefined;
    return [matmul(x!, transpose(weight!), { transposeB: true })];
  });
  return { ...loop, body: makeProgram(loop.body.inputs, outputs) };
}

/** Products that are added up and whose result has to be transposed are added up as they are; `sums` are to be transposed afterwards. */
function withTransposedSums(loop: Loop): { loop: Loop; sums: ReadonlySet<number> } {
  const uses = countUses(loop.body);
  const outer = [...loop.inputs];
  const inputs = [...loop.body.inputs];
  const outputs = [...loop.body.outputs];
  const sums = new Set<number>();
  for (let i = 0; i < loop.carried; i++) {
    const [sum, output] = [inputs[i]!, outputs[i]!];
    const product = isOp(output.node, addOp) && output.node.inputs.find((input) => input !== sum);
    if (!product || !output.node.inputs.includes(sum) || !isOp(product.node, matmulOp)) continue;
    const [a, b] = product.node.inputs;
    const { transposeA, transposeB } = product.node.attributes;
    if (!transposeA || transposeB || transposedOrder([a!.shape, b!.shape]) !== "result") continue;
    if ([sum, product, output].some((tensor) => uses.get(tensor) !== 1)) continue;
    sums.add(i);
    outer[i] = transposed(outer[i]!);
    inputs[i] = placeholder("scan", sum.dtype, sum.shape.toReversed());
    outputs[i] = add(inputs[i]!, matmul(b!, a!, { transposeA: true }));
  }
  return { loop: { ...loop, inputs: outer, body: makeProgram(inputs, outputs) }, sums };
}

/** Nothing has to move in a sum that begins with one number everywhere. */
function transposed(matrix: Tensor): Tensor {
  const [value] = matrix.node.inputs;
  const isFilled = isOp(matrix.node, broadcastToOp) && value!.shape.length === 0;
  return isFilled ? broadcastTo(value!, matrix.shape.toReversed()) : transpose(matrix);
}

/**
 * What the body computes of captured float32 values alone is captured instead. (Of 16-bit values the runtime leaves out some roundings,
 * and inside of a loop others than outside: a step would not be the same in a loop and by itself.)
 */
function withoutInvariants(loop: Loop): Loop {
  const { inputs, body, carried, stacked } = loop;
  const outside = new Map(body.inputs.map((input, i) => [input, inputs[i]!]));
  const isFull = ({ dtype }: Tensor) => dtype === "float32";
  const invariant = new Set(body.inputs.slice(carried + stacked).filter(isFull));
  const hoisted = new Map<Tensor, Tensor>();
  const isLiteral = (tensor: Tensor) => literalData(tensor) !== undefined;
  for (const node of body.nodes) {
    const isInvariant = (tensor: Tensor) => invariant.has(tensor) || isLiteral(tensor);
    const isHoisted = node.inputs.every(isInvariant) && node.inputs.some((input) => invariant.has(input));
    if (isHoisted && node.outputs.every(isFull)) {
      for (const output of node.outputs) invariant.add(output);
    } else {
      for (const input of node.inputs) if (invariant.has(input) && !outside.has(input)) hoisted.set(input, input);
    }
  }
  for (const tensor of hoisted.keys()) hoisted.set(tensor, placeholder("scan", tensor.dtype, tensor.shape));
  const known = new Map([...body.inputs.map((input) => [input, input] as const), ...hoisted]);
  return {
    ...loop,
    inputs: [...inputs, ...rewrite([...hoisted.keys()], () => undefined, outside)],
    body: makeProgram(
      [...body.inputs, ...hoisted.values()],
      rewrite(body.outputs, () => undefined, known),
    ),
  };
}
