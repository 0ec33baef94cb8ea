// Where the elements of a concrete tensor are: on the host, with an executor, or both; or how to make them. Freed by `dispose` or, at
// the latest, when nothing refers to it any more.
import { byteSize, type DType, type HostData } from "./dtype.ts";
import { DisposedError } from "./errors.ts";
import type { DeviceBuffer, Executor } from "./executors/executor.ts";
import { concreteCount } from "./shape.ts";

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

type Upload = (array: HostArray, given: boolean) => Promise<DeviceBuffer>;

const forgotten = new FinalizationRegistry<Resident>(({ executor, buffer }) => executor.release(buffer));

export class Storage {
  readonly dtype: DType;
  readonly shape: readonly number[];
  #host: HostArray | undefined;
  /** Makes the elements, where they are nowhere yet. */
  #make: (() => HostData) | undefined;
  #resident: Resident | undefined;
  #uploading: Promise<Resident> | undefined;
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

  /** `make` is called when elements are needed, again if they went nowhere, and must give the same ones each time. */
  static fromRecipe({ dtype, shape }: Omit<HostArray, "data">, make: () => HostData): Storage {
    const storage = new Storage(dtype, shape);
    storage.#make = make;
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

  /** Bytes that this process holds of it. */
  get hostBytes(): number {
    return this.#host?.data.byteLength ?? 0;
  }

  /** The elements on the host. What lives with an executor is read anew each time: a kept copy would double its memory. */
  async read(): Promise<HostArray> {
    this.requireAlive();
    if (this.#make) this.#host = this.#made(this.#make);
    this.#make = undefined;
    if (this.#host) return this.#host;
    const { executor, buffer } = this.#resident!;
    return executor.read(buffer);
  }

  /**
   * What to hand to `executable.run`: the executor's buffer, or the host array where it is small enough to travel along. `upload`
   * (default the executor's) is how elements get there that are only on the host.
   */
  async forExecutor(executor: Executor, upload: Upload = executor.upload): Promise<DeviceBuffer | HostArray> {
    this.requireAlive();
    if (this.#resident?.executor === executor) return this.#resident.buffer;
    if (concreteCount(this.shape) * byteSize(this.dtype) <= inlineBytes) return this.read();
    // Two runs that start together share one upload.
    this.#uploading ??= this.#upload(executor, upload);
    const resident = await this.#uploading;
    return resident.executor === executor ? resident.buffer : this.forExecutor(executor, upload);
  }

  async #upload(executor: Executor, upload: Upload): Promise<Resident> {
    try {
      // What is made for the executor alone does not stay here.
      const given = this.#make !== undefined;
      const host = this.#make ? this.#made(this.#make) : await this.read();
      const resident = { executor, buffer: await upload(host, given) };
      if (this.#gone) executor.release(resident.buffer);
      this.requireAlive();
      // Elements that are on the host as well can be uploaded again; the buffer of another executor is given back.
      this.#forget();
      this.#make = undefined;
      this.#keep(resident.executor, resident.buffer);
      return resident;
    } finally {
      this.#uploading = undefined;
    }
  }

  /**
   * Gives the buffer up to a run that may write over it. The function returned takes it back, for a run that failed. What is with an
   * executor needs no copy on the host.
   */
  donate(): () => void {
    const resident = this.#resident;
    const host = resident ? undefined : this.#host;
    if (resident) forgotten.unregister(this);
    this.#resident = undefined;
    this.#host = undefined;
    this.#gone = "was donated to a compiled function and its memory is reused (use the function's result instead)";
    return () => {
      this.#gone = undefined;
      this.#host = host;
      if (resident) this.#keep(resident.executor, resident.buffer);
    };
  }

  /** Frees the memory. Safe to call twice. */
  dispose(): void {
    this.#forget();
    this.#host = undefined;
    this.#make = undefined;
    this.#gone ??= "was disposed";
  }

  #made(make: () => HostData): HostArray {
    return { dtype: this.dtype, shape: this.shape, data: make() };
  }

  #forget(): void {
    if (!this.#resident) return;
    forgotten.unregister(this);
    this.#resident.executor.release(this.#resident.buffer);
    this.#resident = undefined;
  }

  #keep(executor: Executor, buffer: DeviceBuffer): void {
    this.#resident = { executor, buffer };
    forgotten.register(this, this.#resident, this);
  }

  /** Throws a `DisposedError` once the memory was freed or given away. */
  requireAlive(): void {
    if (this.#gone) throw new DisposedError(`tensor ${this.dtype}[${this.shape.join(",")}] ${this.#gone}`);
  }
}
