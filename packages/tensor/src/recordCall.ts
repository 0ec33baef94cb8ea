// A call of a compiled function as data: the program its arguments record, the stored tensors that it reads, the tree of its result.
import { ShapeError, TensorError } from "./errors.ts";
import { describeType, type Program, type Shape, type Tensor, type TensorType } from "./graph.ts";
import { placeholder } from "./ops/create.ts";
import { closeProgram } from "./program.ts";
import { flattenTensors, mapTensors } from "./tree.ts";

/** What a function recorded. */
export interface Recorded {
  /** Its inputs: the tensors of the arguments in the order of `flattenTensors`, then the captured ones. */
  readonly program: Program;
  /** Stored tensors that the function reads though they are no arguments. */
  readonly captured: readonly Tensor[];
  /** What the function returned. */
  readonly result: unknown;
  /** Which output of the program each tensor of the result is. */
  readonly outputs: ReadonlyMap<Tensor, number>;
}

/** A call of a compiled function, recorded and not run: made by its `record`, written by `exportOnnx` and `saveProgram`. */
export interface RecordedCall extends Recorded {
  readonly args: readonly unknown[];
  /** `constants` and `donate` of the compiled function. */
  readonly constants: readonly number[];
  readonly donate: readonly number[];
}

type Dynamic = Readonly<Record<string, Shape>> | undefined;

export function pathsOf(args: readonly unknown[]): Map<Tensor, string> {
  return new Map(flattenTensors(args).map(({ path, tensor }) => [tensor, path]));
}

/** The type with which a tensor is recorded: with names for sizes where `dynamic` has some for its path. */
export function dynamicType(tensor: Tensor, dynamic: Dynamic, path: string): TensorType {
  const shape = dynamic?.[path];
  if (!shape) return tensor;
  const fits =
    shape.length === tensor.shape.length &&
    shape.every((size, axis) => typeof size === "string" || size === tensor.shape[axis]);
  if (!fits) throw new ShapeError(`compile: "${path}" is declared as [${shape}], got ${describeType(tensor)}`);
  return { dtype: tensor.dtype, shape };
}

export function recordCall<A extends unknown[]>(
  fn: (...args: A) => unknown,
  args: A,
  { dynamic }: { dynamic?: Dynamic },
): Recorded {
  const unknown = Object.keys(dynamic ?? {}).filter((path) => ![...pathsOf(args).values()].includes(path));
  if (unknown.length > 0)
    throw new TensorError(`compile: dynamic names "${unknown[0]}", but no argument has a tensor there`);
  const inputs: Tensor[] = [];
  const traced = mapTensors(args as unknown[], (tensor, path) => {
    const { dtype, shape } = dynamicType(tensor, dynamic, path);
    const input = placeholder(path, dtype, shape);
    inputs.push(input);
    return input;
  }) as A;
  const result = fn(...traced);
  if (result instanceof Promise)
    throw new TensorError("compile: the function is async; it must record its result synchronously");
  const outputs = new Map<Tensor, number>();
  for (const { tensor } of flattenTensors(result)) outputs.set(tensor, outputs.size);
  const { program, captured } = closeProgram(inputs, [...outputs.keys()]);
  return { program, captured, result, outputs };
}

/** The tensors in the arguments at the given positions. */
export function tensorsOf(args: readonly unknown[], positions: readonly number[] = []): Set<Tensor> {
  return new Set(positions.flatMap((position) => flattenTensors([args[position]]).map(({ tensor }) => tensor)));
}

/** For each input of the program: whether it is a tensor of one of the donated arguments. */
export function donatedInputs(args: readonly unknown[], recorded: Recorded, donate: readonly number[] = []): boolean[] {
  const paths = recorded.program.inputs.map((input) => String(input.node.attributes.name));
  const given = tensorsOf(args, donate);
  const tensors = flattenTensors(args).map(({ tensor }) => tensor);
  return paths.map((_, i) => i < tensors.length && given.has(tensors[i]!));
}
