// Owns the ONNX Runtime sessions and the buffers they work on. Runs in a worker thread, or in the caller's when asked to.
import { createRequire } from "node:module";
import type * as Ort from "onnxruntime-node";
import { collectGarbage } from "../../collectGarbage.ts";
import { type DType, fromBfloat16Bits, type HostData, hostArray, toBfloat16Bits } from "../../dtype.ts";
import { ExecutionError } from "../../errors.ts";
import { aroundAxis } from "../../ops/loops.ts";
import { concreteCount } from "../../shape.ts";
import type { HostArray } from "../../storage.ts";
import { DeviceCopies, isOnDevice } from "./deviceCopies.ts";
import { runInPlace } from "./outputsInPlace.ts";
import type {
  BufferId,
  KernelPlan,
  ProviderRequest,
  Request,
  RunOutput,
  RunRequest,
  SessionRequest,
  SliceWrite,
  Source,
  UploadRequest,
} from "./protocol.ts";
import { chooseProvider, executionProviders, keepsBuffers, type OnnxProvider, tryProviders } from "./providers.ts";
import { type RuntimeBuffer, StateMemory } from "./stateMemory.ts";

/** State is moved to its places before the first run, which needs all the memory that it can get. */
const muchBeforeRun = 2 ** 22;

/** Outputs up to this many bytes come back with the reply of the run, so that reading a loss needs no second message. */
const inlineBytes = 4096;

interface Session {
  readonly session: Ort.InferenceSession;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly outputTypes: readonly DType[];
  readonly outputShapes: SessionRequest["outputShapes"];
  readonly slices: readonly SliceWrite[];
  readonly plans: readonly KernelPlan[];
  readonly shared: SessionRequest["shared"];
  /** Its outputs that are on a device: their memory is given back through the session, which must outlive them. */
  onDevice: number;
  /** It is to be released once none of those is left. */
  closed: boolean;
  /** Made at the first run: many programs are compiled to be looked at only. */
  memory?: StateMemory;
}

export class OnnxRuntime {
  readonly #ort: typeof Ort;
  readonly #sessions = new Map<number, Session>();
  readonly #buffers = new Map<BufferId, RuntimeBuffer>();
  #provider: OnnxProvider = "cpu";
  /** Bytes of arrays whose elements moved elsewhere. */
  #leftBehind = 0;
  /** Where the provider's buffers stay on its device. */
  #copies: DeviceCopies | undefined;

  constructor() {
    try {
      this.#ort = createRequire(import.meta.url)("onnxruntime-node") as typeof Ort;
    } catch (error) {
      throw new ExecutionError(
        `onnx executor: onnxruntime-node does not load on ${process.platform}-${process.arch}: ${(error as Error).message} ` +
          "(install onnxruntime-node, or use referenceExecutor())",
        { cause: error },
      );
    }
  }

  async handle(request: Request): Promise<unknown> {
    switch (request.kind) {
      case "providers":
        return tryProviders(this.#ort);
      case "provider":
        return this.#choose(request.request);
      case "session":
        return this.#openSession(request.request);
      case "closeSession":
        return this.#closeSession(request.session);
      case "upload":
        this.#buffers.set(request.request.buffer, await this.#uploaded(request.request));
        return undefined;
      case "run":
        return this.#run(request.request);
      case "read":
        return this.#read(this.#buffer(request.buffer));
      case "release":
        for (const buffer of request.buffers) this.#forget(buffer);
        return undefined;
    }
  }

  /** Frees every session and buffer. */
  async close(): Promise<void> {
    for (const id of [...this.#buffers.keys()]) this.#forget(id);
    await this.#copies?.close();
    for (const id of [...this.#sessions.keys()]) await this.#closeSession(id);
  }

  async #choose({ wanted, fallback }: ProviderRequest): Promise<OnnxProvider> {
    this.#provider = await chooseProvider(this.#ort, wanted, fallback);
    this.#copies = keepsBuffers(this.#provider) ? new DeviceCopies(this.#ort, this.#provider) : undefined;
    return this.#provider;
  }

  async #openSession(request: SessionRequest): Promise<void> {
    const { session: id, model, settings, kernels, outputLocations, ...names } = request;
    const locations = Object.fromEntries(names.outputNames.map((name, i) => [name, outputLocations[i]!]));
    const session = await this.#ort.InferenceSession.create(model, {
      executionProviders: executionProviders(this.#provider),
      ...(this.#copies ? { preferredOutputLocation: locations } : {}),
      intraOpNumThreads: settings.threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      // A pattern of all allocations, learnt in the first run, comes on top of the memory that this run has taken already.
      enableMemPattern: false,
      graphOptimizationLevel: "all",
      // Errors are thrown; the runtime need not print them as well.
      logSeverityLevel: 4,
      // Without x64quantprecision, products of uint8 and int8 overflow on processors without VNNI.
      extra: {
        session: {
          use_deterministic_compute: "1",
          x64quantprecision: "1",
          // Threads that wait for the next run of one session would take the processors from a run of another.
          force_spinning_stop: "1",
        },
        // Gemm adds the bias on one thread: a product and a sum are faster from a few rows on. Products with transposed operands are
        // written where they are the faster way (see ops/matmul.ts).
        optimization: { disable_specified_optimizers: "MatMulAddFusion;MatmulTransposeFusion" },
      },
    });
    this.#sessions.set(id, { session, plans: kernels, onDevice: 0, closed: false, ...names });
  }

  async #closeSession(id: number): Promise<void> {
    const session = this.#sessions.get(id);
    this.#sessions.delete(id);
    if (!session) return;
    session.closed = true;
    if (session.onDevice === 0) await session.session.release();
  }

  async #run(request: RunRequest): Promise<RunOutput[]> {
    const session = this.#session(request.session);
    const { inputNames, outputNames, outputTypes, outputShapes } = session;
    const given = request.inputs.map((input) =>
      typeof input === "number" ? this.#buffer(input) : this.#fromHost(input),
    );
    const memory = this.#stateMemory(session);
    const feeds: Record<string, Ort.Tensor> = {};
    const fetches: Record<string, Ort.Tensor | null> = {};
    for (const [i, { tensor }] of given.entries()) feeds[inputNames[i]!] = tensor;
    for (const { plan, places } of memory.kernels) {
      for (const [array, { kind, index }] of plan.arrays.entries()) {
        const place = places[array]!;
        if (kind === "output") fetches[outputNames[index]!] = place.tensor;
        else {
          this.#leftBehind += StateMemory.settle(this.#ort, place, given[index]!);
          feeds[inputNames[index]!] = place.tensor;
        }
      }
    }
    this.#collect(muchBeforeRun);
    for (const { output, place } of session.shared) fetches[outputNames[output]!] = fetches[outputNames[place]!]!;
    for (const [i, name] of outputNames.entries()) {
      fetches[name] ??= outputShapes ? this.#room(outputTypes[i]!, outputShapes[i]!) : null;
    }
    const results = outputShapes
      ? await runInPlace(this.#ort, session.session, feeds, fetches as Record<string, Ort.Tensor>)
      : await session.session.run(feeds, fetches as never);
    const output = (index: number) => results[outputNames[index]!]!;
    const writes = session.slices.map(({ target, patch, start, axis }) => {
      const input = request.inputs[target]!;
      const buffer = typeof input === "number" ? given[target]! : this.#fromHost(copied(input));
      return { buffer, write: sliceWriter(buffer.tensor, output(patch), Number(output(start).data[0]), axis) };
    });
    // Every place is checked before the first is written: a run that fails leaves its inputs as they were.
    for (const [i, { buffer, write }] of writes.entries()) {
      write();
      this.#buffers.set(request.slices[i]!, buffer);
    }
    const scalar = ({ kind, index }: Source) =>
      Number((kind === "input" ? given[index]!.tensor : output(index)).data[0]);
    for (const [i, { plan, bytes, places, run }] of memory.kernels.entries()) {
      run(bytes, ...places.map(({ address }) => address), ...plan.scalars.map(scalar));
      for (const { array, into } of request.kernels[i]!) {
        const place = places[array]!;
        place.owner = { tensor: place.tensor, bfloat16: false, place };
        this.#buffers.set(into, place.owner);
      }
    }
    for (const buffer of request.release) this.#forget(buffer);
    return request.outputs.map((buffer, i) => {
      const tensor = output(i);
      const type = { dtype: outputTypes[i]!, shape: tensor.dims };
      return buffer === undefined ? type : { ...type, ...this.#keep(session, buffer, tensor, type.dtype) };
    });
  }

  /** Makes an output of a run a buffer; gives the elements of a small one. */
  #keep(session: Session, buffer: BufferId, tensor: Ort.Tensor, dtype: DType): Pick<RunOutput, "data"> {
    const kept: RuntimeBuffer = { tensor, bfloat16: dtype === "bfloat16" };
    this.#buffers.set(buffer, kept);
    if (isOnDevice(tensor)) {
      session.onDevice++;
      kept.onFreed = () => {
        session.onDevice--;
        if (session.closed && session.onDevice === 0) session.session.release().catch(() => {});
      };
      return {};
    }
    return (tensor.data as HostData).byteLength <= inlineBytes ? { data: toHost(kept).data } : {};
  }

  #stateMemory(session: Session): StateMemory {
    session.memory ??= new StateMemory(this.#ort, session.plans);
    return session.memory;
  }

  /** What was copied to kernels' memory goes away before more is, or before a run that needs room. */
  #collect(much?: number): void {
    if (collectGarbage(this.#leftBehind, much)) this.#leftBehind = 0;
  }

  #forget(id: BufferId): void {
    const buffer = this.#buffers.get(id);
    this.#buffers.delete(id);
    if (buffer?.place?.owner === buffer && buffer) buffer.place!.owner = undefined;
    if (!buffer || !isOnDevice(buffer.tensor)) return;
    buffer.tensor.dispose();
    buffer.onFreed?.();
  }

  async #uploaded({ array, place }: UploadRequest): Promise<RuntimeBuffer> {
    const buffer = this.#fromHost(array);
    if (place) {
      const { places } = this.#stateMemory(this.#session(place.session)).kernels[place.kernel]!;
      this.#leftBehind += StateMemory.settle(this.#ort, places[place.array]!, buffer);
      this.#collect();
      return buffer;
    }
    return this.#copies ? { ...buffer, tensor: await this.#copies.toDevice(buffer.tensor) } : buffer;
  }

  async #read(buffer: RuntimeBuffer): Promise<HostArray> {
    return toHost(this.#copies ? { ...buffer, tensor: await this.#copies.toHost(buffer.tensor) } : buffer);
  }

  #session(id: number): Session {
    const session = this.#sessions.get(id);
    if (!session) throw new ExecutionError("onnx executor: the compiled program was disposed (compile it again)");
    return session;
  }

  #buffer(id: BufferId): RuntimeBuffer {
    const buffer = this.#buffers.get(id);
    if (!buffer) throw new ExecutionError(`onnx executor: buffer ${id} was released`);
    return buffer;
  }

  /** A tensor for an output to be written to. */
  #room(dtype: DType, shape: readonly number[]): Ort.Tensor {
    const type = dtype === "bfloat16" ? "float32" : dtype;
    return new this.#ort.Tensor(type, hostArray(type, concreteCount(shape)) as never, shape as number[]);
  }

  #fromHost({ dtype, shape, data }: HostArray): RuntimeBuffer {
    const bfloat16 = dtype === "bfloat16";
    const elements = bfloat16 ? Float32Array.from(data as Uint16Array, fromBfloat16Bits) : data;
    return {
      tensor: new this.#ort.Tensor(bfloat16 ? "float32" : dtype, elements as never, shape as number[]),
      bfloat16,
    };
  }
}

function toHost({ tensor, bfloat16 }: RuntimeBuffer): HostArray {
  const source = tensor.data as HostData;
  if (bfloat16) {
    return { dtype: "bfloat16", shape: tensor.dims, data: Uint16Array.from(source as Float32Array, toBfloat16Bits) };
  }
  const dtype = tensor.type as HostArray["dtype"];
  if (dtype !== "float16") return { dtype, shape: tensor.dims, data: source.slice() };
  // A Float16Array where the engine has one; ours is the bits.
  const bits = new Uint16Array(source.buffer, source.byteOffset, source.length);
  return { dtype, shape: tensor.dims, data: bits.slice() };
}

/** A caller's own array is not written to. */
function copied(array: HostArray): HostArray {
  return { ...array, data: array.data.slice() };
}

/** Checks where `patch` goes and returns what writes it there. */
function sliceWriter(target: Ort.Tensor, patch: Ort.Tensor, start: number, axis: number): () => void {
  const to = aroundAxis(target.dims, axis);
  const from = aroundAxis(patch.dims, axis);
  if (!(start >= 0 && start + from.length <= to.length)) {
    throw new ExecutionError(
      `updateSlice: ${from.length} rows at ${start} do not fit into axis ${axis} of size ${to.length}`,
    );
  }
  const [into, rows] = [target.data as Float32Array, patch.data as Float32Array];
  const block = from.length * from.inner;
  return () => {
    for (let o = 0; o < from.outer; o++) {
      into.set(rows.subarray(o * block, (o + 1) * block), (o * to.length + start) * to.inner);
    }
  };
}
