// Passes that make a program smaller without changing its meaning: unused nodes, constants, repeated and idle nodes.
import { fromNumbers, type HostData } from "./dtype.ts";
import { TensorError } from "./errors.ts";
import { runKernel } from "./executors/kernel.ts";
import { type Attributes, makeNode, type Node, type Program, type Tensor } from "./graph.ts";
import { constant, literalData } from "./ops/create.ts";
import { addOp } from "./ops/elementwise.ts";
import { isOp, type NumberArray } from "./ops/op.ts";
import { countUses, makeProgram } from "./program.ts";
import { rewrite, withInputs } from "./rewrite.ts";
import { foldRowScales } from "./rowScales.ts";
import { concreteCount, isConcrete, shapesEqual } from "./shape.ts";

/** Larger results are computed at run time: a program should not carry them. */
const largestFoldedConstant = 4096;

/** All passes. Nodes that no output needs are gone as well. */
export function optimize(program: Program): Program {
  const seen = new Map<string, readonly Tensor[]>();
  const identity = new Map<Tensor, number>();
  const idOf = (tensor: Tensor) => {
    const id = identity.get(tensor) ?? identity.size;
    identity.set(tensor, id);
    return id;
  };
  const isInput = new Set(program.inputs);
  const uses = countUses(program);
  const outputs = rewrite(program.outputs, (node, inputs) => {
    if (node.outputs.some((output) => isInput.has(output))) return node.outputs;
    const simpler =
      dropIdle(node, inputs) ??
      foldConstants(node, inputs) ??
      foldAddition(node, inputs, uses) ??
      foldRowScales(node, inputs);
    if (simpler) return simpler;
    const key = `${node.op.name}(${inputs.map(idOf)})${describeAttributes(node.attributes)}`;
    const before = seen.get(key);
    if (before) return before;
    const { outputs } = withInputs(node, inputs);
    seen.set(key, outputs);
    return outputs;
  });
  return makeProgram(program.inputs, outputs);
}

function describeAttributes(attributes: Attributes): string {
  return JSON.stringify(attributes, (_, value) =>
    ArrayBuffer.isView(value)
      ? `${value.constructor.name}:${bytesOf(value)}`
      : typeof value === "number"
        ? String(value)
        : value,
  );
}

/** Exact, unlike the numbers as text: -0 is not 0. */
function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("latin1");
}

/** Movement to the shape it already has, neutral elements of arithmetic. */
function dropIdle(node: Node, inputs: readonly Tensor[]): readonly Tensor[] | undefined {
  const { idle } = node.op;
  const [x, y] = inputs;
  if (!idle || !x) return undefined;
  if (idle === "always") return inputs.slice(0, node.outputs.length);
  const [output] = node.outputs;
  const same = (tensor: Tensor) => tensor.dtype === output!.dtype && shapesEqual(tensor.shape, output!.shape);
  if (idle === "sameType") return same(x) ? [x] : undefined;
  if (y && literal(y) === idle.right && same(x)) return [x];
  if (y && idle.left !== undefined && literal(x) === idle.left && same(y)) return [y];
  return undefined;
}

/** `x + op(…)` as `op(…, x)` where an op can add its result to a tensor, so that there need not be two of that size. */
function foldAddition(
  node: Node,
  inputs: readonly Tensor[],
  uses: ReadonlyMap<Tensor, number>,
): readonly Tensor[] | undefined {
  if (!isOp(node, addOp)) return undefined;
  const [output] = node.outputs;
  for (const i of [0, 1]) {
    const [added, other] = [inputs[i]!, inputs[1 - i]!];
    const { op, attributes, origin } = added.node;
    const takesOther = op.addend === added.node.inputs.length && shapesEqual(other.shape, output!.shape);
    if (takesOther && uses.get(node.inputs[i]!) === 1 && shapesEqual(added.shape, output!.shape)) {
      return makeNode(op, [...added.node.inputs, other], attributes, [output!], origin).outputs;
    }
  }
  return undefined;
}

/** The value of a one-element literal. */
function literal(tensor: Tensor): number | undefined {
  const data = literalData(tensor);
  return data?.length === 1 && tensor.dtype !== "float16" && tensor.dtype !== "bfloat16" ? Number(data[0]) : undefined;
}

function foldConstants(node: Node, inputs: readonly Tensor[]): readonly Tensor[] | undefined {
  if (inputs.length === 0 || !node.op.reference) return undefined;
  const isSmall = (tensor: Tensor) => isConcrete(tensor.shape) && concreteCount(tensor.shape) <= largestFoldedConstant;
  if (!node.outputs.every(isSmall)) return undefined;
  const data = inputs.map(literalData);
  if (data.includes(undefined)) return undefined;
  let results: readonly NumberArray[];
  try {
    results = runKernel(withInputs(node, inputs), data as HostData[]);
  } catch (error) {
    // An index out of range, say: the run will report it with the line that recorded the node.
    if (TensorError.isInstance(error)) return undefined;
    throw error;
  }
  return node.outputs.map((output, i) =>
    constant(fromNumbers(output.dtype, results[i]!), output.dtype, output.shape as readonly number[]),
  );
}
