// Rebuilds a graph from its leaves up, giving each node the chance to be replaced: what every pass is made of.
import { makeNode, type Node, type Tensor, topologicalOrder } from "./graph.ts";

/**
 * `outputs` with nodes replaced. `replace` sees each node with its rewritten inputs and returns new values for its outputs,
 * or undefined to keep the op. `known` holds replacements to start from (and is extended).
 */
export function rewrite(
  outputs: readonly Tensor[],
  replace: (node: Node, inputs: readonly Tensor[]) => readonly Tensor[] | undefined,
  known: ReadonlyMap<Tensor, Tensor> = new Map(),
): Tensor[] {
  const done = new Map(known);
  const resolve = (tensor: Tensor) => done.get(tensor) ?? tensor;
  for (const node of topologicalOrder(outputs)) {
    if (node.outputs.every((output) => done.has(output))) continue;
    const inputs = node.inputs.map(resolve);
    const replacement = replace(node, inputs) ?? withInputs(node, inputs).outputs;
    // What is known stays, also where another output of its node is not known.
    for (const [i, output] of node.outputs.entries()) if (!done.has(output)) done.set(output, replacement[i]!);
  }
  return outputs.map(resolve);
}

/** The same application of an op to other inputs of the same types. */
export function withInputs(node: Node, inputs: readonly Tensor[]): Node {
  const unchanged = inputs.every((input, i) => input === node.inputs[i]);
  return unchanged ? node : makeNode(node.op, inputs, node.attributes, node.outputs, node.origin);
}

/** The graph with every fused op that `isKept` does not want replaced by its composition. */
export function expandFused(outputs: readonly Tensor[], isKept: (node: Node) => boolean): Tensor[] {
  return rewrite(outputs, (node, inputs) => {
    if (!node.op.compose || isKept(node)) return undefined;
    const composed = node.op.compose(inputs, node.attributes);
    return expandFused(Array.isArray(composed) ? composed : [composed as Tensor], isKept);
  });
}
