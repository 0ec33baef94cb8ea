// What the executor and the thread that owns ONNX Runtime say to each other. Buffers and sessions are numbers given out by the executor.
import type { DType } from "../../dtype.ts";
import type { HostArray } from "../../storage.ts";
import type { SimdKernel } from "../../wasm/simdKernel.ts";
import type { OnnxProvider } from "./providers.ts";

export type BufferId = number;

export interface SessionSettings {
  /** Threads of one op. */
  readonly threads: number;
}

/** A value of a run: an input of the session or an output of its model. */
export interface Source {
  readonly kind: "input" | "output";
  readonly index: number;
}

/** A write done outside of the graph: output `patch` goes over donated input `target`, from `start` on along `axis`. */
export interface SliceWrite {
  readonly target: number;
  readonly patch: number;
  readonly start: number;
  readonly axis: number;
}

/** `output` is written to the place of output `place`, which is only written once nobody needs it any more. */
export interface SharedPlace {
  readonly output: number;
  readonly place: number;
}

/** An element-wise update done outside of the graph, in place. */
export interface KernelPlan {
  readonly kernel: SimdKernel;
  /** Of what it computes with. */
  readonly shape: readonly number[];
  readonly arrays: readonly Source[];
  readonly scalars: readonly Source[];
}

export interface SessionRequest {
  readonly session: number;
  readonly model: Uint8Array;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** What the program's outputs are; bfloat16 comes out of the model as float32. */
  readonly outputTypes: readonly DType[];
  /** Shapes of the outputs of a model that runs with `runInPlace`; undefined for one that does not. */
  readonly outputShapes: readonly (readonly number[])[] | undefined;
  /** Where each output of the model is left by a run. */
  readonly outputLocations: readonly ("cpu" | "gpu-buffer")[];
  readonly settings: SessionSettings;
  readonly slices: readonly SliceWrite[];
  readonly kernels: readonly KernelPlan[];
  readonly shared: readonly SharedPlace[];
}

export interface RunRequest {
  readonly session: number;
  readonly inputs: readonly (BufferId | HostArray)[];
  /** Where each output of the model goes: a new buffer, or nowhere. */
  readonly outputs: readonly (BufferId | undefined)[];
  /** For each slice write, the buffer under which its target lives on. */
  readonly slices: readonly BufferId[];
  /** For each kernel, the buffers under which arrays that it has written live on. */
  readonly kernels: readonly (readonly { readonly array: number; readonly into: BufferId }[])[];
  /** Buffers to free once the run is done. */
  readonly release: readonly BufferId[];
}

/** An output as the runtime made it; small ones come with their elements. */
export interface RunOutput {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data?: HostArray["data"];
}

/** An array of a kernel: what is kept there needs not be moved for a run. */
export interface KernelArray {
  readonly session: number;
  readonly kernel: number;
  readonly array: number;
}

export interface UploadRequest {
  readonly buffer: BufferId;
  readonly array: HostArray;
  /** Nobody else needs the array. */
  readonly given: boolean;
  /** Where it is to be kept; undefined for anywhere. */
  readonly place?: KernelArray | undefined;
}

export interface ProviderRequest {
  readonly wanted: OnnxProvider | "auto";
  /** The CPU instead of an error where it is missing. */
  readonly fallback: boolean;
}

export type Request =
  | { readonly kind: "provider"; readonly request: ProviderRequest }
  | { readonly kind: "providers" }
  | { readonly kind: "session"; readonly request: SessionRequest }
  | { readonly kind: "closeSession"; readonly session: number }
  | { readonly kind: "upload"; readonly request: UploadRequest }
  | { readonly kind: "run"; readonly request: RunRequest }
  | { readonly kind: "read"; readonly buffer: BufferId }
  | { readonly kind: "release"; readonly buffers: readonly BufferId[] };

export interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}
