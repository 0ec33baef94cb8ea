// Writes WebAssembly modules of one function on 32-bit integers: expressions are functions that return bytes, so that code reads
// from the outside in. https://webassembly.github.io/spec/core/binary/
/// <reference path="./webAssembly.d.ts" />

/** Instructions, as bytes. */
export type Code = readonly number[];

/** A parameter or variable of a function. */
export interface Local {
  readonly get: Code;
  set(value: Code): Code;
}

/** How many parameters and other variables a function has. */
export interface Locals {
  readonly parameters: number;
  readonly variables: number;
}

/** A function over `memory`; `body` is given its parameters and then its variables, and leaves the result. */
export function instantiate(
  memory: WebAssembly.Memory,
  { parameters, variables }: Locals,
  body: (...locals: Local[]) => Code,
): (...values: number[]) => number {
  const locals = Array.from({ length: parameters + variables }, (_, index) => ({
    get: [0x20, ...unsigned(index)],
    set: (value: Code) => [...value, 0x21, ...unsigned(index)],
  }));
  const signature = [0x60, ...list(Array<Code>(parameters).fill([integer])), ...list([[integer]])];
  const code = sized([...list([[variables, integer]]), ...body(...locals), end]);
  const bytes = [
    [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    section(1, signature),
    section(2, [...text("env"), ...text("memory"), 0x02, 0x00, 0x00]),
    section(3, [0]),
    section(7, [...text("run"), 0x00, 0]),
    section(10, code),
  ].flat();
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes)), { env: { memory } }).exports;
  return run as (...values: number[]) => number;
}

const integer = 0x7f;
const empty = 0x40;
const end = 0x0b;

const binary = (opcode: number) => (left: Code, right: Code) => [...left, ...right, opcode];
/** `alignment` is the logarithm of the number of bytes. */
const loading = (opcode: number, alignment: number) => (address: Code, offset: number) => [
  ...address,
  opcode,
  alignment,
  ...unsigned(offset),
];

export const i32 = {
  constant: (value: number) => [0x41, ...signed(value)],
  /** As integers with a sign. */
  isLess: binary(0x48),
  add: binary(0x6a),
  and: binary(0x71),
  or: binary(0x72),
  shiftLeft: binary(0x74),
  load8: loading(0x2d, 0),
  load16: loading(0x2f, 1),
  store: (address: Code, value: Code, offset: number) => [...address, ...value, 0x36, 2, ...unsigned(offset)],
};

export const sequence = (...code: Code[]): Code => code.flat();
/** Repeats its code while it ends in {@link goOnIf}. */
export const loop = (...code: Code[]): Code => [0x03, empty, ...code.flat(), end];
export const goOnIf = (condition: Code): Code => [...condition, 0x0d, 0];
export const when = (condition: Code, ...code: Code[]): Code => [...condition, 0x04, empty, ...code.flat(), end];
/** In place of {@link goOnIf}: leaves the loop, which is in a {@link when}, if the condition holds. */
export const leaveIf = (condition: Code): Code => [...condition, 0x0d, 1];

function section(id: number, item: Code): Code {
  return [id, ...sized(list([item]))];
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

function signed(value: number): number[] {
  const isLast = value >= -64 && value < 64;
  return isLast ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}
