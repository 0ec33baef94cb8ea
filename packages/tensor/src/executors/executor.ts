// What runs programs. An executor is not responsible for gradients, passes over the program, or deciding where a tensor lives.
import type { DType } from "../dtype.ts";
import type { Program } from "../graph.ts";
import type { HostArray } from "../storage.ts";

/** Elements of a tensor in an executor's memory. Each executor adds fields of its own and takes only its own buffers. */
export interface DeviceBuffer {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** What runs programs: `onnxExecutor()`, `tfjsExecutor()`, `referenceExecutor()`, or one of your own. */
export interface Executor {
  /** Name used in messages and options, for example `"onnx"`. */
  readonly name: string;
  /** Tokens of a batch that it computes best at a time, where more at a time take longer each. Undefined: the more the better. */
  readonly tokensPerPass?: number;
  /** Prepares a program. `donated[i]` says that the buffer of input `i` may be written over or freed by a run. */
  compile(program: Program, options: { readonly donated: readonly boolean[] }): Promise<Executable>;
  /** Copies host elements into the executor's memory. `given`: nobody else needs the array, which need not outlive the call. */
  upload(array: HostArray, given?: boolean): Promise<DeviceBuffer>;
  /** Copies a buffer's elements to the host. */
  read(buffer: DeviceBuffer): Promise<HostArray>;
  /** Frees a buffer; the executor waits with that for runs that still use it. */
  release(buffer: DeviceBuffer): void;
  /** Frees everything. Later calls fail. */
  dispose(): Promise<void>;
}

/** A program that an executor has prepared. */
export interface Executable {
  /** Runs the program on one buffer or host array per input; returns one new buffer per output. */
  run(inputs: readonly (DeviceBuffer | HostArray)[]): Promise<DeviceBuffer[]>;
  /** As the executor's `upload`, to where runs of this program want their input of this number. */
  upload?(input: number, array: HostArray, given?: boolean): Promise<DeviceBuffer>;
  /** Frees what `compile` prepared. */
  dispose(): void;
}
