// Named tensors to and from safetensors files, the format of Hugging Face checkpoints: a JSON header, then the raw
// little-endian bytes. Files are read tensor by tensor and written through a temporary file that is renamed.
import { type FileHandle, open } from "node:fs/promises";
import { byteSize, type HostData, hostArray, hostView, isHostDataFor } from "./dtype.ts";
import { DTypeError, FormatError, ShapeError } from "./errors.ts";
import { bytesOf, readFully, writeFully } from "./fileBytes.ts";
import { replaceFile } from "./replaceFile.ts";
import {
  headerLength,
  lengthBytes,
  parseHeader,
  type SafetensorsHeader,
  type StoredTensor,
} from "./safetensorsHeader.ts";
import { type ArrayEntry, dtypeOfStored, elementCount, layOut } from "./safetensorsLayout.ts";

export type { ArrayEntry } from "./safetensorsLayout.ts";

/** A tensor on the host: row-major elements in the typed array that holds its dtype. */
export interface NamedArray extends ArrayEntry {
  readonly data: HostData;
}

/** A tensor whose elements may be made only when they are written, so that a file larger than memory can be saved. */
export interface NamedArraySource extends ArrayEntry {
  readonly data: HostData | (() => HostData | Promise<HostData>);
}

/** What is written beside the tensors. */
export interface SafetensorsOptions {
  /** Free text stored beside the tensors; transformers expects `{ format: "pt" }`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** An open safetensors file: the header is in memory, tensors are read when asked for. Close it, or open it with `await using`. */
export class SafetensorsFile {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #header: SafetensorsHeader;

  /** Use `openSafetensors`. */
  constructor(path: string, file: FileHandle, header: SafetensorsHeader) {
    this.path = path;
    this.#file = file;
    this.#header = header;
  }

  /** Names of the tensors in the order of their bytes. */
  get names(): string[] {
    return [...this.#header.tensors.keys()];
  }

  /** The free text of the file; empty where it has none. */
  get metadata(): Readonly<Record<string, string>> {
    return this.#header.metadata;
  }

  has(name: string): boolean {
    return this.#header.tensors.has(name);
  }

  /**
   * Element type and shape of a tensor, without reading it.
   *
   * @throws {FormatError} if the file has no such tensor.
   * @throws {DTypeError} if its dtype is one that this library does not hold.
   */
  entry(name: string): ArrayEntry {
    const stored = this.#stored(name);
    return { dtype: dtypeOfStored(name, stored, this.path), shape: stored.shape };
  }

  /**
   * Reads one tensor. Several reads may run at once.
   *
   * @throws {FormatError} if the file has no such tensor, or was cut short since it was opened.
   * @throws {DTypeError} if its dtype is one that this library does not hold.
   */
  async read(name: string): Promise<NamedArray> {
    const { dtype, shape } = this.entry(name);
    const { begin, end } = this.#stored(name);
    const data = hostArray(dtype, (end - begin) / byteSize(dtype));
    await readFully(this.#file, bytesOf(data), begin, this.path);
    return { dtype, shape, data };
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #stored(name: string): StoredTensor {
    const stored = this.#header.tensors.get(name);
    if (stored) return stored;
    throw new FormatError(
      `${this.path}: no tensor ${JSON.stringify(name)} among its ${this.#header.tensors.size} tensors`,
    );
  }
}

/**
 * Opens a safetensors file and reads its header only.
 *
 * @throws {FormatError} if the file is not exactly what the format says: a header over 100 MB or not valid JSON, sizes
 *   that do not match the shapes, tensors that overlap or leave gaps, a file that is too short or too long.
 *
 * @example
 * ```ts
 * await using file = await openSafetensors("model.safetensors");
 * for (const name of file.names) console.log(name, file.entry(name).shape);
 * const { data } = await file.read("transformer.wte.weight");
 * ```
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const prefix = new Uint8Array(Math.min(size, lengthBytes));
    await readFully(file, prefix, 0, path);
    const header = new Uint8Array(headerLength(prefix, size, path));
    await readFully(file, header, lengthBytes, path);
    return new SafetensorsFile(path, file, parseHeader(header, size, path));
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Reads all tensors of a whole file in memory, in the order of their bytes. Where the alignment allows it the arrays
 * are views of `bytes`, not copies.
 *
 * @throws {FormatError} as `openSafetensors` does.
 * @throws {DTypeError} if a tensor's dtype is one that this library does not hold.
 */
export function parseSafetensors(bytes: Uint8Array): Map<string, NamedArray> {
  const where = "safetensors";
  const dataStart = lengthBytes + headerLength(bytes.subarray(0, lengthBytes), bytes.byteLength, where);
  const { tensors } = parseHeader(bytes.subarray(lengthBytes, dataStart), bytes.byteLength, where);
  const arrays = new Map<string, NamedArray>();
  for (const [name, stored] of tensors) {
    const dtype = dtypeOfStored(name, stored, where);
    arrays.set(name, { dtype, shape: stored.shape, data: hostView(dtype, bytes.subarray(stored.begin, stored.end)) });
  }
  return arrays;
}

/** The bytes of a safetensors file, equal to what the reference library writes for the same tensors. */
export function serializeSafetensors(
  tensors: Iterable<readonly [string, NamedArray]>,
  options: SafetensorsOptions = {},
): Uint8Array {
  const where = "serializeSafetensors";
  const { ordered, header, dataBytes } = layOut(tensors, options.metadata, where);
  const bytes = new Uint8Array(header.byteLength + dataBytes);
  bytes.set(header);
  let position = header.byteLength;
  for (const [name, array] of ordered) {
    const data = checkedBytes(name, array, array.data, where);
    bytes.set(data, position);
    position += data.byteLength;
  }
  return bytes;
}

/**
 * Writes a safetensors file, equal byte for byte to what the reference library writes for the same tensors. A tensor
 * whose `data` is a function is made when its turn comes and let go afterwards. The file appears whole or not at all:
 * when anything fails, an older file of that name stays as it was.
 *
 * @throws {ShapeError | DTypeError} if a tensor's data does not fit its shape and dtype.
 * @throws {FormatError} if a name occurs twice, is `__metadata__` or is not well-formed text.
 *
 * @example
 * ```ts
 * const weight = { dtype: "float32", shape: [2, 2], data: new Float32Array([1, 2, 3, 4]) } as const;
 * await writeSafetensors("layer.safetensors", [["weight", weight]], { metadata: { format: "pt" } });
 * ```
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<readonly [string, NamedArraySource]>,
  options: SafetensorsOptions = {},
): Promise<void> {
  const { ordered, header } = layOut(tensors, options.metadata, path);
  await replaceFile(path, async (file) => {
    await writeFully(file, header, 0);
    let position = header.byteLength;
    for (const [name, source] of ordered) {
      const data = typeof source.data === "function" ? await source.data() : source.data;
      const bytes = checkedBytes(name, source, data, path);
      await writeFully(file, bytes, position);
      position += bytes.byteLength;
    }
  });
}

function checkedBytes(name: string, { dtype, shape }: ArrayEntry, data: HostData, where: string): Uint8Array {
  const label = `${where}: tensor ${JSON.stringify(name)}`;
  if (!isHostDataFor(dtype, data)) {
    const expected = hostArray(dtype, 0).constructor.name;
    throw new DTypeError(`${label} is ${dtype}: expected a ${expected}, got a ${data.constructor.name}`);
  }
  const count = elementCount(shape, label);
  if (data.length !== count) {
    throw new ShapeError(`${label}: shape [${shape}] has ${count} elements, its data has ${data.length}`);
  }
  return bytesOf(data);
}
