// What random programs are made of: values with what is known of them, and steps that choose values and make new ones.
import { isName } from "../src/dimension.ts";
import type { Tensor } from "../src/graph.ts";

/**
 * A tensor and what is known of its numbers. Those on a grid (whole multiples of 2^-`grid`, few enough bits) are the same on every
 * executor; steps with a jump or a kink take only such, since a rounding apart they would give something else.
 */
export interface Value {
  readonly tensor: Tensor;
  readonly bound: number;
  readonly grid: number | undefined;
}

const exactBits = 20;

/** A value that fits, chosen by one of the numbers of the step. */
export type Pick = (k: 0 | 1 | 2, fits: (value: Value) => boolean) => Value | undefined;
export type Step = (pick: Pick, choice: number) => Value | undefined;

export const isFloat = ({ tensor }: Value) => tensor.dtype === "float32";
export const isInteger = ({ tensor }: Value) => tensor.dtype === "int32";
export const isBool = ({ tensor }: Value) => tensor.dtype === "bool";
export const isNumber = (value: Value) => !isBool(value);
export const isExact = ({ bound, grid }: Value) => grid !== undefined && bound * 2 ** grid <= 2 ** exactBits;
export const hasAxes = ({ tensor }: Value) => tensor.shape.length > 0;
export const and =
  (...tests: ((value: Value) => boolean)[]) =>
  (value: Value) =>
    tests.every((test) => test(value));

export function unary(
  fits: (value: Value) => boolean,
  apply: (value: Value, choice: number) => Value | undefined,
): Step {
  return (pick, choice) => {
    const value = pick(0, fits);
    return value && apply(value, choice);
  };
}

/** A function without jumps or kinks, whose results are at most `bound`. */
export function smooth(apply: (x: Tensor) => Tensor, bound: (of: number) => number): Step {
  return unary(isFloat, ({ tensor, bound: of }) => ({ tensor: apply(tensor), bound: bound(of), grid: undefined }));
}

export function binary(
  fits: (value: Value) => boolean,
  apply: (a: Value, b: Value, choice: number) => Value | undefined,
): Step {
  return (pick, choice) => {
    const a = pick(0, fits);
    const b = a && pick(1, (value) => fits(value) && value.tensor.dtype === a.tensor.dtype);
    return b && apply(a, b, choice);
  };
}

export const finest = (a: Value, b: Value) =>
  a.grid === undefined || b.grid === undefined ? undefined : Math.max(a.grid, b.grid);
export const sameNumbers = ({ bound, grid }: Value, tensor: Tensor): Value => ({ tensor, bound, grid });
export const axisOf = ({ tensor }: Value, choice: number) => choice % tensor.shape.length;
/** Sizes such as "n-2" may be nothing, and nothing has no largest element. */
export const hasElements = ({ tensor }: Value) =>
  tensor.shape.every((size) => (typeof size === "number" ? size > 0 : isName(size)));
export const sizeAlong = ({ tensor }: Value, axis: number) =>
  typeof tensor.shape[axis] === "number" ? tensor.shape[axis] : 4;
