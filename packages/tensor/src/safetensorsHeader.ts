// Reads the header of a safetensors file, as strict as the reference library (Rust, version 0.8) and the published format.
import { FormatError } from "./errors.ts";
import { type JsonObject, type JsonValue, parseStrictJson } from "./strictJson.ts";

/** Largest header that is read or written, in bytes: the reference library's own limit. */
export const maximumHeaderBytes = 100_000_000;

/** Bytes before the header: its length as a little-endian uint64. */
export const lengthBytes = 8;

/** Where one tensor lies. `begin` and `end` are bytes from the start of the file. */
export interface StoredTensor {
  /** The dtype as the file names it, for example `BF16`. */
  readonly storedDType: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** Tensors in the order of their bytes. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

// Bits of one element of each dtype the format defines; the 4- and 6-bit ones must fill whole bytes.
const storedBits: Readonly<Record<string, number>> = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
};

/**
 * Reads the length prefix. `fileBytes` is the length of the whole file.
 *
 * @throws {FormatError} if the header is longer than 100 MB or than the file.
 */
export function headerLength(prefix: Uint8Array, fileBytes: number, where: string): number {
  if (prefix.byteLength < lengthBytes) {
    throw new FormatError(`${where}: expected at least ${lengthBytes} bytes, got ${fileBytes} (the file is truncated)`);
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (length > BigInt(maximumHeaderBytes)) {
    throw new FormatError(
      `${where}: the header says it is ${length} bytes long, at most ${maximumHeaderBytes} are allowed (is this a safetensors file?)`,
    );
  }
  if (Number(length) + lengthBytes > fileBytes) {
    throw new FormatError(
      `${where}: expected a header of ${length} bytes, the file has ${fileBytes - lengthBytes} after the length (it is truncated)`,
    );
  }
  return Number(length);
}

/**
 * Parses and checks the bytes of a header.
 *
 * @throws {FormatError} wherever the reference library rejects, and where the format says "must" but that library is
 * lenient: a header that does not start with `{`, duplicate keys, a tensor described other than by an object.
 */
export function parseHeader(bytes: Uint8Array, fileBytes: number, where: string): SafetensorsHeader {
  if (bytes[0] !== 0x7b) throw new FormatError(`${where}: expected the header to start with '{'`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new FormatError(`${where}: the header is not valid UTF-8`);
  }
  const entries = parseStrictJson(text, where) as JsonObject;
  const dataStart = lengthBytes + bytes.byteLength;
  const tensors: [string, StoredTensor][] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of entries) {
    if (name === "__metadata__") metadata = parseMetadata(value, where);
    else tensors.push([name, parseTensor(value, dataStart, `${where}: tensor ${JSON.stringify(name)}`)]);
  }
  tensors.sort(([, left], [, right]) => left.begin - right.begin || left.end - right.end);
  checkCoverage(tensors, dataStart, fileBytes, where);
  return { tensors: new Map(tensors), metadata };
}

function parseMetadata(value: JsonValue, where: string): Record<string, string> {
  if (value === null) return {};
  if (!(value instanceof Map)) throw new FormatError(`${where}: expected __metadata__ to be an object of strings`);
  for (const [key, text] of value) {
    if (typeof text === "string") continue;
    throw new FormatError(`${where}: expected __metadata__ to hold strings, ${JSON.stringify(key)} is not one`);
  }
  return Object.fromEntries(value);
}

function parseTensor(value: JsonValue, dataStart: number, where: string): StoredTensor {
  if (!(value instanceof Map)) throw new FormatError(`${where}: expected an object with dtype, shape and data_offsets`);
  const storedDType = value.get("dtype");
  if (typeof storedDType !== "string" || !Object.hasOwn(storedBits, storedDType)) {
    throw new FormatError(`${where}: expected a dtype of the format, got ${describe(storedDType)}`);
  }
  const shape = unsignedIntegers(value.get("shape"), `${where}: shape`);
  const offsets = unsignedIntegers(value.get("data_offsets"), `${where}: data_offsets`);
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined || offsets.length !== 2 || end < begin) {
    throw new FormatError(`${where}: expected data_offsets [begin, end] with begin <= end, got [${offsets}]`);
  }
  const bytes = storedBytes(shape, storedBits[storedDType]!, where);
  if (end - begin !== bytes) {
    throw new FormatError(
      `${where}: ${storedDType} [${shape}] takes ${bytes} bytes, data_offsets [${offsets}] give ${end - begin}`,
    );
  }
  const largestDimension = shape.find((dimension) => dimension > Number.MAX_SAFE_INTEGER);
  if (largestDimension !== undefined || end > Number.MAX_SAFE_INTEGER) {
    throw new FormatError(`${where}: ${largestDimension ?? end} is above 2^53, the largest exact integer here`);
  }
  return { storedDType, shape: shape.map(Number), begin: dataStart + Number(begin), end: dataStart + Number(end) };
}

function unsignedIntegers(value: JsonValue | undefined, where: string): bigint[] {
  if (!Array.isArray(value)) throw new FormatError(`${where}: expected a list of integers, got ${describe(value)}`);
  return value.map((item: JsonValue) => {
    if (typeof item === "bigint") return item;
    throw new FormatError(`${where}: expected integers from 0 to 2^64 - 1, got ${describe(item)}`);
  });
}

/** Bytes of a tensor. Overflow of 64 bits is an error at each step, as in the reference: [2^40, 2^40, 0] is rejected. */
function storedBytes(shape: readonly bigint[], bits: number, where: string): bigint {
  let product = 1n;
  for (const factor of [...shape, BigInt(bits)]) {
    product *= factor;
    if (product < 2n ** 64n) continue;
    throw new FormatError(`${where}: the size of shape [${shape}] overflows 64 bits`);
  }
  if (product % 8n !== 0n)
    throw new FormatError(`${where}: expected whole bytes, shape [${shape}] takes ${product} bits`);
  return product / 8n;
}

/** The tensors must fill the rest of the file without gap or overlap: no byte may hide and none be read twice. */
function checkCoverage(
  tensors: readonly (readonly [string, StoredTensor])[],
  dataStart: number,
  fileBytes: number,
  where: string,
): void {
  let position = dataStart;
  for (const [name, { begin, end }] of tensors) {
    if (begin !== position) {
      const problem = begin > position ? "leaves a gap before it" : "overlaps the tensor before it";
      throw new FormatError(
        `${where}: tensor ${JSON.stringify(name)} ${problem}: expected it to begin at byte ${position}, got ${begin}`,
      );
    }
    position = end;
  }
  if (position === fileBytes) return;
  const problem = position > fileBytes ? " (the file is truncated)" : "";
  throw new FormatError(`${where}: expected ${position} bytes by its header, the file has ${fileBytes}${problem}`);
}

function describe(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value instanceof Map) return "an object";
  if (Array.isArray(value)) return "a list";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
