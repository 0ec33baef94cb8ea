// Finds the element-wise end of a program that turns donated state into new state (an optimiser's update): ONNX Runtime would run it
// as a pass over memory for each op and copy every result out, where one SIMD kernel reads and writes each element once, in place.
import type { HostData } from "../../dtype.ts";
import type { QuantizationLevels } from "../../fused/quantizationLevels.ts";
import { dequantizeBlockwiseOp, quantizeBlockwiseOp } from "../../fused/quantizeBlockwise.ts";
import type { Node, Program, Tensor } from "../../graph.ts";
import { literalData } from "../../ops/create.ts";
import { isOp } from "../../ops/op.ts";
import { isConcrete, shapesEqual } from "../../shape.ts";
import { mostCodedResults } from "../../wasm/blockwise.ts";
import type { ArrayFormat, CodesFormat, KernelOperand, KernelStep, SimdKernel } from "../../wasm/simdKernel.ts";

/** One kernel of a program: values of the program by the kernel's numbers. */
export interface UpdateRegion {
  readonly kernel: SimdKernel;
  /** Of what the kernel computes with. */
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

/**
 * Element-wise nodes from which only other such nodes of the same shape, and outputs, can be reached. State in 8 bits is turned into
 * numbers and back there as well.
 */
function tailNodes({ nodes, outputs }: Program): Set<Node> {
  const tail = new Set<Node>();
  // What is an output twice needs two places, and a kernel has one.
  const usedElsewhere = new Set(outputs.filter((output, i) => outputs.indexOf(output) !== i));
  const usedByTail = new Set<Tensor>();
  const isReached = (value: Tensor) => (usedByTail.has(value) || outputs.includes(value)) && !usedElsewhere.has(value);
  for (const node of nodes.toReversed()) {
    const { outputs: values } = node;
    if (isOp(node, quantizeBlockwiseOp)) {
      const isEnd = values.every((value) => isReached(value) && outputs.includes(value));
      if (isEnd) tail.add(node);
      for (const input of node.inputs) (isEnd ? usedByTail : usedElsewhere).add(input);
    } else if (isReached(values[0]!) && (isVectorStep(node) || isOp(node, dequantizeBlockwiseOp))) {
      tail.add(node);
      for (const input of node.inputs) {
        const isElement = input.dtype === "float32" && shapesEqual(input.shape, values[0]!.shape);
        (isElement ? usedByTail : usedElsewhere).add(input);
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
  const formats: ArrayFormat[] = [];
  const arrays: Tensor[] = [];
  const scalars: Tensor[] = [];
  const computing = nodes.filter(({ op }) => op.simd !== undefined);
  const stepOf = new Map(computing.map((node, i) => [node.outputs[0]!, i]));
  const indexOfArray = (tensor: Tensor, format: ArrayFormat) => {
    if (!arrays.includes(tensor)) formats[arrays.push(tensor) - 1] = format;
    return arrays.indexOf(tensor);
  };
  const operand = (tensor: Tensor): KernelOperand => {
    const step = stepOf.get(tensor);
    if (step !== undefined) return { kind: "step", index: step };
    if (isOp(tensor.node, dequantizeBlockwiseOp) && nodes.includes(tensor.node)) {
      const { inputs, attributes } = tensor.node;
      const scales = indexOfArray(inputs[1]!, "scales");
      return {
        kind: "array",
        index: indexOfArray(inputs[0]!, { levels: attributes.levels as QuantizationLevels, scales }),
      };
    }
    if (!isScalar(tensor)) return { kind: "array", index: indexOfArray(tensor, "float32") };
    const literal: HostData | undefined = tensor.dtype === "float32" ? literalData(tensor) : undefined;
    if (literal) return { kind: "literal", value: Number(literal[0]) };
    return { kind: "scalar", index: scalars.includes(tensor) ? scalars.indexOf(tensor) : scalars.push(tensor) - 1 };
  };
  const steps = computing.map(
    ({ op, inputs }): KernelStep => ({ instruction: op.simd!, operands: inputs.map(operand) }),
  );
  const isFetched = arrays.some((array) => outputs.has(array) && !free.has(array) && array.node.inputs.length > 0);
  if (computing.length < 2 || isFetched) return undefined;
  const wanted = resultsOf(nodes, outputs);
  const places = placesOf(wanted, { arrays, formats, free }, new Set(nodes));
  const coded = wanted.filter(({ scales }) => scales !== undefined).length;
  if (!places || coded > mostCodedResults || wanted.some(({ value }) => !stepOf.has(value))) return undefined;
  const stores = wanted.map(({ value }, i) => ({ step: stepOf.get(value)!, array: places[i]! }));
  const results = wanted.flatMap(({ output, scales }, i) => {
    const array = places[i]!;
    return [{ output, array }, ...(scales ? [{ output: scales, array: (formats[array] as CodesFormat).scales }] : [])];
  });
  return {
    kernel: { arrays: formats, scalars: scalars.length, steps, stores },
    shape: computing[0]!.outputs[0]!.shape as readonly number[],
    arrays,
    scalars,
    results,
  };
}

/** What a region makes for outside: `value` as it is, or in codes and scales. */
interface Result {
  readonly value: Tensor;
  readonly output: Tensor;
  readonly scales?: Tensor;
  readonly levels?: QuantizationLevels;
}

function resultsOf(nodes: readonly Node[], outputs: ReadonlySet<Tensor>): Result[] {
  return nodes.flatMap((node): Result[] => {
    const [output, scales] = node.outputs;
    if (!isOp(node, quantizeBlockwiseOp)) return outputs.has(output!) ? [{ value: output!, output: output! }] : [];
    const { levels } = node.attributes as { levels: QuantizationLevels };
    return [{ value: node.inputs[0]!, output: output!, scales: scales!, levels }];
  });
}

interface Arrays {
  readonly arrays: readonly Tensor[];
  readonly formats: readonly ArrayFormat[];
  readonly free: ReadonlySet<Tensor>;
}

/**
 * Which array each result is written over, undefined if there are too few: the one that it is made of most directly. State that keeps
 * its place from run to run is not moved: what an optimiser makes of its first moment comes in as the first moment of the next step.
 */
function placesOf(
  results: readonly Result[],
  { arrays, formats, free }: Arrays,
  nodes: ReadonlySet<Node>,
): number[] | undefined {
  const fits = (array: number, { levels }: Result) => {
    const format = formats[array]!;
    if (!free.has(arrays[array]!) || format === "scales") return false;
    if (format === "float32") return levels === undefined;
    return format.levels === levels && free.has(arrays[format.scales]!);
  };
  const pairs = results.flatMap((result) => {
    const steps = stepsFrom(result.value, nodes);
    const fitting = [...arrays.keys()].filter((array) => fits(array, result));
    return fitting.map((array) => ({ result, array, steps: steps.get(arrays[array]!) ?? Infinity }));
  });
  const placed = new Map<Result, number>();
  const taken = new Set<number>();
  for (const { result, array } of pairs.sort((a, b) => a.steps - b.steps)) {
    if (placed.has(result) || taken.has(array)) continue;
    placed.set(result, array);
    taken.add(array);
  }
  return placed.size === results.length ? results.map((result) => placed.get(result)!) : undefined;
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
