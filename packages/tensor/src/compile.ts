// `compile`: records a function once for each signature of its arguments and runs the program from then on.
import { checkProgram } from "./checkProgram.ts";
import { collectGarbage } from "./collectGarbage.ts";
import { defaultExecutor } from "./defaultExecutor.ts";
import { byteSize } from "./dtype.ts";
import { TensorError } from "./errors.ts";
import { evaluate } from "./evaluate.ts";
import type { DeviceBuffer, Executable, Executor } from "./executors/executor.ts";
import { describeType, type Program, type Shape, type Tensor } from "./graph.ts";
import { constant, fromStorage } from "./ops/create.ts";
import { optimize } from "./optimize.ts";
import { makeProgram } from "./program.ts";
import {
  donatedInputs,
  dynamicType,
  pathsOf,
  type Recorded,
  type RecordedCall,
  recordCall,
  tensorsOf,
} from "./recordCall.ts";
import { rewrite } from "./rewrite.ts";
import { concreteCount } from "./shape.ts";
import { SignatureCache } from "./signatureCache.ts";
import { type HostArray, Storage } from "./storage.ts";
import { describeTree, flattenTensors, mapTensors } from "./tree.ts";

/** Settings of `compile`. */
export interface CompileOptions {
  /** Default: `defaultExecutor()` at the first call. */
  executor?: Executor;
  /** Arguments (by position) whose tensors the call may overwrite; they cannot be used afterwards. Default none. */
  donate?: readonly number[];
  /**
   * Arguments (by position) whose tensors are the same in every call, such as a model's weights in inference: they become part of
   * the program, and the executor may lay them out for speed (up to 2 GB; beyond that they stay inputs). A call with other tensors
   * compiles anew. Default none.
   */
  constants?: readonly number[];
  /**
   * Shapes with names for sizes that vary between calls, by the path of the tensor in the arguments:
   * `{ "1.inputIds": ["batch", "sequence"] }`. Other tensors are recorded with the sizes they have.
   */
  dynamic?: Readonly<Record<string, Shape>>;
  /** Signatures kept at a time; the one unused for longest is dropped. Default 64. */
  maximumSignatures?: number;
  /** Check every program against the rules in checkProgram.ts. Default false. */
  check?: boolean;
}

function checkOptions(fn: unknown, { donate = [], constants = [], maximumSignatures = 1 }: CompileOptions): void {
  if (typeof fn !== "function") throw new TensorError(`compile: expected a function, got ${typeof fn}`);
  for (const [name, positions] of Object.entries({ donate, constants })) {
    if (Array.isArray(positions) && positions.every((position) => Number.isInteger(position) && position >= 0))
      continue;
    throw new TensorError(
      `compile: ${name} must be an array of positions of arguments, got ${JSON.stringify(positions)}`,
    );
  }
  if (!(maximumSignatures >= 1)) {
    throw new TensorError(`compile: maximumSignatures must be at least 1, got ${maximumSignatures}`);
  }
}

/** How long the parts of a compilation took, in milliseconds. */
export interface CompileTimes {
  readonly record: number;
  readonly optimize: number;
  readonly prepare: number;
}

/** What `compile` returns: the same function, run as one program for each signature of shapes and dtypes. */
export interface CompiledFunction<A extends unknown[], R> {
  (...args: A): Promise<R>;
  /** The program that the arguments' signature records. Nothing runs. */
  program(...args: A): Program;
  /** What a call with these arguments is, to be written to a file: see `exportOnnx` and `saveProgram`. Nothing runs. */
  record(...args: A): RecordedCall;
  /** Times of the latest compilation. */
  readonly times: CompileTimes | undefined;
  /** Signatures compiled at present. */
  readonly signatures: number;
  /** Frees the compiled programs; the next call compiles again. */
  dispose(): void;
  [Symbol.dispose](): void;
}

interface Compiled extends Recorded {
  /** For each input of the recorded program: whether it became a constant. */
  readonly baked: readonly boolean[];
  readonly executable: Executable;
  readonly executor: Executor;
}

/**
 * Makes a function run as one program. Arguments and result are trees (arrays, objects, class instances) of tensors and other
 * values; the function must be pure. It is recorded at the first call with arguments of a signature (shapes, dtypes and every
 * value that is not a tensor) and not called again for that signature.
 *
 * @example
 * const step = compile((w: Tensor, x: Tensor) => x.matmul(w).relu().sum());
 * console.log(await (await step(w, x)).item());
 */
export function compile<A extends unknown[], R>(
  fn: (...args: A) => R,
  options: CompileOptions = {},
): CompiledFunction<A, R> {
  checkOptions(fn, options);
  const cache = new SignatureCache<Compiled>(options.maximumSignatures ?? 64);
  let times: CompileTimes | undefined;

  const prepare = async (args: A): Promise<Compiled> => {
    const executor = options.executor ?? defaultExecutor();
    const start = performance.now();
    const recorded = recordCall(fn, args, options);
    const recordedAt = performance.now();
    const program = optimize(recorded.program);
    if (options.check) {
      checkProgram(recorded.program);
      checkProgram(program);
    }
    const optimizedAt = performance.now();
    const constants = await constantArrays(tensorsOf(args, options.constants), recorded.program, args, executor);
    const baked = program.inputs.map((input) => constants.has(input));
    const donated = donatedInputs(args, recorded, options.donate).filter((_, i) => !baked[i]);
    const executable = await executor.compile(bakeConstants(program, constants), { donated });
    times = {
      record: recordedAt - start,
      optimize: optimizedAt - recordedAt,
      prepare: performance.now() - optimizedAt,
    };
    return { ...recorded, baked, executable, executor };
  };

  const call = async (...args: A): Promise<R> =>
    cache.use(
      signatureOf(args, options),
      () => prepare(args),
      async (compiled) => (await runCompiled(compiled, args, options.donate ?? [])) as R,
    );
  const dispose = () => cache.clear();
  Object.defineProperties(call, { times: { get: () => times }, signatures: { get: () => cache.size } });
  return Object.assign(call, {
    program: (...args: A) => optimize(recordCall(fn, args, options).program),
    record: (...args: A) => {
      const recorded = recordCall(fn, args, options);
      const { constants = [], donate = [] } = options;
      return { ...recorded, program: optimize(recorded.program), args, constants, donate };
    },
    dispose,
    [Symbol.dispose]: dispose,
  }) as unknown as CompiledFunction<A, R>;
}

function signatureOf(args: readonly unknown[], { dynamic, constants }: CompileOptions): string {
  const paths = dynamic && pathsOf(args);
  const fixed = tensorsOf(args, constants);
  return describeTree(args, (tensor) => {
    const type = describeType(paths ? dynamicType(tensor, dynamic, paths.get(tensor)!) : tensor);
    return fixed.has(tensor) ? `${type}#${identityOf(tensor)}` : type;
  });
}

const identities = new WeakMap<Tensor, number>();
let identitiesGiven = 0;

function identityOf(tensor: Tensor): number {
  const known = identities.get(tensor) ?? identitiesGiven++;
  identities.set(tensor, known);
  return known;
}

/** An ONNX model is one protobuf message, which cannot be larger. */
const largestConstants = 2 ** 31 - 2 ** 24;

/** Elements of the inputs that are to become constants; none if they are too large together. */
async function constantArrays(
  constants: ReadonlySet<Tensor>,
  program: Program,
  args: readonly unknown[],
  executor: Executor,
): Promise<Map<Tensor, HostArray>> {
  const given = flattenTensors(args).map(({ tensor }) => tensor);
  const bytes = [...constants].reduce(
    (total, { shape, dtype }) => total + concreteCount(shape as number[]) * byteSize(dtype),
    0,
  );
  if (bytes > largestConstants) return new Map();
  const entries = given.map(
    async (tensor, i) =>
      [program.inputs[i]!, constants.has(tensor) && (await (await evaluate(tensor, executor)).read())] as const,
  );
  return new Map((await Promise.all(entries)).filter((entry): entry is [Tensor, HostArray] => entry[1] !== false));
}

function bakeConstants(program: Program, constants: ReadonlyMap<Tensor, HostArray>): Program {
  if (constants.size === 0) return program;
  const literals = new Map(
    [...constants].map(([input, { dtype, shape, data }]) => [input, constant(data, dtype, shape)]),
  );
  const outputs = rewrite(program.outputs, () => undefined, literals);
  return makeProgram(
    program.inputs.filter((input) => !constants.has(input)),
    outputs,
  );
}

async function runCompiled(compiled: Compiled, args: readonly unknown[], donate: readonly number[]): Promise<unknown> {
  const { executor, executable, captured, outputs, result, baked } = compiled;
  const given = flattenTensors(args).map(({ tensor }) => tensor);
  const inputs = [...given, ...captured].filter((_, i) => !baked[i]);
  const storages = await Promise.all(inputs.map((tensor) => evaluate(tensor, executor)));
  // One upload after another: a copy is under way of one array, not of the whole model.
  const buffers: (DeviceBuffer | HostArray)[] = [];
  for (const [i, storage] of storages.entries()) {
    const upload = executable.upload && ((array: HostArray, given: boolean) => executable.upload!(i, array, given));
    buffers.push(await storage.forExecutor(executor, upload));
  }
  // Another call may have been given a tensor while this one waited.
  for (const storage of storages) storage.requireAlive();
  const running = executable.run(buffers);
  // From here on the executor may write over donated buffers, so nobody else may read them.
  const donated = tensorsOf(args, donate);
  const hostBytes = [...donated].reduce((total, tensor) => total + tensor.storage!.hostBytes, 0);
  const takeBack = [...donated].map((tensor) => tensor.storage!.donate());
  collectGarbage(hostBytes);
  const results = await running.catch((error) => {
    // A run that fails has written nothing.
    for (const undo of takeBack) undo();
    throw error;
  });
  const tensors = results.map((buffer) => fromStorage(Storage.fromBuffer(executor, buffer)));
  return mapTensors(result, (tensor) => tensors[outputs.get(tensor)!]!);
}
