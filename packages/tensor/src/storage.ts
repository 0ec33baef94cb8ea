// Where the elements of a concrete tensor are: on the host, with an executor, or both. Freed by `dispose` or, at the latest,
// when nothing refers to it any more.
import type { DType, HostData } from "./dtype.ts";
import { DisposedError } from "./errors.ts";
import type { DeviceBuffer, Executor } from "./executors/executor.ts";

/** Elements of a tensor on the host, row-major. */
export interface HostArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: HostData;
}

/** Host arrays up to this many bytes travel with each run; larger ones are uploaded once and stay with the executor. */
const inlineBytes = 256 * 1024;

interface Resident {
  readonly executor: Executor;
  readonly buffer: DeviceBuffer;
}

const forgotten = new FinalizationRegistry<Resident>(({ executor, buffer }) => executor.release(buffer));

export class Storage {
  readonly dtype: DType;
  readonly shape: readonly number[];
  #host: HostArray | undefined;
  #resident: Resident | undefined;
  #gone: string | undefined;

  private constructor(dtype: DType, shape: readonly number[]) {
    this.dtype = dtype;
    this.shape = shape;
  }

  static fromHost(array: HostArray): Storage {
    const storage = new Storage(array.dtype, array.shape);
    storage.#host = array;
    return storage;
  }

  static fromBuffer(executor: Executor, buffer: DeviceBuffer): Storage {
    const storage = new Storage(buffer.dtype, buffer.shape);
    storage.#keep(executor, buffer);
    return storage;
  }

  get disposed(): boolean {
    return this.#gone !== undefined;
  }

  /** The elements on the host; read from the executor once and then kept. */
  async read(): Promise<HostArray> {
    this.#requireAlive();
    if (!this.#host) {
      const { executor, buffer } = this.#resident!;
      this.#host = await executor.read(buffer);
    }
    return this.#host;
  }

  /** What to hand to `executable.run`: the executor's buffer, or the host array where it is small enough to travel along. */
  async forExecutor(executor: Executor): Promise<DeviceBuffer | HostArray> {
    this.#requireAlive();
    if (this.#resident?.executor === executor) return this.#resident.buffer;
    const host = await this.read();
    if (host.data.byteLength <= inlineBytes) return host;
    const buffer = await executor.upload(host);
    this.#requireAlive();
    if (!this.#resident) this.#keep(executor, buffer);
    return buffer;
  }

  /** Gives the buffer up to a run that may write over it. */
  donate(): void {
    if (this.#resident) forgotten.unregister(this);
    this.#resident = undefined;
    this.#host = undefined;
    this.#gone = "was donated to a compiled function and its memory is reused (use the function's result instead)";
  }

  /** Frees the memory. Safe to call twice. */
  dispose(): void {
    if (this.#resident) {
      forgotten.unregister(this);
      this.#resident.executor.release(this.#resident.buffer);
    }
    this.#resident = undefined;
    this.#host = undefined;
    this.#gone ??= "was disposed";
  }

  #keep(executor: Executor, buffer: DeviceBuffer): void {
    this.#resident = { executor, buffer };
    forgotten.register(this, this.#resident, this);
  }

  #requireAlive(): void {
    if (this.#gone) throw new DisposedError(`tensor ${this.dtype}[${this.shape.join(",")}] ${this.#gone}`);
  }
}
