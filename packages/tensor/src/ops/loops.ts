// Loops the reference kernels share: walking an output while following broadcast or permuted inputs.
import { strides } from "../shape.ts";

/**
 * Calls `visit(outputIndex, inputIndex)` for every element of `shape`, where the input is read with `inputStrides`
 * (0 along broadcast axes) starting at `offset`.
 */
export function walkStrided(
  shape: readonly number[],
  inputStrides: readonly number[],
  visit: (output: number, input: number) => void,
  offset = 0,
): void {
  const rank = shape.length;
  const position = new Array<number>(rank).fill(0);
  const count = shape.reduce((product, size) => product * size, 1);
  let input = offset;
  for (let output = 0; output < count; output++) {
    visit(output, input);
    for (let axis = rank - 1; axis >= 0; axis--) {
      position[axis]!++;
      input += inputStrides[axis]!;
      if (position[axis]! < shape[axis]!) break;
      input -= inputStrides[axis]! * shape[axis]!;
      position[axis] = 0;
    }
  }
}

/** Strides that read a tensor of `from` as if it had the broadcast shape `to`. */
export function broadcastStrides(from: readonly number[], to: readonly number[]): number[] {
  const own = strides(from);
  const lead = to.length - from.length;
  return to.map((_, axis) => (axis < lead || from[axis - lead] === 1 ? 0 : own[axis - lead]!));
}

/** Elements before, along and after an axis: the tensor seen as [outer, length, inner]. */
export function aroundAxis(shape: readonly number[], axis: number): { outer: number; length: number; inner: number } {
  const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
  return { outer: product(shape.slice(0, axis)), length: shape[axis]!, inner: product(shape.slice(axis + 1)) };
}
