// Compiles a small element-wise computation into a WebAssembly function that makes one pass over memory, four float32 at a time.
// The module is written byte by byte: https://webassembly.github.io/spec/core/binary/ (SIMD: the 0xfd prefix).
/// <reference path="./webAssembly.d.ts" />
import type { SimdInstruction } from "../ops/op.ts";

/** An operand of a step: an array in memory, a scalar argument, a literal, or the result of an earlier step. */
export type KernelOperand =
  | { readonly kind: "array"; readonly index: number }
  | { readonly kind: "scalar"; readonly index: number }
  | { readonly kind: "literal"; readonly value: number }
  | { readonly kind: "step"; readonly index: number };

export interface KernelStep {
  readonly instruction: SimdInstruction;
  /** `v128.bitselect` takes condition (a scalar of 0 or 1), value if true, value if false. */
  readonly operands: readonly KernelOperand[];
}

/** What a kernel computes: for each element, the steps in order; then results are stored over arrays. */
export interface SimdKernel {
  readonly arrays: number;
  readonly scalars: number;
  readonly steps: readonly KernelStep[];
  /** `step`'s result is written over `array`. All elements are read before any is written at the same place. */
  readonly stores: readonly { readonly step: number; readonly array: number }[];
}

/** `run(bytes, ...addresses, ...scalars)`; `bytes` is a multiple of 16, and so are the addresses. */
export type CompiledKernel = (bytes: number, ...operands: number[]) => void;

const i32 = 0x7f;
const f32 = 0x7d;
const v128 = 0x7b;
const simd = 0xfd;

const opcodes: Record<Exclude<SimdInstruction, "sign">, number> = {
  "f32x4.abs": 0xe0,
  "f32x4.neg": 0xe1,
  "f32x4.add": 0xe4,
  "f32x4.sub": 0xe5,
  "f32x4.mul": 0xe6,
  "f32x4.div": 0xe7,
  "f32x4.sqrt": 0xe3,
  "f32x4.min": 0xe8,
  "f32x4.max": 0xe9,
  "v128.bitselect": 0x52,
};
const load = 0x00;
const store = 0x0b;
const splat = 0x13;
const notEqual = 0x42;

/** The kernel as a function over `memory`. */
export function instantiateKernel(kernel: SimdKernel, memory: WebAssembly.Memory): CompiledKernel {
  const module = new WebAssembly.Module(encodeModule(kernel));
  return new WebAssembly.Instance(module, { env: { memory } }).exports.run as unknown as CompiledKernel;
}

function encodeModule(kernel: SimdKernel): Uint8Array<ArrayBuffer> {
  const { arrays, scalars, steps } = kernel;
  const parameters = [i32, ...Array<number>(arrays).fill(i32), ...Array<number>(scalars).fill(f32)];
  const splatted = scalarOperands(steps);
  const locals = [i32, ...Array<number>(arrays + splatted.length + steps.length).fill(v128)];
  const declarations = vectorOf(locals.map((type) => [1, type]));
  return new Uint8Array([
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
    ...section(1, vectorOf([[0x60, ...vectorOf(parameters.map((type) => [type])), 0]])),
    ...section(2, vectorOf([[...text("env"), ...text("memory"), 0x02, 0x00, 0x00]])),
    ...section(3, vectorOf([[0]])),
    ...section(7, vectorOf([[...text("run"), 0x00, 0x00]])),
    ...section(10, vectorOf([sized([...declarations, ...kernelCode(kernel, splatted)])])),
  ]); // biome-ignore format: byte layout
}

/** The loop over the arrays, sixteen bytes of each at a time; `splatted` are the scalars that are spread over a vector before it. */
function kernelCode({ arrays, scalars, steps, stores }: SimdKernel, splatted: readonly KernelOperand[]): number[] {
  const place = localPlaces(arrays, scalars);
  const vector = (operand: KernelOperand): number => {
    if (operand.kind === "array") return place.element(operand.index);
    if (operand.kind === "step") return place.step(operand.index, splatted.length);
    return place.splat(splatted.findIndex((known) => sameOperand(known, operand)));
  };
  const before = splatted.flatMap((operand, i) => [...splatCode(operand, place), ...setLocal(place.splat(i))]);
  const loads = Array.from({ length: arrays }, (_, i) => [
    ...address(i, place.offset),
    simd,
    load,
    4,
    0,
    ...setLocal(place.element(i)),
  ]).flat();
  const compute = steps.flatMap(({ instruction, operands }, i) => [
    ...stepCode(instruction, operands.map(vector)),
    ...setLocal(place.step(i, splatted.length)),
  ]);
  const writes = stores.flatMap(({ step, array }) => [
    ...address(array, place.offset),
    ...getLocal(place.step(step, splatted.length)),
    simd,
    store,
    4,
    0,
  ]);
  const advance = [
    ...getLocal(place.offset),
    0x41,
    16,
    0x6a,
    0x22,
    ...unsigned(place.offset),
    ...getLocal(0),
    0x49,
    0x0d,
    0,
  ];
  // A loop runs once before it asks whether to go on: an empty array must skip it.
  return [
    ...before,
    ...getLocal(0),
    0x04,
    0x40,
    0x03,
    0x40,
    ...loads,
    ...compute,
    ...writes,
    ...advance,
    0x0b,
    0x0b,
    0x0b,
  ];
}

/** Numbers of the locals: parameters first, then the offset, the loaded elements, the spread scalars and the steps. */
function localPlaces(arrays: number, scalars: number) {
  const offset = 1 + arrays + scalars;
  return {
    scalar: (i: number) => 1 + arrays + i,
    offset,
    element: (i: number) => offset + 1 + i,
    splat: (i: number) => offset + 1 + arrays + i,
    step: (i: number, splats: number) => offset + 1 + arrays + splats + i,
  };
}

type Places = ReturnType<typeof localPlaces>;

function scalarOperands(steps: readonly KernelStep[]): KernelOperand[] {
  const found: KernelOperand[] = [];
  for (const operand of steps.flatMap(({ operands }) => operands)) {
    const isScalar = operand.kind === "scalar" || operand.kind === "literal";
    if (isScalar && !found.some((known) => sameOperand(known, operand))) found.push(operand);
  }
  return found;
}

function sameOperand(a: KernelOperand, b: KernelOperand): boolean {
  if (a.kind === "literal" && b.kind === "literal") return Object.is(a.value, b.value);
  return a.kind === b.kind && a.kind !== "literal" && b.kind !== "literal" && a.index === b.index;
}

function splatCode(operand: KernelOperand, place: Places): number[] {
  if (operand.kind === "literal") return literal(operand.value);
  return [...getLocal(place.scalar((operand as { index: number }).index)), simd, splat];
}

/** The number in all four places. */
function literal(value: number): number[] {
  return [0x43, ...new Uint8Array(Float32Array.of(value).buffer), simd, splat];
}

function operation(name: keyof typeof opcodes): number[] {
  return [simd, ...unsigned(opcodes[name])];
}

/** Done twice, it makes at least 1 of any number but 0. */
const huge = [...literal(2 ** 127), ...operation("f32x4.mul")];
/** The sign is 0, or a number made large and then limited to 1; so it is NaN of NaN, as in JavaScript. */
const signCode = [
  ...huge,
  ...huge,
  ...literal(1),
  ...operation("f32x4.min"),
  ...literal(-1),
  ...operation("f32x4.max"),
];

function stepCode(instruction: SimdInstruction, vectors: readonly number[]): number[] {
  if (instruction === "sign") return [...vectors.flatMap(getLocal), ...signCode];
  const code = operation(instruction);
  if (instruction !== "v128.bitselect") return [...vectors.flatMap(getLocal), ...code];
  const [condition, whenTrue, whenFalse] = vectors as [number, number, number];
  const isTrue = [...getLocal(condition), ...literal(0), simd, notEqual];
  return [...getLocal(whenTrue), ...getLocal(whenFalse), ...isTrue, ...code];
}

function address(array: number, offset: number): number[] {
  return [...getLocal(1 + array), ...getLocal(offset), 0x6a];
}

function getLocal(index: number): number[] {
  return [0x20, ...unsigned(index)];
}

function setLocal(index: number): number[] {
  return [0x21, ...unsigned(index)];
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
