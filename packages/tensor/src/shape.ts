// Rules on shapes: broadcasting, axes, strides. Sizes may be named (see dimension.ts).
import { canonicalDimension, type Dimension, productOfDimensions } from "./dimension.ts";
import { ShapeError } from "./errors.ts";
import { describeShape, type Shape } from "./graph.ts";

/** The shape that `a` and `b` broadcast to, aligned at the last axis as in NumPy. */
export function broadcastShapes(where: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const result: Dimension[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new ShapeError(
        `${where}: shapes do not broadcast: ${describeShape(a)} and ${describeShape(b)} (${left} != ${right})`,
      );
    }
    result.push(left === 1 ? right : left);
  }
  return result;
}

/** `axis` counted from the front; negative axes count from the end. */
export function normalizeAxis(where: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError(`${where}: axis ${axis} is outside a tensor of ${rank} axes (use ${-rank} to ${rank - 1})`);
  }
  return axis < 0 ? axis + rank : axis;
}

export function normalizeAxes(where: string, axes: readonly number[], rank: number): number[] {
  const normalized = axes.map((axis) => normalizeAxis(where, axis, rank)).sort((a, b) => a - b);
  if (new Set(normalized).size !== normalized.length)
    throw new ShapeError(`${where}: an axis is named twice: [${axes}]`);
  return normalized;
}

export function shapesEqual(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

export function elementCount(shape: Shape): Dimension {
  return productOfDimensions(shape);
}

/** Number of elements of a shape without names. */
export function concreteCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Row-major strides in elements. */
export function strides(shape: readonly number[]): number[] {
  const result = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    result[axis] = stride;
    stride *= shape[axis]!;
  }
  return result;
}

/** True if every size is a number. */
export function isConcrete(shape: Shape): shape is readonly number[] {
  return shape.every((size) => typeof size === "number");
}

/** Throws for what plain JavaScript may pass in place of an array: `reshape(2, 3)`. */
export function requireList(where: string, what: string, list: unknown): void {
  if (!Array.isArray(list)) throw new ShapeError(`${where}: expected ${what} as an array, got ${String(list)}`);
}

/** Throws unless the position or size is a whole number or made of names. */
export function requireWhole(where: string, what: string, size: Dimension): void {
  if (typeof size === "number" ? !Number.isInteger(size) : typeof size !== "string") {
    throw new ShapeError(`${where}: ${what} must be a whole number, got ${String(size)}`);
  }
}

/** Throws unless every size is a whole number >= 0, a name, or names combined in the one way they are written here. */
export function requireValidShape(where: string, shape: Shape): void {
  requireList(where, "the shape", shape);
  for (const size of shape) {
    if (typeof size === "number" && !(Number.isInteger(size) && size >= 0)) {
      throw new ShapeError(`${where}: size ${size} in shape ${describeShape(shape)} is not a whole number >= 0`);
    }
    const canonical = canonicalDimension(size);
    // Equal dimensions are compared as text.
    if (canonical !== size) throw new ShapeError(`${where}: write the size "${size}" as ${JSON.stringify(canonical)}`);
  }
}
