// How a kernel reads and writes arrays in 8-bit codes (see fused/quantizeBlockwise.ts): tables at the start of its memory say what a
// code stands for and where to look for the code of a number.
import { levelBoundaries, type QuantizationLevels, quantizationLevels } from "../fused/quantizationLevels.ts";
import { quantizationBlockSize, smallestBlockScale } from "../fused/quantizeBlockwise.ts";
import {
  bitsAt,
  code,
  floatAt,
  floatConstant,
  getLocal,
  i32,
  integerConstant,
  type Locals,
  loadByte,
  loadFloat,
  loadToAll,
  loadToPlace,
  loadVector,
  loopWhileLess,
  setLocal,
  storeByte,
  storeFloat,
  storeVector,
  teeLocal,
  v128,
} from "./assembler.ts";

const places = [0, 1, 2, 3];
/** Of a block as float32. */
export const blockBytes = 4 * quantizationBlockSize;

const firstCodesBytes = 65536;
const tableBytes = firstCodesBytes + 2 * blockBytes;
/** Where the tables of each kind of levels are: first codes, levels, boundaries. */
const tableOf: Record<QuantizationLevels, number> = { signed: 0, unsigned: tableBytes };
const scratchAddress = 2 * tableBytes;
/** Results that a kernel may store in codes. */
export const mostCodedResults = 8;
/** What the tables, and the blocks before they are codes, take at the start of a memory. */
export const blockwiseBytes = scratchAddress + mostCodedResults * blockBytes;

/** Writes the tables. */
export function fillTables(memory: WebAssembly.Memory): void {
  for (const levels of ["signed", "unsigned"] as const) {
    const at = tableOf[levels];
    const boundaries = levelBoundaries(levels);
    new Uint8Array(memory.buffer, at, firstCodesBytes).set(firstCodes(boundaries));
    new Float32Array(memory.buffer, at + firstCodesBytes, 256).set(quantizationLevels[levels]);
    new Float32Array(memory.buffer, at + firstCodesBytes + blockBytes, 256).set([...boundaries, Infinity]);
  }
}

/**
 * For the upper 16 bits of a float32, the code of the smallest number that has them. One boundary at most lies between numbers with the
 * same upper bits, so that one comparison is left.
 */
export function firstCodes(boundaries: Float32Array): Uint8Array {
  const bits = new Uint32Array(1);
  const number = new Float32Array(bits.buffer);
  return Uint8Array.from({ length: firstCodesBytes }, (_, upper) => {
    bits[0] = upper * 65536 + (upper < 32768 ? 0 : 65535);
    let first = 0;
    while (first < boundaries.length && number[0]! > boundaries[first]!) first++;
    return first;
  });
}

/** Puts four elements of codes at `address` (code that pushes it) into a vector, `scale` being that of their block. */
export function dequantize(
  levels: QuantizationLevels,
  address: readonly number[],
  scale: number,
  into: number,
): number[] {
  const table = tableOf[levels] + firstCodesBytes;
  const levelAt = (place: number) => [...address, ...loadByte(place), ...integerConstant(2), ...code.i32Shl];
  return [
    ...levelAt(0),
    ...loadToAll(table),
    ...setLocal(into),
    ...places
      .slice(1)
      .flatMap((place) => [...levelAt(place), ...getLocal(into), ...loadToPlace(place, table), ...setLocal(into)]),
    ...getLocal(into),
    ...getLocal(scale),
    ...code.f32x4Mul,
    ...setLocal(into),
  ];
}

/** A result that is kept as float32 until its block is complete. */
export interface CodedResult {
  /** Vectors go to the scratch memory, and the largest absolute values are kept. `position` is that in the block. */
  readonly add: (vector: number, position: readonly number[]) => number[];
  readonly start: () => number[];
  /** Writes the block's scale and codes; the arguments push the addresses. */
  readonly finish: (codes: readonly number[], scale: readonly number[]) => number[];
}

/** The `index`-th result in codes of a kernel. */
export function codedResult(levels: QuantizationLevels, index: number, locals: Locals): CodedResult {
  const scratch = scratchAddress + index * blockBytes;
  const [largest, inverse, vector] = [locals.add(v128), locals.add(v128), locals.add(v128)];
  const [position, limit, found] = [locals.add(i32), locals.add(i32), locals.add(i32)];
  const boundaries = tableOf[levels] + firstCodesBytes + blockBytes;
  const encode = (codes: readonly number[]) =>
    places.flatMap((place) => [
      ...codes,
      ...getLocal(position),
      ...integerConstant(2),
      ...code.i32ShrUnsigned,
      ...code.i32Add,
      ...getLocal(vector),
      ...bitsAt(place),
      ...integerConstant(16),
      ...code.i32ShrUnsigned,
      ...loadByte(tableOf[levels]),
      ...teeLocal(found),
      ...getLocal(vector),
      ...floatAt(place),
      ...getLocal(found),
      ...integerConstant(2),
      ...code.i32Shl,
      ...loadFloat(boundaries),
      ...code.f32Greater,
      ...code.i32Add,
      ...storeByte(place),
    ]);
  return {
    start: () => [...floatConstant(smallestBlockScale), ...code.f32x4Splat, ...setLocal(largest)],
    add: (element, at) => [
      ...at,
      ...getLocal(element),
      ...storeVector(scratch),
      ...getLocal(largest),
      ...getLocal(element),
      ...code.f32x4Abs,
      ...code.f32x4Max,
      ...setLocal(largest),
    ],
    finish: (codes, scale) => [
      ...scale,
      ...places.flatMap((place) => [...getLocal(largest), ...floatAt(place), ...(place > 0 ? code.f32Max : [])]),
      ...storeFloat(),
      ...floatConstant(1),
      ...code.f32x4Splat,
      ...scale,
      ...loadToAll(),
      ...code.f32x4Div,
      ...setLocal(inverse),
      ...integerConstant(0),
      ...setLocal(position),
      ...integerConstant(blockBytes),
      ...setLocal(limit),
      ...loopWhileLess(position, limit, [
        ...getLocal(position),
        ...loadVector(scratch),
        ...getLocal(inverse),
        ...code.f32x4Mul,
        ...setLocal(vector),
        ...encode(codes),
        ...getLocal(position),
        ...integerConstant(16),
        ...code.i32Add,
        ...setLocal(position),
      ]),
    ],
  };
}
