// Calls of compiled functions in folders: `program.json` holds the program and the trees of arguments and result, `weights.safetensors`
// what it reads. Any executor runs it again, without the code that recorded it.
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { bindWeights } from "./bindWeights.ts";
import { compile } from "./compile.ts";
import { FormatError, ShapeError, TensorError } from "./errors.ts";
import { evaluate } from "./evaluate.ts";
import type { Executor } from "./executors/executor.ts";
import { describeType, type Program, type Shape, type Tensor } from "./graph.ts";
import { tensor } from "./ops/create.ts";
import { fusedOps, primitiveOps } from "./ops/index.ts";
import type { OpDefinition } from "./ops/op.ts";
import { type Json, type ProgramJson, programFromJson, programToJson } from "./programJson.ts";
import type { RecordedCall } from "./recordCall.ts";
import { replaceFile } from "./replaceFile.ts";
import { rewrite } from "./rewrite.ts";
import { type NamedArraySource, openSafetensors, writeSafetensors } from "./safetensors.ts";
import { leavesOf, type ResultJson, resultFromJson, resultToJson } from "./savedTrees.ts";

const programFile = "program.json";
const weightsFile = "weights.safetensors";
const format = "@llm/tensor program";
const version = 1;

/** What `program.json` holds. */
interface SavedProgram extends ProgramJson {
  readonly format: string;
  readonly version: number;
  /** How many of the inputs, the first ones, are weights. */
  readonly weights: number;
  /** Arguments (by position, as a caller gives them) that a run may overwrite. */
  readonly donate: readonly number[];
  /** Everything in the arguments that is not a tensor, by path: it is part of the program. */
  readonly values: { readonly [path: string]: Json };
  readonly result: ResultJson;
}

/**
 * Writes a call of a compiled function, with its weights, to a folder from which `loadProgram` runs it. Files that are there already
 * are replaced, each as a whole.
 *
 * `constants` are the arguments (by position) that become weights; default: those of the compiled function.
 *
 * @throws {TensorError} for arguments or a result that hold something other than tensors, numbers, text, booleans, and lists and
 *   objects of them. Class instances are written as their fields.
 *
 * @example
 * const forward = compile((model: Gpt, ids: Tensor) => model.forward(ids), { constants: [0], dynamic: { "1": ["batch", "sequence"] } });
 * await saveProgram("forward", forward.record(model, ids));
 */
export async function saveProgram(
  folder: string,
  call: RecordedCall,
  { constants = call.constants }: { readonly constants?: readonly number[] } = {},
): Promise<void> {
  const { program, weights, inputs } = bindWeights(call, constants);
  const open = weights.find(({ input }) => input.shape.some((size) => typeof size === "string"));
  if (open) {
    throw new TensorError(
      `saveProgram: "${open.name}" is a weight, so its sizes cannot have names: ${describeType(open.input)}`,
    );
  }
  const newPosition = (position: number) => position - constants.filter((other) => other < position).length;
  const inputNames = inputs.map(({ path }) =>
    path.replace(/^\d+/, (position) => String(newPosition(Number(position)))),
  );
  const saved: SavedProgram = {
    format,
    version,
    weights: weights.length,
    donate: call.donate.filter((position) => !constants.includes(position)).map(newPosition),
    values: leavesOf(
      call.args.filter((_, position) => !constants.includes(position)),
      "saveProgram: the arguments",
    ).values,
    result: resultToJson(call.result, call.outputs, "saveProgram: the result"),
    ...programToJson(program, [...weights.map(({ name }) => name), ...inputNames]),
  };
  const text = `${JSON.stringify(saved)}\n`;
  const sources = weights.map(({ name, tensor: { dtype, shape }, tensor }): [string, NamedArraySource] => {
    const data = async () => (await (await evaluate(tensor)).read()).data;
    return [name, { dtype, shape: shape as readonly number[], data }];
  });
  await mkdir(folder, { recursive: true });
  await writeSafetensors(join(folder, weightsFile), sources, { metadata: { program: digest(text) } });
  await replaceFile(join(folder, programFile), (file) => file.writeFile(text));
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** What runs a loaded program. */
export interface LoadProgramOptions {
  /** Default: `defaultExecutor()` at the first call. */
  readonly executor?: Executor;
  /** Ops of your own that the program has. */
  readonly ops?: readonly OpDefinition[];
}

/** A saved call, ready to run on other tensors. */
export interface LoadedProgram<A extends unknown[], R> {
  /**
   * The arguments that are not weights, as the function was called with when it was recorded: tensors of the same dtypes and shapes
   * (any size where a dimension has a name), every other value the same.
   */
  (...args: A): Promise<R>;
  /** The tensors it takes, by their path in the arguments. */
  readonly inputs: readonly { readonly path: string; readonly dtype: string; readonly shape: Shape }[];
  /** Weights first, then `inputs`. */
  readonly program: Program;
  /** Frees what the executor prepared; the next call prepares it again. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * Opens a folder that `saveProgram` wrote. The weights are read at once.
 *
 * @throws {FormatError} for files that are not what `saveProgram` writes, belong to different programs, or come from a newer version.
 *
 * @example
 * const forward = await loadProgram<[ids: Tensor], Tensor>("forward");
 * const logits = await forward(ids);
 */
export async function loadProgram<A extends unknown[], R>(
  folder: string,
  options: LoadProgramOptions = {},
): Promise<LoadedProgram<A, R>> {
  const where = join(folder, programFile);
  const { saved, program, text } = await readProgram(where, options.ops ?? []);
  // The result is checked before anything runs.
  resultFromJson(saved.result, program.outputs, where);
  const weights = await readWeights(
    join(folder, weightsFile),
    program.inputs.slice(0, saved.weights),
    digest(text),
    where,
  );
  const inputs = program.inputs.slice(saved.weights);
  const paths = inputs.map((input) => String(input.node.attributes.name));
  const isDonated = (path: string) => saved.donate.includes(Number(path.split(".")[0]));
  const places = paths.map((path) => `${isDonated(path) ? 2 : 1}.${path}`);

  const replay = (fixed: readonly Tensor[], kept: TensorsByPath, donated: TensorsByPath): unknown => {
    const given = [...fixed, ...paths.map((path) => (donated[path] ?? kept[path])!)];
    const known = new Map(program.inputs.map((input, i) => [input, given[i]!]));
    return resultFromJson(
      saved.result,
      rewrite(program.outputs, () => undefined, known),
      where,
    );
  };
  const run = compile(replay, {
    ...(options.executor && { executor: options.executor }),
    constants: [0],
    donate: [2],
    dynamic: Object.fromEntries(places.map((place, i) => [place, inputs[i]!.shape])),
  });
  const call = async (...args: A): Promise<R> => {
    const given = checkedArguments(args, { saved, paths, inputs });
    const part = (donated: boolean) =>
      Object.fromEntries(paths.filter((path) => isDonated(path) === donated).map((path) => [path, given.get(path)!]));
    return (await run(weights, part(false), part(true))) as R;
  };
  const dispose = () => run.dispose();
  return Object.assign(call, {
    inputs: inputs.map(({ dtype, shape }, i) => ({ path: paths[i]!, dtype, shape })),
    program,
    dispose,
    [Symbol.dispose]: dispose,
  });
}

type TensorsByPath = Readonly<Record<string, Tensor>>;

async function readProgram(where: string, ownOps: readonly OpDefinition[]) {
  const text = await readFile(where, "utf8");
  let saved: SavedProgram;
  try {
    saved = JSON.parse(text) as SavedProgram;
  } catch (error) {
    throw new FormatError(`${where}: is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (saved?.format !== format) throw new FormatError(`${where}: is not a program that saveProgram wrote`);
  if (saved.version !== version) {
    throw new FormatError(
      `${where}: has version ${saved.version}, this library reads ${version} (save it again, or update)`,
    );
  }
  const { weights, donate, values } = saved;
  const isWhole = Number.isInteger(weights) && weights >= 0 && weights <= saved.inputs?.length;
  if (!isWhole || !Array.isArray(donate) || typeof values !== "object" || values === null) {
    throw new FormatError(`${where}: "weights", "donate" or "values" is missing or of another kind`);
  }
  return { saved, text, program: programFromJson(saved, [...primitiveOps, ...fusedOps, ...ownOps], where) };
}

async function readWeights(
  path: string,
  inputs: readonly Tensor[],
  programDigest: string,
  programPath: string,
): Promise<Tensor[]> {
  await using file = await openSafetensors(path);
  if (file.metadata.program !== programDigest) {
    throw new FormatError(`${path}: belongs to another program than ${programPath} (save both again)`);
  }
  const weights: Tensor[] = [];
  for (const input of inputs) {
    const name = String(input.node.attributes.name);
    const { dtype, shape, data } = await file.read(name);
    const fits =
      dtype === input.dtype && input.shape.every((size, axis) => typeof size === "string" || size === shape[axis]);
    if (!fits || shape.length !== input.shape.length) {
      throw new FormatError(`${path}: "${name}" must be ${describeType(input)}, got ${describeType({ dtype, shape })}`);
    }
    weights.push(tensor(data, { dtype, shape }));
  }
  return weights;
}

interface Expected {
  readonly saved: SavedProgram;
  readonly paths: readonly string[];
  readonly inputs: readonly Tensor[];
}

/** The tensors in the arguments by path; throws where the arguments are not those that were recorded. */
function checkedArguments(args: readonly unknown[], { saved, paths, inputs }: Expected): ReadonlyMap<string, Tensor> {
  const { tensors, values } = leavesOf(args, "loaded program: the arguments");
  for (const [i, path] of paths.entries()) {
    const [given, expected] = [tensors.get(path), inputs[i]!];
    if (!given) throw new TensorError(`loaded program: a tensor is missing at "${path}" (${describeType(expected)})`);
    const fits = expected.shape.every((size, axis) => typeof size === "string" || size === given.shape[axis]);
    if (given.dtype !== expected.dtype || given.shape.length !== expected.shape.length || !fits) {
      throw new ShapeError(`loaded program: "${path}" must be ${describeType(expected)}, got ${describeType(given)}`);
    }
  }
  const taken = new Set(paths.map((path) => tensors.get(path)));
  for (const [path, given] of tensors) {
    if (!taken.has(given))
      throw new TensorError(`loaded program: takes no tensor at "${path}" (it takes ${paths.join(", ")})`);
  }
  for (const path of new Set([...Object.keys(saved.values), ...Object.keys(values)])) {
    const [recorded, given] = [saved.values[path], values[path]].map((value) => JSON.stringify(value));
    if (recorded !== given) {
      throw new TensorError(
        `loaded program: "${path}" is ${given}, but ${recorded} was recorded and is part of the program (record it again for other values)`,
      );
    }
  }
  return tensors;
}
