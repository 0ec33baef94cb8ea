// Sample inputs of an op, and short ways to write them down. All numbers are made from a fixed seed.
import { type DType, fromNumbers } from "../dtype.ts";
import type { Shape, Tensor } from "../graph.ts";
import { hostRandomUniform } from "../random.ts";
import type { HostArray } from "../storage.ts";
import type { Tolerance } from "./toBeAllclose.ts";

export interface CaseInput extends HostArray {
  /** The shape the program is recorded with, where some sizes are to be names. Default: the sizes of the elements. */
  readonly recordedShape?: Shape;
  /** False for an input along which the op has a kink or no derivative. Default true for floats. */
  readonly differentiable?: boolean;
}

export interface OpCase {
  readonly name: string;
  readonly inputs: readonly CaseInput[];
  readonly apply: (...inputs: Tensor[]) => Tensor | readonly Tensor[];
  /** Executors against the reference. Default: the tolerance of the dtype. */
  readonly tolerance?: Tolerance;
  /** False for a gradient rule that deliberately is not the derivative (straight-through). Default true. */
  readonly exactGradient?: boolean;
}

/** Cases by the name of the op. */
export type OpCases = Readonly<Record<string, readonly OpCase[]>>;

export interface SampleOptions {
  readonly dtype?: DType;
  /** Smallest and largest number. Default -2 and 2. */
  readonly range?: readonly [number, number];
  readonly seed?: number;
  readonly recordedShape?: Shape;
  readonly differentiable?: boolean;
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Floats of `shape`, spread over the range. */
export function floats(shape: readonly number[], options: SampleOptions = {}): CaseInput {
  const { dtype = "float32", range: [low, high] = [-2, 2], seed = 1, ...rest } = options;
  const numbers = hostRandomUniform(seed, `floats of [${shape}]`, countOf(shape));
  const data = fromNumbers(
    dtype,
    numbers.map((number) => low + ((number + 1) / 2) * (high - low)),
  );
  return { dtype, shape, data, ...rest };
}

/** Whole numbers of `shape`, from the lowest of the range (default 0) to the highest (default 9). */
export function integers(shape: readonly number[], options: SampleOptions = {}): CaseInput {
  const { dtype = "int32", range: [low, high] = [0, 9], seed = 1, ...rest } = options;
  const numbers = hostRandomUniform(seed, `integers of [${shape}]`, countOf(shape));
  const data = fromNumbers(
    dtype,
    numbers.map((number) => Math.floor(low + ((number + 1) / 2) * (high - low + 1))),
  );
  return { dtype, shape, data, ...rest };
}

/** True and false, about equally often. */
export function booleans(shape: readonly number[], options: SampleOptions = {}): CaseInput {
  return integers(shape, { ...options, dtype: "bool", range: [0, 1] });
}

/** The numbers given, for cases at chosen places. */
export function numbers(values: readonly number[], shape: readonly number[], options: SampleOptions = {}): CaseInput {
  const { dtype = "float32", recordedShape, differentiable } = options;
  return {
    dtype,
    shape,
    data: fromNumbers(dtype, values),
    ...(recordedShape && { recordedShape }),
    ...(differentiable !== undefined && { differentiable }),
  };
}

/** Floats or whole numbers, whichever `dtype` holds. */
export function sample(dtype: DType, shape: readonly number[], options: SampleOptions = {}): CaseInput {
  if (dtype === "bool") return booleans(shape, options);
  if (dtype === "float32" || dtype === "float16" || dtype === "bfloat16") return floats(shape, { ...options, dtype });
  return integers(shape, { ...options, dtype });
}

export const floatDTypes = ["float32", "float16", "bfloat16"] as const;
export const integerDTypes = ["int64", "int32", "uint32", "int8", "uint8"] as const;
export const numericDTypes = [...floatDTypes, ...integerDTypes] as const;
export const anyDTypes = [...numericDTypes, "bool"] as const;
