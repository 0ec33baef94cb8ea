// How much memory a program takes, worked out from its graph.
import { evaluateDimension } from "./dimension.ts";
import { byteSize } from "./dtype.ts";
import type { Program, Tensor } from "./graph.ts";

/** Bytes. What an executor adds (packed weights, work space, memory it keeps for later) is not in it. */
export interface ProgramMemory {
  readonly inputs: number;
  /** Of these, an executor may write those that replace donated inputs in place: they then take no room of their own. */
  readonly outputs: number;
  /** The most that is alive at a time beside inputs and outputs. */
  readonly temporary: number;
}

/**
 * Estimates the memory of a run: a value lives from the node that computes it to the last node that reads it, in the order of
 * `program.nodes`; views share the memory of what they view. `sizes` gives the numbers behind named dimensions; throws a `ShapeError`
 * for a name without one.
 */
export function programMemory(program: Program, sizes: Readonly<Record<string, number>> = {}): ProgramMemory {
  const bound = new Map(Object.entries(sizes));
  const bytes = ({ dtype, shape }: Tensor) =>
    shape.reduce<number>((product, size) => product * evaluateDimension(size, bound), byteSize(dtype));
  const owners = new Map<Tensor, Tensor>();
  const ownerOf = (tensor: Tensor) => owners.get(tensor) ?? tensor;
  const lastUse = new Map<Tensor, number>();
  for (const [i, node] of program.nodes.entries()) {
    for (const [k, output] of node.outputs.entries()) {
      if (node.op.view) owners.set(output, ownerOf(node.inputs[k]!));
      else lastUse.set(output, i);
    }
    for (const input of node.inputs) if (lastUse.has(ownerOf(input))) lastUse.set(ownerOf(input), i);
  }
  for (const output of program.outputs) lastUse.delete(ownerOf(output));
  const dying = new Map<number, Tensor[]>();
  for (const [tensor, last] of lastUse) dying.set(last, [...(dying.get(last) ?? []), tensor]);

  let alive = 0;
  let temporary = 0;
  for (const [i, node] of program.nodes.entries()) {
    for (const output of node.outputs) if (lastUse.has(output)) alive += bytes(output);
    temporary = Math.max(temporary, alive);
    for (const tensor of dying.get(i) ?? []) alive -= bytes(tensor);
  }
  const total = (tensors: readonly Tensor[]) => tensors.reduce((sum, tensor) => sum + bytes(tensor), 0);
  return { inputs: total(program.inputs), outputs: total(program.outputs), temporary };
}
