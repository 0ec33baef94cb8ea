// Runs a program node by node on TensorFlow.js and frees what no later node reads.
import { UnsupportedOpError } from "../../errors.ts";
import { describeType, type Node, type Program, type Tensor } from "../../graph.ts";
import type { TensorFlow } from "../../ops/tensorFlow.ts";
import { describeOrigin } from "../../origin.ts";
import { makeProgram } from "../../program.ts";
import { expandFused } from "../../rewrite.ts";
import { isConcrete } from "../../shape.ts";
import type { HostArray } from "../../storage.ts";
import { bindDimensions } from "../bind.ts";
import type { DeviceBuffer, Executable } from "../executor.ts";
import { nodeError } from "../nodeError.ts";
import { TfjsBuffer } from "./buffer.ts";
import { runNode } from "./runNode.ts";

export interface TfjsExecutable extends Executable {
  run(inputs: readonly (DeviceBuffer | HostArray)[]): Promise<TfjsBuffer[]>;
}

/** A node and the values that nothing reads after it. */
interface Step {
  readonly node: Node;
  readonly lastUses: readonly Tensor[];
}

/** Prepares a program. The buffers of donated inputs are handed to `free` after a run that succeeded. */
export function tfjsExecutable(
  tf: TensorFlow,
  program: Program,
  options: { readonly donated: readonly boolean[]; readonly free: (buffer: TfjsBuffer) => void },
): TfjsExecutable {
  const kept = (node: Node) => node.op.tfjs !== undefined;
  const expanded = makeProgram(program.inputs, expandFused(program.outputs, kept));
  requireSupported(expanded);
  const isLiteral = ({ inputs, outputs }: Node) =>
    inputs.length === 0 && outputs.every(({ shape }) => isConcrete(shape));
  const literals = new Map<Tensor, TfjsBuffer>();
  for (const node of expanded.nodes.filter(isLiteral)) runInto(literals, tf, node, new Map());
  const steps = planSteps(expanded, literals);

  const run = async (inputs: readonly (DeviceBuffer | HostArray)[]): Promise<TfjsBuffer[]> => {
    const made = new Set<TfjsBuffer>();
    try {
      const given = inputs.map((input) => {
        if (input instanceof TfjsBuffer) return input;
        const buffer = TfjsBuffer.fromHostArray(tf, input as HostArray);
        made.add(buffer);
        return buffer;
      });
      const sizes = bindDimensions(program, given);
      const values = new Map<Tensor, TfjsBuffer>(literals);
      for (const [i, input] of program.inputs.entries()) values.set(input, given[i]!);
      for (const { node, lastUses } of steps) {
        for (const buffer of runInto(values, tf, node, sizes)) made.add(buffer);
        for (const tensor of lastUses) {
          const buffer = values.get(tensor)!;
          buffer.dispose();
          made.delete(buffer);
        }
      }
      const results = expanded.outputs.map((output) => values.get(output)!.share());
      for (const [i, buffer] of given.entries()) if (options.donated[i]) options.free(buffer);
      return results;
    } finally {
      for (const buffer of made) buffer.dispose();
    }
  };
  return {
    run,
    dispose: () => {
      for (const buffer of literals.values()) buffer.dispose();
    },
  };
}

function requireSupported({ nodes }: Program): void {
  for (const { op, outputs, origin } of nodes) {
    if (op.tfjs !== undefined) continue;
    const place = describeOrigin(origin);
    throw new UnsupportedOpError(
      `tfjs: op "${op.name}" (${outputs.map(describeType)}) has no lowering to TensorFlow.js (give its record a "tfjs", ` +
        `or use another executor)${place ? `\n  recorded at ${place}` : ""}`,
    );
  }
}

/** Every node that is not computed beforehand, with the values to free after it. */
function planSteps({ nodes, inputs, outputs }: Program, literals: ReadonlyMap<Tensor, TfjsBuffer>): Step[] {
  const read = new Set<Tensor>([...inputs, ...outputs, ...literals.keys()]);
  const steps: Step[] = [];
  for (const node of nodes.filter(({ outputs }) => !outputs.some((output) => literals.has(output))).reverse()) {
    const lastUses = [...new Set([...node.inputs, ...node.outputs])].filter((tensor) => !read.has(tensor));
    for (const tensor of lastUses) read.add(tensor);
    steps.push({ node, lastUses });
  }
  return steps.reverse();
}

/** Computes a node from `values` and adds what it gives. */
function runInto(
  values: Map<Tensor, TfjsBuffer>,
  tf: TensorFlow,
  node: Node,
  sizes: ReadonlyMap<string, number>,
): TfjsBuffer[] {
  try {
    const inputs = node.inputs.map((input) => values.get(input)!);
    const results = runNode(tf, node, inputs, sizes);
    for (const [i, output] of node.outputs.entries()) values.set(output, results[i]!);
    return results;
  } catch (error) {
    throw nodeError(node, error);
  }
}
