// Compiles a small element-wise computation into a WebAssembly function that makes one pass over memory, four float32 at a time.
/// <reference path="./webAssembly.d.ts" />
import type { QuantizationLevels } from "../fused/quantizationLevels.ts";
import type { SimdInstruction } from "../ops/op.ts";
import {
  code,
  encodeModule,
  f32,
  floatConstant,
  getLocal,
  i32,
  integerConstant,
  Locals,
  loadToAll,
  loadVector,
  loopWhileLess,
  setLocal,
  storeVector,
  unlessZero,
  v128,
} from "./assembler.ts";
import { blockBytes, codedResult, dequantize } from "./blockwise.ts";

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

/** Elements in 8 bits; `scales` is the number of the array with a float32 for each 256 of them. */
export interface CodesFormat {
  readonly levels: QuantizationLevels;
  readonly scales: number;
}

/** How an array is kept. A kernel reads and writes codes as the numbers that they stand for; scales are only part of that. */
export type ArrayFormat = "float32" | "scales" | CodesFormat;

/** What a kernel computes: for each element, the steps in order; then results are stored over arrays. */
export interface SimdKernel {
  readonly arrays: readonly ArrayFormat[];
  readonly scalars: number;
  readonly steps: readonly KernelStep[];
  /** `step`'s result is written over `array`, which is not one of scales. All elements are read before any is written at the same place. */
  readonly stores: readonly { readonly step: number; readonly array: number }[];
}

/**
 * `run(bytes, ...addresses, ...scalars)`; `bytes` of an array of float32 is a multiple of 16 (with codes, of 1024), and so are the
 * addresses of 16. A memory in which a kernel has codes starts with tables, see `fillTables`.
 */
export type CompiledKernel = (bytes: number, ...operands: number[]) => void;

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

/** The kernel as a function over `memory`. */
export function instantiateKernel(kernel: SimdKernel, memory: WebAssembly.Memory): CompiledKernel {
  const module = new WebAssembly.Module(encodeKernel(kernel));
  return new WebAssembly.Instance(module, { env: { memory } }).exports.run as unknown as CompiledKernel;
}

/** The numbers of a kernel's locals. */
interface Places {
  readonly offset: number;
  /** The loaded elements; of scales, that of the block. */
  readonly elements: readonly number[];
  /** Scalars and literals, in all four places of a vector. */
  readonly spread: ReadonlyMap<string, number>;
  readonly steps: readonly number[];
}

function encodeKernel(kernel: SimdKernel): Uint8Array<ArrayBuffer> {
  const { arrays, scalars, steps } = kernel;
  const parameters = [i32, ...arrays.map(() => i32), ...Array<number>(scalars).fill(f32)];
  const locals = new Locals(parameters.length);
  const constants = new Map(
    steps.flatMap(({ operands }) => operands.filter(isNumber).map((operand) => [spreadKey(operand), operand] as const)),
  );
  const places: Places = {
    offset: locals.add(i32),
    elements: arrays.map(() => locals.add(v128)),
    spread: new Map([...constants.keys()].map((key) => [key, locals.add(v128)])),
    steps: steps.map(() => locals.add(v128)),
  };
  const spread = [...constants].flatMap(([key, operand]) => [
    ...(operand.kind === "literal" ? floatConstant(operand.value) : getLocal(1 + arrays.length + operand.index)),
    ...code.f32x4Splat,
    ...setLocal(places.spread.get(key)!),
  ]);
  const hasCodes = arrays.some((format) => typeof format === "object");
  const pass = hasCodes
    ? passByBlocks(kernel, places, locals)
    : loopWhileLess(places.offset, 0, vectorStep(kernel, places));
  // A loop runs once before it asks whether to go on: an empty array must skip it.
  return encodeModule(parameters, locals, [...spread, ...unlessZero(0, pass)]);
}

/** What is done with four elements: they are loaded, computed with and stored, and the offset moves on. */
function vectorStep({ arrays, steps, stores }: SimdKernel, places: Places, store = storeFloats): number[] {
  const { offset, elements } = places;
  const vector = (operand: KernelOperand): number => {
    if (operand.kind === "array") return elements[operand.index]!;
    return operand.kind === "step" ? places.steps[operand.index]! : places.spread.get(spreadKey(operand))!;
  };
  const loads = arrays.flatMap((format, i) => {
    if (format === "scales") return [];
    if (format === "float32") return [...address(i, offset), ...loadVector(), ...setLocal(elements[i]!)];
    return dequantize(format.levels, address(i, offset, 2), elements[format.scales]!, elements[i]!);
  });
  const compute = steps.flatMap(({ instruction, operands }, i) => [
    ...stepCode(instruction, operands.map(vector)),
    ...setLocal(places.steps[i]!),
  ]);
  const writes = stores.flatMap(({ step, array }) => store(array, places.steps[step]!, offset));
  const advance = [...getLocal(offset), ...integerConstant(16), ...code.i32Add, ...setLocal(offset)];
  return [...loads, ...compute, ...writes, ...advance];
}

function storeFloats(array: number, vector: number, offset: number): number[] {
  return [...address(array, offset), ...getLocal(vector), ...storeVector()];
}

/** A scale is known only when its block is complete: results in codes wait for the end of the block. */
function passByBlocks(kernel: SimdKernel, places: Places, locals: Locals): number[] {
  const { arrays, stores } = kernel;
  const { offset, elements } = places;
  const [start, end] = [locals.add(i32), locals.add(i32)];
  const coded = new Map(
    stores.flatMap(({ array }) => {
      const format = arrays[array]!;
      return typeof format === "object" ? [[array, format] as const] : [];
    }),
  );
  const results = new Map([...coded].map(([array, { levels }], i) => [array, codedResult(levels, i, locals)]));
  const position = [...getLocal(offset), ...getLocal(start), ...code.i32Sub];
  const store: typeof storeFloats = (array, vector) =>
    results.get(array)?.add(vector, position) ?? storeFloats(array, vector, offset);
  const loadScales = arrays.flatMap((format, i) =>
    format === "scales" ? [...address(i, offset, 8), ...loadToAll(), ...setLocal(elements[i]!)] : [],
  );
  return loopWhileLess(offset, 0, [
    ...getLocal(offset),
    ...setLocal(start),
    ...getLocal(offset),
    ...integerConstant(blockBytes),
    ...code.i32Add,
    ...setLocal(end),
    ...loadScales,
    ...[...results.values()].flatMap((result) => result.start()),
    ...loopWhileLess(offset, end, vectorStep(kernel, places, store)),
    ...[...results].flatMap(([array, result]) =>
      result.finish(address(array, start, 2), address(coded.get(array)!.scales, start, 8)),
    ),
  ]);
}

type NumberOperand = Extract<KernelOperand, { kind: "scalar" | "literal" }>;

function isNumber(operand: KernelOperand): operand is NumberOperand {
  return operand.kind === "scalar" || operand.kind === "literal";
}

function spreadKey(operand: NumberOperand): string {
  if (operand.kind === "scalar") return `scalar ${operand.index}`;
  return Object.is(operand.value, -0) ? "-0" : String(operand.value);
}

/** The number in all four places. */
function literal(value: number): number[] {
  return [...floatConstant(value), ...code.f32x4Splat];
}

function operation(name: keyof typeof opcodes): number[] {
  return [0xfd, opcodes[name], ...(opcodes[name] < 128 ? [] : [1])];
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
  const apply = operation(instruction);
  if (instruction !== "v128.bitselect") return [...vectors.flatMap(getLocal), ...apply];
  const [condition, whenTrue, whenFalse] = vectors as [number, number, number];
  const isTrue = [...getLocal(condition), ...literal(0), ...code.f32x4NotEqual];
  return [...getLocal(whenTrue), ...getLocal(whenFalse), ...isTrue, ...apply];
}

/** Pushes the address of an array's elements, of which `offset` (divided by 2 to the `shift`) bytes lie before. */
function address(array: number, offset: number, shift = 0): number[] {
  const shifted = shift === 0 ? [] : [...integerConstant(shift), ...code.i32ShrUnsigned];
  return [...getLocal(1 + array), ...getLocal(offset), ...shifted, ...code.i32Add];
}
