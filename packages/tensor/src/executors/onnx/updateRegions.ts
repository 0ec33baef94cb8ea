// Finds the element-wise end of a program that turns donated state into new state (an optimiser's update): ONNX Runtime would run it
// as a pass over memory for each op and copy every result out, where one SIMD kernel reads and writes each element once, in place.
import type { HostData } from "../../dtype.ts";
import type { Node, Program, Tensor } from "../../graph.ts";
import { literalData } from "../../ops/create.ts";
import { isConcrete, shapesEqual } from "../../shape.ts";
import type { KernelOperand, KernelStep, SimdKernel } from "../../wasm/simdKernel.ts";

/** One kernel of a program: values of the program by the kernel's numbers. */
export interface UpdateRegion {
  readonly kernel: SimdKernel;
  /** Of every array. */
  readonly shape: readonly number[];
  /** Program inputs, or values that the graph computes. */
  readonly arrays: readonly Tensor[];
  readonly scalars: readonly Tensor[];
  /** Outputs of the program, and the array whose memory each takes over. */
  readonly results: readonly { readonly output: Tensor; readonly array: number }[];
}

/** The regions of a program whose inputs are `donated` or not. The values they make are needed by nothing else. */
export function findUpdateRegions(program: Program, donated: readonly boolean[]): UpdateRegion[] {
  const outputs = new Set(program.outputs);
  const free = new Set(program.inputs.filter((input, i) => donated[i] && !outputs.has(input)));
  const regions: UpdateRegion[] = [];
  for (const nodes of connectedParts(tailNodes(program))) {
    const region = makeRegion(nodes, outputs, free);
    if (!region) continue;
    regions.push(region);
    // Memory that one region writes over cannot be another's.
    for (const array of region.arrays) free.delete(array);
  }
  return regions;
}

/** Element-wise nodes from which only other such nodes of the same shape, and outputs, can be reached. */
function tailNodes({ nodes, outputs }: Program): Set<Node> {
  const tail = new Set<Node>();
  // What is an output twice needs two places, and a kernel has one.
  const usedElsewhere = new Set(outputs.filter((output, i) => outputs.indexOf(output) !== i));
  const usedByTail = new Set<Tensor>();
  for (const node of nodes.toReversed()) {
    const [value] = node.outputs;
    const needed = usedByTail.has(value!) || outputs.includes(value!);
    if (needed && !usedElsewhere.has(value!) && isVectorStep(node)) {
      tail.add(node);
      for (const input of node.inputs) {
        if (shapesEqual(input.shape, value!.shape)) usedByTail.add(input);
        else usedElsewhere.add(input);
      }
    } else for (const input of node.inputs) usedElsewhere.add(input);
  }
  return tail;
}

function isVectorStep({ op, inputs, outputs: [value] }: Node): boolean {
  if (!op.simd || value!.dtype !== "float32" || value!.shape.length === 0 || !isConcrete(value!.shape)) return false;
  return inputs.every((input, i) => {
    if (isScalar(input)) return input.dtype === (op.simd === "v128.bitselect" && i === 0 ? "bool" : "float32");
    return input.dtype === "float32" && shapesEqual(input.shape, value!.shape) && literalData(input) === undefined;
  });
}

function isScalar({ shape }: Tensor): boolean {
  return shape.length === 0;
}

/** Nodes that hand arrays to each other, in the order of the program. */
function connectedParts(tail: ReadonlySet<Node>): Node[][] {
  const partOf = new Map<Node, Node[]>();
  for (const node of [...tail].reverse()) {
    const parts = new Set(
      node.inputs.filter((input) => !isScalar(input) && tail.has(input.node)).map((input) => partOf.get(input.node)!),
    );
    const merged = [...[...parts].flat(), node];
    for (const member of merged) partOf.set(member, merged);
  }
  return [...new Set(partOf.values())];
}

function makeRegion(
  nodes: readonly Node[],
  outputs: ReadonlySet<Tensor>,
  free: ReadonlySet<Tensor>,
): UpdateRegion | undefined {
  const arrays: Tensor[] = [];
  const scalars: Tensor[] = [];
  const stepOf = new Map(nodes.map((node, i) => [node.outputs[0]!, i]));
  const indexIn = (list: Tensor[], tensor: Tensor) =>
    list.includes(tensor) ? list.indexOf(tensor) : list.push(tensor) - 1;
  const operand = (tensor: Tensor): KernelOperand => {
    const step = stepOf.get(tensor);
    if (step !== undefined) return { kind: "step", index: step };
    if (!isScalar(tensor)) return { kind: "array", index: indexIn(arrays, tensor) };
    const literal: HostData | undefined = tensor.dtype === "float32" ? literalData(tensor) : undefined;
    return literal
      ? { kind: "literal", value: Number(literal[0]) }
      : { kind: "scalar", index: indexIn(scalars, tensor) };
  };
  const steps = nodes.map(({ op, inputs }): KernelStep => ({ instruction: op.simd!, operands: inputs.map(operand) }));
  const made = nodes.map((node) => node.outputs[0]!).filter((value) => outputs.has(value));
  const writable = [...arrays.keys()].filter((i) => free.has(arrays[i]!));
  const isFetched = arrays.some((array) => outputs.has(array) && !free.has(array) && array.node.inputs.length > 0);
  if (made.length > writable.length || nodes.length < 2 || isFetched) return undefined;
  const results = placesOf(
    made,
    writable.map((array) => ({ array, tensor: arrays[array]! })),
    new Set(nodes),
  );
  const stores = results.map(({ output, array }) => ({ step: stepOf.get(output)!, array }));
  return {
    kernel: { arrays: arrays.length, scalars: scalars.length, steps, stores },
    shape: made[0]!.shape as readonly number[],
    arrays,
    scalars,
    results,
  };
}

/**
 * Which array each result is written over: the one that it is made of most directly. State that keeps its place from run to run is
 * not moved: what an optimiser makes of its first moment comes in as the first moment of the next step.
 */
function placesOf(
  results: readonly Tensor[],
  writable: readonly { readonly array: number; readonly tensor: Tensor }[],
  nodes: ReadonlySet<Node>,
): { output: Tensor; array: number }[] {
  const pairs = results.flatMap((output) => {
    const steps = stepsFrom(output, nodes);
    return writable.map(({ array, tensor }) => ({ output, array, steps: steps.get(tensor) ?? Infinity }));
  });
  const placed = new Map<Tensor, number>();
  const taken = new Set<number>();
  for (const { output, array } of pairs.sort((a, b) => a.steps - b.steps)) {
    if (placed.has(output) || taken.has(array)) continue;
    placed.set(output, array);
    taken.add(array);
  }
  return results.map((output) => ({ output, array: placed.get(output)! }));
}

/** Nodes between a tensor and each of those that it is made of, inside of the region. */
function stepsFrom(output: Tensor, nodes: ReadonlySet<Node>): Map<Tensor, number> {
  const steps = new Map([[output, 0]]);
  for (const [tensor, count] of steps) {
    if (!nodes.has(tensor.node)) continue;
    for (const input of tensor.node.inputs) if (!steps.has(input)) steps.set(input, count + 1);
  }
  return steps;
}
