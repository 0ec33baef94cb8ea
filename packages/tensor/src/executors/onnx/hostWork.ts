// Divides a program between ONNX Runtime and the thread that runs it: what only writes into donated state is done in place after the
// run, by slice writes (a KV cache) and by SIMD kernels (an optimiser's update).
import type { Program, Tensor } from "../../graph.ts";
import { constant } from "../../ops/create.ts";
import { updateSliceOp } from "../../ops/gather.ts";
import { isOp } from "../../ops/op.ts";
import { makeProgram } from "../../program.ts";
import { earlyOutputs } from "./earlyOutputs.ts";
import type { KernelPlan, SharedPlace, SliceWrite, Source } from "./protocol.ts";
import { findUpdateRegions } from "./updateRegions.ts";

/** How an output of the whole program comes about. */
export type OutputPlan =
  | { readonly kind: "graph"; readonly output: number }
  | { readonly kind: "slice"; readonly write: number }
  | { readonly kind: "kernel"; readonly kernel: number; readonly array: number };

export interface HostWork {
  /** What ONNX Runtime runs; its outputs are the ones kept and what the rest needs. */
  readonly program: Program;
  readonly slices: readonly SliceWrite[];
  readonly kernels: readonly KernelPlan[];
  readonly shared: readonly SharedPlace[];
  /** For each output of the whole program. */
  readonly outputs: readonly OutputPlan[];
}

export function divideWork(program: Program, donated: readonly boolean[]): HostWork {
  const inside: Tensor[] = [];
  const addOutput = (tensor: Tensor) => {
    const at = inside.indexOf(tensor);
    return at >= 0 ? at : inside.push(tensor) - 1;
  };
  const inputs = new Map(program.inputs.map((input, i) => [input, i]));
  const source = (tensor: Tensor): Source => {
    const input = inputs.get(tensor);
    return input === undefined ? { kind: "output", index: addOutput(tensor) } : { kind: "input", index: input };
  };
  const regions = findUpdateRegions(program, donated);
  const made = new Map<Tensor, OutputPlan>();
  for (const [kernel, { results }] of regions.entries()) {
    for (const { output, array } of results) made.set(output, { kind: "kernel", kernel, array });
  }
  const slices: SliceWrite[] = [];
  const outputs = program.outputs.map((output): OutputPlan => {
    const plan = made.get(output);
    if (plan) return plan;
    const target = isOp(output.node, updateSliceOp) ? inputs.get(output.node.inputs[0]!) : undefined;
    if (target === undefined || !donated[target] || slices.some((slice) => slice.target === target)) {
      // Equal outputs become tensors of their own, each with a buffer that may be freed alone.
      return { kind: "graph", output: inside.push(output) - 1 };
    }
    const [, patch, start] = output.node.inputs;
    slices.push({
      target,
      patch: addOutput(patch!),
      start: addOutput(start!),
      axis: output.node.attributes.axis as number,
    });
    return { kind: "slice", write: slices.length - 1 };
  });
  const kernels = regions.map(({ kernel, shape, arrays, scalars }) => ({
    kernel,
    shape,
    arrays: arrays.map(source),
    scalars: scalars.map(source),
  }));
  const placed = kernels.flatMap(({ arrays }) => arrays.flatMap(({ kind, index }) => (kind === "output" ? index : [])));
  const graphOutputs = [...new Set(placed)].map((index) => inside[index]!);
  const shared = earlyOutputs(makeProgram(program.inputs, inside), graphOutputs).map(({ value, output }) => ({
    place: inside.indexOf(output),
    output: inside.push(value) - 1,
  }));
  // ONNX Runtime refuses a model that computes nothing.
  if (inside.length === 0) inside.push(constant(0));
  return { program: makeProgram(program.inputs, inside), slices, kernels, shared, outputs };
}
