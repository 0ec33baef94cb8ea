// The bytes of WebAssembly that kernels are written with: https://webassembly.github.io/spec/core/binary/ (SIMD: the 0xfd prefix).

export const i32 = 0x7f;
export const f32 = 0x7d;
export const v128 = 0x7b;

export const code = {
  i32Add: [0x6a],
  i32Sub: [0x6b],
  i32Shl: [0x74],
  i32ShrUnsigned: [0x76],
  f32Max: [0x97],
  f32Greater: [0x5e],
  f32x4Splat: [0xfd, 0x13],
  f32x4NotEqual: [0xfd, 0x42],
  f32x4Abs: [0xfd, 0xe0, 0x01],
  f32x4Mul: [0xfd, 0xe6, 0x01],
  f32x4Div: [0xfd, 0xe7, 0x01],
  f32x4Max: [0xfd, 0xe9, 0x01],
} as const;

/** The functions below leave out the address, which is on the stack already; `offset` is added to it. */
export const loadVector = (offset = 0) => [0xfd, 0x00, 4, ...unsigned(offset)];
export const storeVector = (offset = 0) => [0xfd, 0x0b, 4, ...unsigned(offset)];
export const loadFloat = (offset = 0) => [0x2a, 2, ...unsigned(offset)];
export const storeFloat = (offset = 0) => [0x38, 2, ...unsigned(offset)];
export const loadByte = (offset = 0) => [0x2d, 0, ...unsigned(offset)];
export const storeByte = (offset = 0) => [0x3a, 0, ...unsigned(offset)];
/** One float32 for all four places. */
export const loadToAll = (offset = 0) => [0xfd, 0x09, 2, ...unsigned(offset)];
/** One float32 for one of the places of the vector on the stack. */
export const loadToPlace = (place: number, offset = 0) => [0xfd, 0x56, 2, ...unsigned(offset), place];
export const floatAt = (place: number) => [0xfd, 0x1f, place];
/** The same 32 bits as a whole number. */
export const bitsAt = (place: number) => [0xfd, 0x1b, place];

export const getLocal = (index: number) => [0x20, ...unsigned(index)];
export const setLocal = (index: number) => [0x21, ...unsigned(index)];
export const teeLocal = (index: number) => [0x22, ...unsigned(index)];
export const floatConstant = (value: number) => [0x43, ...new Uint8Array(Float32Array.of(value).buffer)];

export function integerConstant(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    const isLast = (rest >> 6 === 0 || rest >> 6 === -1) && rest >> 7 === rest >> 6;
    if (isLast) return [0x41, ...bytes, rest & 0x7f];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** Runs `body`, and again as long as the number in one local is less than that in another. */
export function loopWhileLess(index: number, limit: number, body: readonly number[]): number[] {
  return [0x03, 0x40, ...body, ...getLocal(index), ...getLocal(limit), 0x49, 0x0d, 0, 0x0b];
}

/** Runs `body` if the number in a local is not 0. */
export function unlessZero(index: number, body: readonly number[]): number[] {
  return [...getLocal(index), 0x04, 0x40, ...body, 0x0b];
}

/** Gives out the locals of a function, after its parameters. */
export class Locals {
  readonly #parameters: number;
  readonly #types: number[] = [];

  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  add(type: number): number {
    return this.#parameters + this.#types.push(type) - 1;
  }

  get declarations(): number[] {
    return vectorOf(this.#types.map((type) => [1, type]));
  }
}

/** A module with one function, `run`, over the memory that it imports as `env.memory`. */
export function encodeModule(parameters: readonly number[], locals: Locals, body: readonly number[]) {
  return new Uint8Array([
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
    ...section(1, vectorOf([[0x60, ...vectorOf(parameters.map((type) => [type])), 0]])),
    ...section(2, vectorOf([[...text("env"), ...text("memory"), 0x02, 0x00, 0x00]])),
    ...section(3, vectorOf([[0]])),
    ...section(7, vectorOf([[...text("run"), 0x00, 0x00]])),
    ...section(10, vectorOf([sized([...locals.declarations, ...body, 0x0b])])),
  ]); // biome-ignore format: byte layout
}

/** LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...sized(content)];
}

function vectorOf(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function text(value: string): number[] {
  return sized([...new TextEncoder().encode(value)]);
}
