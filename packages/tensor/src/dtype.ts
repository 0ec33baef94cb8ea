// The element types of tensors, the typed arrays that hold them on the host, and the 16-bit float conversions JavaScript lacks.
import { DTypeError } from "./errors.ts";

/** Element type of a tensor. `uint32` carries random bits; `float16` and `bfloat16` are held as raw 16-bit patterns on the host. */
export type DType = "float32" | "float16" | "bfloat16" | "int64" | "int32" | "uint32" | "int8" | "uint8" | "bool";

/** Typed array that holds a tensor on the host: `Uint16Array` for float16/bfloat16, `BigInt64Array` for int64, `Uint8Array` for bool. */
export type HostData = Float32Array | Uint16Array | BigInt64Array | Int32Array | Uint32Array | Int8Array | Uint8Array;

interface HostArrayConstructor {
  new (length: number): HostData;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): HostData;
  readonly BYTES_PER_ELEMENT: number;
}

interface DTypeRecord {
  readonly kind: "float" | "int" | "bool";
  readonly array: HostArrayConstructor;
  /** The smallest and the largest whole number of an integer type. */
  readonly range?: readonly [number, number];
}

const dtypes: Record<DType, DTypeRecord> = {
  float32: { kind: "float", array: Float32Array },
  float16: { kind: "float", array: Uint16Array },
  bfloat16: { kind: "float", array: Uint16Array },
  int64: { kind: "int", array: BigInt64Array, range: [-(2 ** 63), 2 ** 63 - 1024] },
  int32: { kind: "int", array: Int32Array, range: [-(2 ** 31), 2 ** 31 - 1] },
  uint32: { kind: "int", array: Uint32Array, range: [0, 2 ** 32 - 1] },
  int8: { kind: "int", array: Int8Array, range: [-128, 127] },
  uint8: { kind: "int", array: Uint8Array, range: [0, 255] },
  bool: { kind: "bool", array: Uint8Array },
};

export const allDTypes = Object.keys(dtypes) as readonly DType[];

export function isDType(name: string): name is DType {
  return Object.hasOwn(dtypes, name);
}

export function isFloat(dtype: DType): boolean {
  return dtypes[dtype].kind === "float";
}

export function isInteger(dtype: DType): boolean {
  return dtypes[dtype].kind === "int";
}

/** Bytes of one element. */
export function byteSize(dtype: DType): number {
  return dtypes[dtype].array.BYTES_PER_ELEMENT;
}

/** A zeroed host array for `length` elements of `dtype`. */
export function hostArray(dtype: DType, length: number): HostData {
  return new dtypes[dtype].array(length);
}

/** A host array over existing bytes, without a copy where the alignment allows it. */
export function hostView(dtype: DType, bytes: Uint8Array): HostData {
  const { array } = dtypes[dtype];
  const size = array.BYTES_PER_ELEMENT;
  if (bytes.byteOffset % size === 0) return new array(bytes.buffer, bytes.byteOffset, bytes.byteLength / size);
  return new array(bytes.slice().buffer);
}

/** True if `data` is the kind of typed array that holds `dtype` on the host. */
export function isHostDataFor(dtype: DType, data: HostData): boolean {
  return data instanceof dtypes[dtype].array;
}

const floatBits = new Float32Array(1);
const intBits = new Uint32Array(floatBits.buffer);

/** Bits of `value` as IEEE 754 binary16, rounded to nearest, ties to even. */
export function toFloat16Bits(value: number): number {
  floatBits[0] = value;
  const bits = intBits[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // From half way between the largest float16 and the next power of two on, the nearest is infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    const rebased = magnitude - 0x38000000;
    return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
  }
  // Subnormal: units of 2^-24.
  const units = Math.abs(Math.fround(value)) * 2 ** 24;
  const floor = Math.floor(units);
  const rest = units - floor;
  return sign | (floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0));
}

export function fromFloat16Bits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Bits of `value` as bfloat16, rounded to nearest, ties to even. */
export function toBfloat16Bits(value: number): number {
  floatBits[0] = value;
  const bits = intBits[0]!;
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

export function fromBfloat16Bits(bits: number): number {
  intBits[0] = bits << 16;
  return floatBits[0]!;
}

/** Host data as plain numbers (int64 loses exactness above 2^53). */
export function toNumbers(dtype: DType, data: HostData): Float64Array {
  const numbers = new Float64Array(data.length);
  const decode = decoders[dtype] ?? Number;
  for (let i = 0; i < data.length; i++) numbers[i] = decode(data[i] as number);
  return numbers;
}

/** What processors make of a float that no int64 holds. */
const lowestInt64 = -(2n ** 63n);

/** Numbers as host data of `dtype`; integers wrap as typed arrays do. */
export function fromNumbers(dtype: DType, numbers: ArrayLike<number>): HostData {
  const data = hostArray(dtype, numbers.length);
  if (data instanceof BigInt64Array) {
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i]!;
      data[i] = Number.isFinite(number) ? BigInt(Math.trunc(number)) : lowestInt64;
    }
    return data;
  }
  const encode = encoders[dtype];
  if (!encode) data.set(numbers);
  else for (let i = 0; i < numbers.length; i++) data[i] = encode(numbers[i]!);
  return data;
}

const decoders: Partial<Record<DType, (bits: number) => number>> = {
  float16: fromFloat16Bits,
  bfloat16: fromBfloat16Bits,
};

const encoders: Partial<Record<DType, (value: number) => number>> = {
  float16: toFloat16Bits,
  bfloat16: toBfloat16Bits,
  bool: (value) => (value === 0 ? 0 : 1),
};

/** Throws a `DTypeError` for a name that is not one of a dtype. */
export function requireDType(where: string, dtype: string): asserts dtype is DType {
  if (!isDType(dtype)) throw new DTypeError(`${where}: no dtype is named "${dtype}" (${allDTypes.join(", ")})`);
}

/** Throws a `DTypeError` for a number that an integer type cannot hold; floats round it, and anything but 0 is true. */
export function requireHolds(where: string, dtype: DType, numbers: readonly number[]): void {
  const { range } = dtypes[dtype];
  if (!range) return;
  const [lowest, highest] = range;
  const wrong = numbers.find((number) => !(Number.isInteger(number) && number >= lowest && number <= highest));
  if (wrong === undefined) return;
  throw new DTypeError(
    `${where}: ${dtype} holds whole numbers from ${lowest} to ${highest}, got ${wrong} (round it, or take another dtype)`,
  );
}

/** Throws a `DTypeError` unless `dtype` is a float type. */
export function requireFloat(where: string, dtype: DType): void {
  if (!isFloat(dtype)) throw new DTypeError(`${where}: expected a float tensor, got ${dtype} (cast it first)`);
}
