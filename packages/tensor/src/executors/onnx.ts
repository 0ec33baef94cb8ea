// Runs programs with ONNX Runtime (onnxruntime-node): the program becomes one ONNX graph, a call becomes one run of its session.
// Which of its execution providers computes is an option.
import { availableParallelism } from "node:os";
import type { DType } from "../dtype.ts";
import { ExecutionError } from "../errors.ts";
import type { Node, Program } from "../graph.ts";
import { describeOrigin } from "../origin.ts";
import { concreteCount, isConcrete } from "../shape.ts";
import type { HostArray } from "../storage.ts";
import { bindDimensions } from "./bind.ts";
import type { DeviceBuffer, Executable, Executor } from "./executor.ts";
import { type Channel, directChannel, workerChannel } from "./onnx/channel.ts";
import { outputLocation } from "./onnx/deviceCopies.ts";
import { emptyInputsCheck } from "./onnx/emptyInputs.ts";
import { divideWork, type OutputPlan } from "./onnx/hostWork.ts";
import { onnxModel } from "./onnx/onnxModel.ts";
import type { BufferId, KernelArray, KernelPlan, RunOutput, UploadRequest } from "./onnx/protocol.ts";
import { keepsBuffers, type OnnxProvider, onnxProviders } from "./onnx/providers.ts";
import { scansForCpu } from "./onnx/scansForCpu.ts";
import { withMemory } from "./outOfMemory.ts";

/** Where ONNX Runtime computes, and with how many threads. */
export interface OnnxOptions {
  /**
   * What computes: a name of ONNX Runtime's execution providers, or `"auto"`: CUDA or WebGPU on a machine with a discrete graphics
   * processor, else the CPU. Default `"cpu"`, whose numbers are the same on every machine of a kind. Ops that a provider lacks run
   * on the CPU. `inspectMachine()` says which are available.
   */
  provider?: OnnxProvider | "auto";
  /** Use the CPU where `provider` is missing. Default false: the first use fails and says why. */
  fallback?: boolean;
  /** `"worker"` (default) keeps the event loop free; `"main"` runs in the calling thread. */
  thread?: "worker" | "main";
  /** Threads of one op. Default: the number of processors this process may use. */
  threads?: number;
}

/** On processors with 1 to 2 MB of cache per core, products of more rows and the passes over their results slow down. */
const tokensPerPass = 1024;

class OnnxBuffer implements DeviceBuffer {
  readonly id: BufferId;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The elements, where the run brought them along. */
  readonly data: HostArray["data"] | undefined;

  constructor(id: BufferId, type: { dtype: DType; shape: readonly number[] }, data?: HostArray["data"]) {
    this.id = id;
    this.dtype = type.dtype;
    this.shape = type.shape;
    this.data = data;
  }
}

/**
 * An executor on ONNX Runtime, in a worker thread unless told otherwise. On WebGPU, tensors stay on the device between runs.
 * Throws an `ExecutionError` for a provider that does not exist; at its first use for one that is missing here.
 *
 * @example
 * const executor = onnxExecutor({ threads: 4 });
 * const step = compile(train, { executor, donate: [0] });
 * await executor.dispose();
 */
export function onnxExecutor(options: OnnxOptions = {}): Executor {
  const { provider: wanted = "cpu", fallback = false, thread = "worker", threads = availableParallelism() } = options;
  if (!(Number.isInteger(threads) && threads >= 1)) {
    throw new ExecutionError(`onnxExecutor: threads must be a whole number above 0, got ${threads}`);
  }
  if (thread !== "worker" && thread !== "main") {
    throw new ExecutionError(`onnxExecutor: thread must be "worker" or "main", got "${thread}"`);
  }
  if (wanted !== "auto" && !onnxProviders.includes(wanted)) {
    throw new ExecutionError(`onnxExecutor: no provider is named "${wanted}" (auto, ${onnxProviders.join(", ")})`);
  }
  const channel = thread === "main" ? directChannel() : workerChannel();
  let choice: Promise<OnnxProvider> | undefined;
  const provider = () => {
    choice ??=
      wanted === "cpu" ? Promise.resolve(wanted) : channel.send({ kind: "provider", request: { wanted, fallback } });
    return choice;
  };
  const ids = counter();
  const sessions = counter();
  return {
    name: wanted === "cpu" ? "onnx" : `onnx ${wanted}`,
    ...(wanted === "cpu" && { tokensPerPass }),
    compile: async (program, { donated }) =>
      compileSession(channel, program, donated, { threads, provider: await provider(), ids, session: sessions() }),
    upload: async (array, given = false) => {
      await provider();
      return upload(channel, { buffer: ids(), array, given });
    },
    read: async (buffer) => {
      const { id, dtype, shape, data } = buffer as OnnxBuffer;
      if (data) return { dtype, shape, data };
      const array = await channel.send<HostArray>({ kind: "read", buffer: id });
      return { dtype, shape, data: array.data };
    },
    release: (buffer) => {
      // Nobody waits for a release; where the thread has ended there is nothing left to free.
      channel.send({ kind: "release", buffers: [(buffer as OnnxBuffer).id] }).catch(() => {});
    },
    dispose: () => channel.close(),
  };
}

function counter(): () => number {
  let next = 0;
  return () => next++;
}

interface SessionContext {
  readonly threads: number;
  readonly provider: OnnxProvider;
  readonly ids: () => number;
  readonly session: number;
}

async function compileSession(
  channel: Channel,
  program: Program,
  donated: readonly boolean[],
  { threads, provider, ids, session }: SessionContext,
): Promise<Executable> {
  // On a device the elements are out of reach of this process: nothing is left to do after a run.
  const onDevice = keepsBuffers(provider);
  const work = divideWork(
    provider === "cpu" ? scansForCpu(program) : program,
    onDevice ? donated.map(() => false) : donated,
  );
  const outputShapes = provider === "cpu" ? shapesToPlace(work.program) : undefined;
  const { bytes, inputNames, outputNames, origins } = onnxModel(work.program, {
    outputsInPlace: outputShapes !== undefined,
    waitsByShape: provider === "cpu",
  });
  const outputTypes = work.program.outputs.map(({ dtype }) => dtype);
  const requireElements = onDevice ? emptyInputsCheck(program) : () => {};
  const { slices, kernels, shared } = work;
  const request = {
    session,
    model: bytes,
    inputNames,
    outputNames,
    outputTypes,
    outputShapes,
    outputLocations: work.program.outputs.map(({ dtype, shape }) =>
      onDevice ? outputLocation(dtype, isConcrete(shape) ? concreteCount(shape) : undefined) : "cpu",
    ),
    settings: { threads },
    slices,
    kernels,
    shared,
  };
  await channel.send({ kind: "session", request }).catch((error) => {
    throw withMemory(withOrigin(error, origins), program, new Map(), channel.broken);
  });

  const results = outputPlaces(work.outputs, {
    model: outputNames.length,
    slices: slices.length,
    kernels: kernels.length,
  });
  const run = async (inputs: readonly (DeviceBuffer | HostArray)[]): Promise<DeviceBuffer[]> => {
    const sizes = bindDimensions(program, inputs);
    requireElements(sizes);
    const buffers = inputs.map((input) => (input instanceof OnnxBuffer ? input.id : hostPart(input as HostArray)));
    const made = work.outputs.map(() => ids());
    const request = {
      session,
      inputs: buffers,
      outputs: results.model.map((output) => (output === undefined ? undefined : made[output])),
      slices: results.slices.map((output) => made[output]!),
      kernels: results.kernels.map((arrays) => arrays.map(({ array, output }) => ({ array, into: made[output]! }))),
      release: buffers.filter((buffer, i): buffer is number => donated[i] === true && typeof buffer === "number"),
    };
    const ran = await channel.send<RunOutput[]>({ kind: "run", request }).catch((error) => {
      throw withMemory(withOrigin(error, origins), program, sizes, channel.broken);
    });
    return work.outputs.map((plan, i) => {
      const { dtype, shape } = program.outputs[i]!;
      const id = made[i]!;
      if (plan.kind === "graph")
        return new OnnxBuffer(id, { dtype, shape: ran[plan.output]!.shape }, ran[plan.output]!.data);
      if (plan.kind === "slice") return new OnnxBuffer(id, { dtype, shape: inputs[slices[plan.write]!.target]!.shape });
      return new OnnxBuffer(id, { dtype, shape: shape as readonly number[] });
    });
  };
  const places = kernelPlaces(session, kernels);
  return {
    run,
    upload: (input, array, given = false) => upload(channel, { buffer: ids(), array, given, place: places.get(input) }),
    dispose: () => {
      channel.send({ kind: "closeSession", session }).catch(() => {});
    },
  };
}

async function upload(channel: Channel, request: UploadRequest): Promise<OnnxBuffer> {
  await channel.send({ kind: "upload", request: { ...request, array: hostPart(request.array) } });
  return new OnnxBuffer(request.buffer, request.array);
}

/** Which array of which kernel each input of the program is. */
function kernelPlaces(session: number, kernels: readonly KernelPlan[]): Map<number, KernelArray> {
  const places = new Map<number, KernelArray>();
  for (const [kernel, { arrays }] of kernels.entries()) {
    for (const [array, { kind, index }] of arrays.entries()) {
      if (kind === "input") places.set(index, { session, kernel, array });
    }
  }
  return places;
}

/** Shapes of outputs that can be allocated before a run: all of known size and none empty. */
function shapesToPlace({ outputs }: Program): (readonly number[])[] | undefined {
  const shapes = outputs.map(({ shape }) => shape);
  return shapes.every((shape) => isConcrete(shape) && !shape.includes(0)) ? (shapes as number[][]) : undefined;
}

/** Which output of the program each output of the model, slice write and kernel makes; worked out once, as a step may have hundreds. */
function outputPlaces(plans: readonly OutputPlan[], counts: { model: number; slices: number; kernels: number }) {
  const model = new Array<number | undefined>(counts.model).fill(undefined);
  const slices = new Array<number>(counts.slices);
  const kernels = Array.from({ length: counts.kernels }, (): { array: number; output: number }[] => []);
  for (const [output, plan] of plans.entries()) {
    if (plan.kind === "graph") model[plan.output] = output;
    else if (plan.kind === "slice") slices[plan.write] = output;
    else kernels[plan.kernel]!.push({ array: plan.array, output });
  }
  return { model, slices, kernels };
}

/** Only what the thread needs: a tensor's own buffer may be larger than its elements. */
function hostPart({ dtype, shape, data }: HostArray): HostArray {
  return { dtype, shape, data: data.byteLength === data.buffer.byteLength ? data : data.slice() };
}

/** Names the op and the line of user code behind the node that ONNX Runtime complains about. */
function withOrigin(error: Error, origins: ReadonlyMap<string, Node>): Error {
  // Where one graph runs another, the last name is that of the innermost node.
  const prefix = [...error.message.matchAll(/(\d+_\w+)\/\d+/g)].at(-1)?.[1];
  const node = prefix === undefined ? undefined : origins.get(prefix);
  if (!node) return error;
  const place = describeOrigin(node.origin);
  return new ExecutionError(`${node.op.name}: ${reasonIn(error.message)}${place ? `\n  recorded at ${place}` : ""}`, {
    cause: error,
  });
}

/** What ONNX Runtime complains about, in the words of the reference executor where both check the same. */
function reasonIn(message: string): string {
  const status = message
    .replace(/^(Non-zero status code returned while running .*? Status Message: )+/, "")
    // The place in ONNX Runtime's sources.
    .replace(/^\/\S+:\d+ .*?\) (?=[A-Z])/, "")
    .trim();
  const index = /idx=(-?\d+) must be within the inclusive range \[-\d+,(-?\d+)\]/.exec(status);
  // Indices are handed over unsigned (see ops/gather.ts).
  if (index) return `index ${Number(index[1]) | 0} is outside 0 to ${index[2]}`;
  return status.includes("Out of range value in index tensor") ? "an index is outside the axis" : status;
}
