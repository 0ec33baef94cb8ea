// From traced outputs to a `Program`.
import { TensorError } from "./errors.ts";
import { type Program, type Tensor, topologicalOrder } from "./graph.ts";
import { placeholder, placeholderOp } from "./ops/create.ts";
import { isOp } from "./ops/op.ts";
import { rewrite } from "./rewrite.ts";

/** A program with the stored tensors it reads turned into inputs. */
export interface ClosedProgram {
  readonly program: Program;
  /** The stored tensors behind the inputs that follow those given. */
  readonly captured: readonly Tensor[];
}

export function makeProgram(inputs: readonly Tensor[], outputs: readonly Tensor[]): Program {
  const placeholders = new Set(inputs.map((input) => input.node));
  return { inputs, outputs, nodes: topologicalOrder(outputs).filter((node) => !placeholders.has(node)) };
}

/** How often each tensor is read, by a node or as an output. */
export function countUses({ nodes, outputs }: Program): Map<Tensor, number> {
  const uses = new Map<Tensor, number>();
  for (const tensor of [...nodes.flatMap(({ inputs }) => inputs), ...outputs]) {
    uses.set(tensor, (uses.get(tensor) ?? 0) + 1);
  }
  return uses;
}

/** Closes a graph over the stored tensors it reads: they become inputs after the given ones. */
export function closeProgram(inputs: readonly Tensor[], outputs: readonly Tensor[]): ClosedProgram {
  const captured = new Map<Tensor, Tensor>();
  const given = new Set(inputs);
  const capture = (tensor: Tensor) => {
    if (tensor.storage && !given.has(tensor) && !captured.has(tensor)) {
      captured.set(tensor, placeholder(`captured.${captured.size}`, tensor.dtype, tensor.shape));
    }
  };
  const nodes = topologicalOrder(outputs);
  const stray = nodes.find((node) => isOp(node, placeholderOp) && !given.has(node.outputs[0]!));
  if (stray) {
    throw new TensorError(
      `"${stray.attributes.name}" is a placeholder: the input of a function that is recorded, or of a program, has no elements ` +
        "(return what is made from it from the function, and use the result)",
    );
  }
  for (const node of nodes) node.inputs.forEach(capture);
  outputs.forEach(capture);
  const replaced = rewrite(outputs, () => undefined, captured);
  return { program: makeProgram([...inputs, ...captured.values()], replaced), captured: [...captured.keys()] };
}
