// Runs programs with ONNX Runtime (onnxruntime-node): the program becomes one ONNX graph, a call becomes one run of its session.
import { availableParallelism } from "node:os";
import type { DType } from "../dtype.ts";
import { ExecutionError } from "../errors.ts";
import type { Node, Program } from "../graph.ts";
import { describeOrigin } from "../origin.ts";
import type { HostArray } from "../storage.ts";
import { bindDimensions } from "./bind.ts";
import type { DeviceBuffer, Executable, Executor } from "./executor.ts";
import { type Channel, directChannel, workerChannel } from "./onnx/channel.ts";
import { onnxModel } from "./onnx/onnxModel.ts";
import type { BufferId, RunOutput, StateUpdate } from "./onnx/protocol.ts";
import { splitStateUpdates } from "./onnx/stateUpdates.ts";

export interface OnnxOptions {
  /** `"worker"` (default) keeps the event loop free; `"main"` runs in the calling thread. */
  thread?: "worker" | "main";
  /** Threads of one op. Default: the number of processors this process may use. */
  threads?: number;
}

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

/** An executor on ONNX Runtime's CPU provider, in a worker thread unless told otherwise. */
export function onnxExecutor(options: OnnxOptions = {}): Executor {
  const channel = options.thread === "main" ? directChannel() : workerChannel();
  const threads = options.threads ?? availableParallelism();
  const ids = counter();
  const sessions = counter();
  return {
    name: "onnx",
    compile: (program, { donated }) => compileSession(channel, program, donated, { threads, ids, session: sessions() }),
    upload: async ({ dtype, shape, data }) => {
      const buffer = new OnnxBuffer(ids(), { dtype, shape });
      await channel.send({ kind: "upload", buffer: buffer.id, array: hostPart({ dtype, shape, data }) });
      return buffer;
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
  readonly ids: () => number;
  readonly session: number;
}

async function compileSession(
  channel: Channel,
  program: Program,
  donated: readonly boolean[],
  { threads, ids, session }: SessionContext,
): Promise<Executable> {
  const split = splitStateUpdates(program, donated);
  const { bytes, inputNames, outputNames, origins } = onnxModel(split.program);
  const outputTypes = split.program.outputs.map(({ dtype }) => dtype);
  const request = { session, model: bytes, inputNames, outputNames, outputTypes, settings: { threads } };
  await channel.send({ kind: "session", request }).catch((error) => Promise.reject(withOrigin(error, origins)));

  const run = async (inputs: readonly (DeviceBuffer | HostArray)[]): Promise<DeviceBuffer[]> => {
    bindDimensions(program, inputs);
    const buffers = inputs.map((input) => (input instanceof OnnxBuffer ? input.id : hostPart(input as HostArray)));
    const kept = new Set(split.outputs.filter((output) => typeof output === "number"));
    const updates = split.outputs.filter((output): output is StateUpdate => typeof output !== "number");
    const places = updates.map((update) => ({ ...update, into: ids() }));
    const outputs = outputNames.map((_, i) => (kept.has(i) ? ids() : undefined));
    const release = buffers.filter((buffer, i): buffer is number => donated[i] === true && typeof buffer === "number");
    const results = await channel
      .send<RunOutput[]>({ kind: "run", request: { session, inputs: buffers, outputs, updates: places, release } })
      .catch((error) => Promise.reject(withOrigin(error, origins)));
    return split.outputs.map((output, i) => {
      const { dtype } = program.outputs[i]!;
      if (typeof output === "number") {
        const { shape, data } = results[output]!;
        return new OnnxBuffer(outputs[output]!, { dtype, shape }, data);
      }
      return new OnnxBuffer(places[updates.indexOf(output)]!.into, { dtype, shape: inputs[output.target]!.shape });
    });
  };
  return {
    run,
    dispose: () => {
      channel.send({ kind: "closeSession", session }).catch(() => {});
    },
  };
}

/** Only what the thread needs: a tensor's own buffer may be larger than its elements. */
function hostPart({ dtype, shape, data }: HostArray): HostArray {
  return { dtype, shape, data: data.byteLength === data.buffer.byteLength ? data : data.slice() };
}

/** Names the op and the line of user code behind the node that ONNX Runtime complains about. */
function withOrigin(error: Error, origins: ReadonlyMap<string, Node>): Error {
  const prefix = /(\d+_\w+)\/\d+/.exec(error.message)?.[1];
  const node = prefix === undefined ? undefined : origins.get(prefix);
  if (!node) return error;
  const place = describeOrigin(node.origin);
  const reason = error.message.replace(/^Non-zero status code returned while running .*? Status Message: /, "");
  return new ExecutionError(`${node.op.name}: ${reason}${place ? `\n  recorded at ${place}` : ""}`, {
    cause: error,
  });
}
