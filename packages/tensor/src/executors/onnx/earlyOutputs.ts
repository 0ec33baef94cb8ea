// The gradient of a tied embedding is made first by the output layer, and waits until the end of a program for that of the embedding to
// be added to it. It needs no room of its own meanwhile: the place of the output that the sum will be is free.
import { byteSize } from "../../dtype.ts";
import type { Node, Program, Tensor } from "../../graph.ts";
import { isOp } from "../../ops/op.ts";
import { afterOp } from "../../ops/order.ts";
import { concreteCount, isConcrete } from "../../shape.ts";

export interface EarlyOutput {
  /** To be written where `output` will be. */
  readonly value: Tensor;
  readonly output: Tensor;
}

const worthwhileBytes = 2 ** 20;

/** For those of the outputs named that an op makes by adding onto a value that nothing else needs, this value. */
export function earlyOutputs(program: Program, outputs: readonly Tensor[]): EarlyOutput[] {
  const readers = new Map<Tensor, Set<Node>>();
  for (const node of program.nodes) {
    for (const value of valuesRead(node)) readers.set(value, (readers.get(value) ?? new Set()).add(node));
  }
  return outputs.flatMap((output) => {
    const { node, dtype, shape } = output;
    const value = node.op.addend === undefined ? undefined : node.inputs[node.op.addend];
    if (!value || value.node.inputs.length === 0 || readers.get(value)!.size > 1 || !isConcrete(shape)) return [];
    const isReadTwice = node.inputs.filter((input) => input === value).length > 1;
    if (isReadTwice || program.outputs.includes(value)) return [];
    return concreteCount(shape) * byteSize(dtype) < worthwhileBytes ? [] : [{ value, output }];
  });
}

/** What waits for a value does not care what it is. */
function valuesRead(node: Node): readonly Tensor[] {
  return isOp(node, afterOp) ? node.inputs.slice(0, node.attributes.values as number) : node.inputs;
}
