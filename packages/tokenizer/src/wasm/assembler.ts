// Writes small WebAssembly modules: expressions are functions that return bytes, so that code reads from the outside in.
// https://webassembly.github.io/spec/core/binary/
/// <reference path="./webAssembly.d.ts" />

/** Instructions, as bytes. */
export type Code = readonly number[];

export type ValueType = "i32" | "i64";

/** A parameter or variable of a function. */
export interface Local {
  readonly get: Code;
  set(value: Code): Code;
}

/** A function that takes and returns numbers of 32 bits. */
export interface KernelFunction {
  readonly name: string;
  readonly parameters: number;
  readonly variables: readonly ValueType[];
  readonly body: Code;
}

/** Makes a function; `body` is given its parameters and then its variables, and leaves the result. */
export function kernelFunction(
  name: string,
  parameters: number,
  variables: readonly ValueType[],
  body: (...locals: Local[]) => Code,
): KernelFunction {
  const locals = Array.from({ length: parameters + variables.length }, (_, index) => ({
    get: [0x20, ...unsigned(index)],
    set: (value: Code) => [...value, 0x21, ...unsigned(index)],
  }));
  return { name, parameters, variables, body: body(...locals) };
}

/** What {@link compile} makes: the functions, by name, over `memory`. */
export type Kernel = (memory: WebAssembly.Memory) => Readonly<Record<string, (...values: number[]) => number>>;

export function compile(functions: readonly KernelFunction[]): Kernel {
  const module = new WebAssembly.Module(encodeModule(functions));
  return (memory) =>
    new WebAssembly.Instance(module, { env: { memory } }).exports as Readonly<
      Record<string, (...values: number[]) => number>
    >;
}

const unary = (opcode: number) => (value: Code) => [...value, opcode];
const binary = (opcode: number) => (left: Code, right: Code) => [...left, ...right, opcode];
/** `alignment` is the logarithm of the number of bytes. */
const loading = (opcode: number, alignment: number) => (address: Code, offset: number) => [
  ...address,
  opcode,
  alignment,
  ...unsigned(offset),
];

export const i32 = {
  constant: (value: number) => [0x41, ...signed(BigInt(value | 0))],
  isZero: unary(0x45),
  equal: binary(0x46),
  above: binary(0x4b),
  add: binary(0x6a),
  subtract: binary(0x6b),
  multiply: binary(0x6c),
  and: binary(0x71),
  or: binary(0x72),
  xor: binary(0x73),
  shiftLeft: binary(0x74),
  shiftRight: binary(0x76),
  load: loading(0x28, 2),
  load8: loading(0x2d, 0),
  load16: loading(0x2f, 1),
  store: (address: Code, value: Code, offset: number) => [...address, ...value, 0x36, 2, ...unsigned(offset)],
  /** The low half of 64 bits. */
  low: unary(0xa7),
};

export const i64 = {
  constant: (value: bigint) => [0x42, ...signed(BigInt.asIntN(64, value))],
  isZero: unary(0x50),
  multiply: binary(0x7e),
  and: binary(0x83),
  or: binary(0x84),
  xor: binary(0x85),
  shiftRight: binary(0x88),
  load: loading(0x29, 3),
  /** From 32 bits, without a sign. */
  extend: unary(0xad),
};

const empty = 0x40;
const end = 0x0b;

/** Code that {@link leave} can leave. */
export const block = (...code: Code[]): Code => [0x02, empty, ...code.flat(), end];
/** Code that {@link leave} starts again. */
export const loop = (...code: Code[]): Code => [0x03, empty, ...code.flat(), end];
/** Goes to the end of the block, or the start of the loop, that is `depth` around the innermost. */
export const leave = (depth: number): Code => [0x0c, ...unsigned(depth)];
export const leaveIf = (depth: number, condition: Code): Code => [...condition, 0x0d, ...unsigned(depth)];
export const sequence = (...code: Code[]): Code => code.flat();

const typeCodes: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e };

function encodeModule(functions: readonly KernelFunction[]): Uint8Array<ArrayBuffer> {
  const signatures = functions.map(({ parameters }) => [
    0x60,
    ...list(Array<Code>(parameters).fill([typeCodes.i32])),
    ...list([[typeCodes.i32]]),
  ]);
  const bodies = functions.map(({ variables, body }) =>
    sized([...list(variables.map((type) => [1, typeCodes[type]])), ...body, end]),
  );
  return Uint8Array.from(
    [
      [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      section(1, signatures),
      section(2, [[...text("env"), ...text("memory"), 0x02, 0x00, 0x00]]),
      section(
        3,
        functions.map((_, index) => [index]),
      ),
      section(
        7,
        functions.map(({ name }, index) => [...text(name), 0x00, index]),
      ),
      section(10, bodies),
    ].flat(),
  );
}

function section(id: number, items: readonly Code[]): Code {
  return [id, ...sized(list(items))];
}

function list(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

function text(value: string): Code {
  return sized([...new TextEncoder().encode(value)]);
}

function sized(bytes: Code): Code {
  return [...unsigned(bytes.length), ...bytes];
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: bigint): number[] {
  const byte = Number(value & 0x7fn);
  const rest = value >> 7n;
  const isLast = rest === (byte & 0x40 ? -1n : 0n);
  return isLast ? [byte] : [byte | 0x80, ...signed(rest)];
}
