// Checks a run's inputs against a program and finds what its named dimensions stand for.
import { evaluateDimension, isName } from "../dimension.ts";
import { ShapeError } from "../errors.ts";
import { describeType, type Program } from "../graph.ts";
import type { ConcreteType } from "../ops/op.ts";

/** Sizes of the program's named dimensions; throws a `ShapeError` where an input does not fit or a name gets two sizes. */
export function bindDimensions(program: Program, inputs: readonly ConcreteType[]): Map<string, number> {
  if (inputs.length !== program.inputs.length) {
    throw new ShapeError(`run: the program takes ${program.inputs.length} inputs, got ${inputs.length}`);
  }
  const sizes = new Map<string, number>();
  const first = new Map<string, number>();
  for (const [i, input] of inputs.entries()) {
    const expected = program.inputs[i]!;
    const misfit = () =>
      new ShapeError(`run: ${nameOf(program, i)} must be ${describeType(expected)}, got ${describeType(input)}`);
    if (input.dtype !== expected.dtype || input.shape.length !== expected.shape.length) throw misfit();
    for (const [axis, size] of input.shape.entries()) {
      const dimension = expected.shape[axis]!;
      if (typeof dimension === "number" && dimension !== size) throw misfit();
      if (!isName(dimension)) continue;
      const bound = sizes.get(dimension) ?? size;
      if (!sizes.has(dimension)) first.set(dimension, i);
      sizes.set(dimension, bound);
      if (bound !== size) {
        const [one, other] = [first.get(dimension)!, i].map((input) => nameOf(program, input));
        throw new ShapeError(`run: dimension "${dimension}" is ${bound} in ${one} and ${size} in ${other}`);
      }
    }
  }
  requireCombinations(program, inputs, sizes);
  return sizes;
}

/** An input by its place in the arguments: `"1.inputIds"`. */
function nameOf({ inputs }: Program, i: number): string {
  return `input "${inputs[i]!.node.attributes.name}"`;
}

/** Sizes such as "past+1" must be what the names in them say. */
function requireCombinations(
  program: Program,
  inputs: readonly ConcreteType[],
  sizes: ReadonlyMap<string, number>,
): void {
  for (const [i, input] of inputs.entries()) {
    for (const [axis, size] of input.shape.entries()) {
      const dimension = program.inputs[i]!.shape[axis]!;
      const expected = evaluateDimension(dimension, sizes);
      if (expected !== size) {
        throw new ShapeError(
          `run: axis ${axis} of ${nameOf(program, i)} must be ${dimension} = ${expected}, got ${size}`,
        );
      }
    }
  }
}
