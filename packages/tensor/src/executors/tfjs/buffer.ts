// The elements of one tensor: with TensorFlow.js, or on the host for the dtypes that it lacks. Numbers are those of the reference
// executor: int64 as float64, 16-bit floats as float32 that have been rounded.
import { type DType, fromNumbers, toNumbers } from "../../dtype.ts";
import { DisposedError } from "../../errors.ts";
import type { ConcreteType, NumberArray } from "../../ops/op.ts";
import type { TensorFlow, TensorFlowTensor } from "../../ops/tensorFlow.ts";
import { fromHost, tfjsDType } from "../../ops/tfjsData.ts";
import type { HostArray } from "../../storage.ts";
import type { DeviceBuffer } from "../executor.ts";
import { allocate, type Elements } from "../kernel.ts";

export class TfjsBuffer implements DeviceBuffer {
  readonly dtype: DType;
  readonly shape: readonly number[];
  #held: TensorFlowTensor | NumberArray | undefined;

  constructor({ dtype, shape }: ConcreteType, held: TensorFlowTensor | NumberArray) {
    this.dtype = dtype;
    this.shape = shape;
    this.#held = held;
  }

  /** What a reference kernel computed; takes `data` over. */
  static fromElements(tf: TensorFlow, { type, data }: Elements): TfjsBuffer {
    return new TfjsBuffer(type, tfjsDType[type.dtype] ? fromHost(tf, { ...type, data }) : data);
  }

  /** A copy of the user's elements. */
  static fromHostArray(tf: TensorFlow, { dtype, shape, data }: HostArray): TfjsBuffer {
    const isPlain = !(data instanceof Uint16Array || data instanceof BigInt64Array);
    const numbers = isPlain ? data : toNumbers(dtype, data);
    if (tfjsDType[dtype]) return new TfjsBuffer({ dtype, shape }, fromHost(tf, { dtype, shape, data: numbers }));
    const held = allocate(dtype, numbers.length, "float32");
    held.set(numbers);
    return new TfjsBuffer({ dtype, shape }, held);
  }

  /** The tensor of TensorFlow.js; only for dtypes that it has. */
  get tensor(): TensorFlowTensor {
    return this.#alive() as TensorFlowTensor;
  }

  /** The elements on the host, which must not be written to: they may be the tensor's own. */
  elements(): Elements {
    const held = this.#alive();
    const data = ArrayBuffer.isView(held) ? held : held.dataSync();
    return { type: { dtype: this.dtype, shape: this.shape }, data };
  }

  /** The same without blocking the thread while a device computes. */
  async read(): Promise<HostArray> {
    const held = this.#alive();
    const data = ArrayBuffer.isView(held) ? held : await held.data();
    return { dtype: this.dtype, shape: this.shape, data: fromNumbers(this.dtype, data) };
  }

  /** Another owner of the same elements. */
  share(): TfjsBuffer {
    const held = this.#alive();
    return new TfjsBuffer(this, ArrayBuffer.isView(held) ? held : held.clone());
  }

  /** Frees the memory. Safe to call twice. */
  dispose(): void {
    if (this.#held && !ArrayBuffer.isView(this.#held)) this.#held.dispose();
    this.#held = undefined;
  }

  #alive(): TensorFlowTensor | NumberArray {
    if (!this.#held) throw new DisposedError(`tfjs: this ${this.dtype}[${this.shape}] was released`);
    return this.#held;
  }
}
