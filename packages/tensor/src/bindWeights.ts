// Divides the inputs of a recorded call into weights, whose elements go into a file with the program, and what a caller still gives.
import { TensorError } from "./errors.ts";
import type { Program, Tensor } from "./graph.ts";
import { makeProgram } from "./program.ts";
import { type RecordedCall, tensorsOf } from "./recordCall.ts";
import { flattenTensors } from "./tree.ts";

/** An input of the program and the stored tensor that it always is. */
export interface Weight {
  /** Its path in the argument (`transformer.wte.weight`), with the argument's position before it only where two would be equal. */
  readonly name: string;
  readonly input: Tensor;
  readonly tensor: Tensor;
}

/** An input or output of the program and where it is in the tree of arguments or in the result. */
export interface PathedTensor {
  readonly path: string;
  readonly tensor: Tensor;
}

export interface BoundProgram {
  /** Its inputs: weights that are used, then the others. */
  readonly program: Program;
  readonly weights: readonly Weight[];
  readonly inputs: readonly PathedTensor[];
  /** One for each output of the program. */
  readonly outputs: readonly PathedTensor[];
}

/** True for what `record` of a compiled function returns. */
export function isRecordedCall(source: Program | RecordedCall): source is RecordedCall {
  return "args" in source;
}

/** `constants`: positions of the arguments whose tensors are weights; what the function captured is one always. */
export function bindWeights(
  { program, args, captured, result }: RecordedCall,
  constants: readonly number[],
): BoundProgram {
  const outside = constants.find((position) => args[position] === undefined);
  if (outside !== undefined) {
    throw new TensorError(`constants: there is no argument ${outside} (the call has ${args.length}, from 0 on)`);
  }
  const fixed = tensorsOf(args, constants);
  const given = flattenTensors(args);
  const used = new Set([...program.nodes.flatMap(({ inputs }) => inputs), ...program.outputs]);
  const isWeight = (i: number) => i >= given.length || fixed.has(given[i]!.tensor);
  const weights = program.inputs.flatMap((input, i) =>
    isWeight(i) && used.has(input)
      ? [{ path: String(input.node.attributes.name), input, tensor: given[i]?.tensor ?? captured[i - given.length]! }]
      : [],
  );
  const inputs = program.inputs.flatMap((tensor, i) => (isWeight(i) ? [] : [{ path: given[i]!.path, tensor }]));
  const names = shortNames(weights.map(({ path }) => path));
  return {
    program: makeProgram(
      [...weights.map(({ input }) => input), ...inputs.map(({ tensor }) => tensor)],
      program.outputs,
    ),
    weights: weights.map(({ input, tensor }, i) => ({ name: names[i]!, input, tensor })),
    inputs,
    outputs: flattenTensors(result).map(({ path }, i) => ({ path, tensor: program.outputs[i]! })),
  };
}

/** Paths without the position of the argument, where that leaves them different. */
export function shortNames(paths: readonly string[]): string[] {
  const short = paths.map((path) => /^\d+\.(.+)$/.exec(path)?.[1] ?? path);
  return short.map((name, i) => (short.filter((other) => other === name).length === 1 ? name : paths[i]!));
}
