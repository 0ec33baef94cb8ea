// Lays tensors out in a safetensors file byte for byte as the reference library does, and names their dtypes in it.
import { byteSize, type DType } from "./dtype.ts";
import { DTypeError, FormatError, ShapeError } from "./errors.ts";
import { lengthBytes, maximumHeaderBytes, type StoredTensor } from "./safetensorsHeader.ts";

/** Element type and shape of a tensor; `[]` is a scalar. */
export interface ArrayEntry {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

export interface Layout<Entry extends ArrayEntry> {
  /** The tensors in the order in which their bytes are written. */
  readonly ordered: readonly (readonly [string, Entry])[];
  /** Length prefix and header, padded so that the data starts at a multiple of 8 bytes. */
  readonly header: Uint8Array;
  /** Bytes of all tensors together. */
  readonly dataBytes: number;
}

// Widest first, the order in which tensors are laid out so that each starts aligned.
const storedNames: Readonly<Record<DType, string>> = {
  int64: "I64",
  float32: "F32",
  uint32: "U32",
  int32: "I32",
  bfloat16: "BF16",
  float16: "F16",
  int8: "I8",
  uint8: "U8",
  bool: "BOOL",
};
const dtypesWidestFirst = Object.keys(storedNames) as readonly DType[];

/** The dtype of a stored tensor; a `DTypeError` for those of the format that this library does not hold (F64, I16, F8_E4M3, ...). */
export function dtypeOfStored(name: string, { storedDType }: StoredTensor, where: string): DType {
  const dtype = dtypesWidestFirst.find((candidate) => storedNames[candidate] === storedDType);
  if (dtype !== undefined) return dtype;
  throw new DTypeError(
    `${where}: tensor ${JSON.stringify(name)} is ${storedDType}, expected one of ${Object.values(storedNames).join(", ")} (convert it before saving)`,
  );
}

/** Number of elements of a shape; a `ShapeError` unless every dimension is a non-negative integer. */
export function elementCount(shape: readonly number[], where: string): number {
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  if (shape.every((dimension) => Number.isSafeInteger(dimension) && dimension >= 0) && Number.isSafeInteger(count)) {
    return count;
  }
  throw new ShapeError(`${where}: expected dimensions that are integers from 0 up, got [${shape}]`);
}

/** Orders the tensors (widest dtype first, then by the bytes of the name) and builds the header that describes them. */
export function layOut<Entry extends ArrayEntry>(
  tensors: Iterable<readonly [string, Entry]>,
  metadata: Readonly<Record<string, string>> | undefined,
  where: string,
): Layout<Entry> {
  const ordered = [...tensors].sort(
    ([leftName, left], [rightName, right]) =>
      dtypesWidestFirst.indexOf(left.dtype) - dtypesWidestFirst.indexOf(right.dtype) ||
      Buffer.compare(Buffer.from(leftName), Buffer.from(rightName)),
  );
  const fields = metadata ? [`"__metadata__":${metadataText(metadata, where)}`] : [];
  const names = new Set(["__metadata__"]);
  let offset = 0;
  for (const [name, { dtype, shape }] of ordered) {
    const key = jsonString(name, where);
    if (names.has(name)) {
      throw new FormatError(`${where}: expected each tensor name once and none named __metadata__, got ${key} again`);
    }
    names.add(name);
    const end = offset + elementCount(shape, `${where}: tensor ${key}`) * byteSize(dtype);
    fields.push(`${key}:${JSON.stringify({ dtype: storedNames[dtype], shape, data_offsets: [offset, end] })}`);
    offset = end;
  }
  return { ordered, header: withLength(`{${fields.join(",")}}`, where), dataBytes: offset };
}

function metadataText(metadata: Readonly<Record<string, string>>, where: string): string {
  const fields = Object.entries(metadata).map(([key, text]) => `${jsonString(key, where)}:${jsonString(text, where)}`);
  return `{${fields.join(",")}}`;
}

/** JSON.stringify escapes exactly what the reference library escapes, but would write half a surrogate pair as an escape. */
function jsonString(text: unknown, where: string): string {
  if (typeof text === "string" && !/\p{Surrogate}/u.test(text)) return JSON.stringify(text);
  throw new FormatError(`${where}: expected names and metadata to be well-formed strings, got ${JSON.stringify(text)}`);
}

function withLength(header: string, where: string): Uint8Array {
  const text = Buffer.from(header);
  const length = Math.ceil(text.length / lengthBytes) * lengthBytes;
  if (length > maximumHeaderBytes) {
    throw new FormatError(
      `${where}: the header would take ${length} bytes, at most ${maximumHeaderBytes} are allowed (split the tensors over several files)`,
    );
  }
  const bytes = new Uint8Array(lengthBytes + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, lengthBytes);
  return bytes;
}
