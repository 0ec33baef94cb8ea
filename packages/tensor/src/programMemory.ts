// How much memory a program takes, worked out from its graph.
import { evaluateDimension } from "./dimension.ts";
import { byteSize } from "./dtype.ts";
import { type Node, type Program, Subprogram, type Tensor } from "./graph.ts";

/** Bytes. What an executor adds (packed weights, work space, memory it keeps for later) is not in it. */
export interface ProgramMemory {
  readonly inputs: number;
  /** Of these, an executor may write those that replace donated inputs in place: they then take no room of their own. */
  readonly outputs: number;
  /** The most that is alive at a time beside the inputs. */
  readonly peak: number;
  /** The most that is alive at a time beside inputs and outputs: what is left where the outputs are written in place. */
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
  const inside = (node: Node) => memoryInside(node, sizes);
  const temporary = largestSum(program, lastUse, { bytes, inside }, new Set(program.outputs.map(ownerOf)));
  for (const output of program.outputs) lastUse.set(ownerOf(output), Number.POSITIVE_INFINITY);
  const peak = largestSum(program, lastUse, { bytes, inside }, new Set());
  const total = (tensors: readonly Tensor[]) => tensors.reduce((sum, tensor) => sum + bytes(tensor), 0);
  return { inputs: total(program.inputs), outputs: total(program.outputs), peak, temporary };
}

/** The most that the programs that a node repeats (`scan`) hold beside the node's inputs and outputs. */
function memoryInside({ attributes }: Node, sizes: Readonly<Record<string, number>>): number {
  const inner = Object.values(attributes).filter((value) => value instanceof Subprogram);
  return Math.max(0, ...inner.map(({ program }) => programMemory(program, sizes).temporary));
}

/** The largest sum of the bytes of values that are alive together, those in `leftOut` not counted. */
function largestSum(
  program: Program,
  lastUse: ReadonlyMap<Tensor, number>,
  { bytes, inside }: { bytes: (tensor: Tensor) => number; inside: (node: Node) => number },
  leftOut: ReadonlySet<Tensor>,
): number {
  const counted = (tensor: Tensor) => lastUse.has(tensor) && !leftOut.has(tensor);
  const dying = new Map<number, Tensor[]>();
  for (const [tensor, last] of lastUse) if (counted(tensor)) dying.set(last, [...(dying.get(last) ?? []), tensor]);
  let alive = 0;
  let largest = 0;
  for (const [i, node] of program.nodes.entries()) {
    for (const output of node.outputs) if (counted(output)) alive += bytes(output);
    largest = Math.max(largest, alive + inside(node));
    for (const tensor of dying.get(i) ?? []) alive -= bytes(tensor);
  }
  return largest;
}
