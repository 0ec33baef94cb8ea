// Copies tensors to and from a device: ONNX Runtime's interface for Node makes and reads buffers of a device only as inputs and
// outputs of a session, so each copy is the run of a model that gives back its input.
import type * as Ort from "onnxruntime-node";
import type { DType } from "../../dtype.ts";
import { placeholder } from "../../ops/create.ts";
import { makeProgram } from "../../program.ts";
import { onnxModel } from "./onnxModel.ts";
import { executionProviders, type OnnxProvider } from "./providers.ts";

/** Dtypes of which the interface makes tensors on a device. */
const deviceTypes: ReadonlySet<string> = new Set(["float32", "float16", "int32", "int64", "uint32", "uint8", "bool"]);

/** Tensors of at most so many elements (a loss, a step's number) are kept on the host, where reading them needs no copy. */
const mostOnHost = 16;

/** Where an output of a session goes. Sizes that vary count as large. */
export function outputLocation(dtype: DType, elements: number | undefined): "cpu" | "gpu-buffer" {
  // bfloat16 is float32 at the boundary of a model.
  const type = dtype === "bfloat16" ? "float32" : dtype;
  return deviceTypes.has(type) && (elements === undefined || elements > mostOnHost) ? "gpu-buffer" : "cpu";
}

export function isOnDevice(tensor: Ort.Tensor): boolean {
  return tensor.location === "gpu-buffer";
}

type Direction = "cpu" | "gpu-buffer";

export class DeviceCopies {
  readonly #ort: typeof Ort;
  readonly #provider: OnnxProvider;
  readonly #sessions = new Map<string, Promise<Ort.InferenceSession>>();

  constructor(ort: typeof Ort, provider: OnnxProvider) {
    this.#ort = ort;
    this.#provider = provider;
  }

  /** The same elements on the device, where they are many and of a dtype it can hold; else `tensor` itself. */
  async toDevice(tensor: Ort.Tensor): Promise<Ort.Tensor> {
    const location = outputLocation(tensor.type as DType, tensor.size);
    return location === "cpu" || isOnDevice(tensor) ? tensor : this.#copy(tensor, location);
  }

  /** The same elements on the host. */
  async toHost(tensor: Ort.Tensor): Promise<Ort.Tensor> {
    return isOnDevice(tensor) ? this.#copy(tensor, "cpu") : tensor;
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).release();
    this.#sessions.clear();
  }

  async #copy(tensor: Ort.Tensor, to: Direction): Promise<Ort.Tensor> {
    const session = await this.#session(tensor.type as DType, tensor.dims.length, to);
    const results = await session.run({ [session.inputNames[0]!]: tensor });
    return results[session.outputNames[0]!]!;
  }

  #session(dtype: DType, rank: number, to: Direction): Promise<Ort.InferenceSession> {
    const key = `${dtype}/${rank}/${to}`;
    const known = this.#sessions.get(key) ?? this.#open(dtype, rank, to);
    this.#sessions.set(key, known);
    return known;
  }

  #open(dtype: DType, rank: number, to: Direction): Promise<Ort.InferenceSession> {
    const shape = Array.from({ length: rank }, (_, axis) => `size${axis}`);
    const x = placeholder("x", dtype, shape);
    return this.#ort.InferenceSession.create(onnxModel(makeProgram([x], [x])).bytes, {
      executionProviders: executionProviders(this.#provider),
      preferredOutputLocation: to,
      logSeverityLevel: 4,
    });
  }
}
