// Random small programs for property tests: a recipe is numbers that fast-check makes and shrinks, `build` turns it into tensors.
// Every step picks an op and operands from what is there; a step that does not fit is left out, so every recipe is a program.
import fc from "fast-check";
import "../src/fluent.ts";
import { fromNumbers } from "../src/dtype.ts";
import { DTypeError, ShapeError } from "../src/errors.ts";
import type { Tensor } from "../src/graph.ts";
import { placeholder } from "../src/ops/create.ts";
import type { HostArray } from "../src/storage.ts";
import { randomSteps } from "./randomSteps.ts";
import type { Value } from "./randomValue.ts";

type RandomDType = "float32" | "int32" | "bool";

interface InputRecipe {
  readonly dtype: RandomDType;
  readonly shape: readonly number[];
  readonly elements: readonly number[];
}

interface StepRecipe {
  readonly op: number;
  readonly operands: readonly [number, number, number];
  readonly choice: number;
}

export interface Recipe {
  readonly inputs: readonly InputRecipe[];
  readonly steps: readonly StepRecipe[];
  /** Give the name "n" to every axis of this size in the inputs; 0 for none. */
  readonly named: number;
}

export interface RandomProgram {
  readonly inputs: readonly Tensor[];
  readonly arrays: readonly HostArray[];
  readonly outputs: readonly Tensor[];
}

const largest = 64;

const natural = fc.nat({ max: 1000 });
const inputRecipe: fc.Arbitrary<InputRecipe> = fc.record({
  dtype: fc.constantFrom("float32", "float32", "int32", "bool"),
  shape: fc.array(fc.constantFrom(1, 2, 3, 4, 0), { maxLength: 3 }),
  elements: fc.array(fc.integer({ min: -16, max: 16 }), { minLength: 1, maxLength: 8 }),
});

export const recipes: fc.Arbitrary<Recipe> = fc.record({
  inputs: fc.array(inputRecipe, { minLength: 1, maxLength: 3 }),
  steps: fc.array(fc.record({ op: natural, operands: fc.tuple(natural, natural, natural), choice: natural }), {
    minLength: 1,
    maxLength: 10,
  }),
  named: fc.constantFrom(0, 0, 2, 3),
});

/** The same recipe with and without names has the same arrays. */
export function build({ inputs: given, steps, named }: Recipe): RandomProgram {
  const inputs: Tensor[] = [];
  const values: Value[] = given.map(({ dtype, shape }, i) => {
    const tensor = placeholder(
      `x${i}`,
      dtype,
      shape.map((size) => (size === named && size !== 0 ? "n" : size)),
    );
    inputs.push(tensor);
    return { tensor, bound: dtype === "float32" ? 2 : dtype === "int32" ? 16 : 1, grid: dtype === "float32" ? 3 : 0 };
  });
  for (const { op, operands, choice } of steps) {
    const pick = (k: 0 | 1 | 2, fits: (value: Value) => boolean) => {
      const candidates = values.filter(fits);
      return candidates[candidates.length - 1 - (operands[k] % candidates.length)];
    };
    const made = attempt(() => randomSteps[op % randomSteps.length]!(pick, choice));
    if (made && made.bound <= (made.tensor.dtype === "int32" ? 2 ** 20 : largest)) values.push(made);
  }
  const arrays = given.map(({ dtype, shape, elements }): HostArray => {
    const count = shape.reduce((product, size) => product * size, 1);
    const numbers = Array.from({ length: count }, (_, i) => elements[i % elements.length]! + ((i >> 3) % 2));
    const scaled = numbers.map((x) =>
      dtype === "float32" ? clamp(x) / 8 : dtype === "int32" ? clamp(x) : Number(x > 0),
    );
    return { dtype, shape, data: fromNumbers(dtype, scaled) };
  });
  return { inputs, arrays, outputs: values.slice(given.length).map(({ tensor }) => tensor) };
}

function clamp(x: number): number {
  return Math.max(-16, Math.min(16, x));
}

function attempt(step: () => Value | undefined): Value | undefined {
  try {
    return step();
  } catch (error) {
    if (error instanceof ShapeError || error instanceof DTypeError) return undefined;
    throw error;
  }
}
