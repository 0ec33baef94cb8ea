// Takes in-place updates of donated state out of a program: an output `updateSlice(donated input, patch, start)` copies the whole
// state inside the graph, while the runtime's thread can write the patch into the input's memory after the run.
import type { Program, Tensor } from "../../graph.ts";
import { updateSliceOp } from "../../ops/gather.ts";
import { makeProgram } from "../../program.ts";
import type { StateUpdate } from "./protocol.ts";

export interface SplitProgram {
  /** The program whose outputs are those that stay, then patches and starts. */
  readonly program: Program;
  /** For each output of the original program: its output in `program`, or the update that makes it. */
  readonly outputs: readonly (number | StateUpdate)[];
}

export function splitStateUpdates(program: Program, donated: readonly boolean[]): SplitProgram {
  const inside: Tensor[] = [];
  const addOutput = (tensor: Tensor) => {
    const at = inside.indexOf(tensor);
    return at >= 0 ? at : inside.push(tensor) - 1;
  };
  const targets = new Set<number>();
  const outputs = program.outputs.map((output): number | StateUpdate => {
    const { op, inputs, attributes } = output.node;
    const target = (op as unknown) === updateSliceOp ? program.inputs.indexOf(inputs[0]!) : -1;
    if (target < 0 || !donated[target] || targets.has(target)) return addOutput(output);
    targets.add(target);
    return { target, patch: addOutput(inputs[1]!), start: addOutput(inputs[2]!), axis: attributes.axis as number };
  });
  return { program: makeProgram(program.inputs, inside), outputs };
}
