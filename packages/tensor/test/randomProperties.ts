// What the properties of random programs rest on: running them, and how far results may be apart.
import fc from "fast-check";
import { checkProgram } from "../src/checkProgram.ts";
import { toNumbers } from "../src/dtype.ts";
import { referenceExecutor } from "../src/executors/reference.ts";
import { gradients } from "../src/grad.ts";
import type { Program, Tensor } from "../src/graph.ts";
import { printProgram } from "../src/print.ts";
import { makeProgram } from "../src/program.ts";
import type { HostArray } from "../src/storage.ts";
import { runProgram } from "../src/testing/checkOp.ts";
import { describeDifference } from "../src/testing/toBeAllclose.ts";
import { build, type Recipe, recipes } from "./randomPrograms.ts";

export const reference = referenceExecutor();
const double = referenceExecutor({ precision: "float64" });

/** Fails with the program as text, which fast-check has made as small as it can. */
export async function holds(
  seed: number,
  numRuns: number,
  check: (recipe: Recipe) => Promise<void>,
  of = recipes,
): Promise<void> {
  const property = fc.asyncProperty(of, async (recipe) => {
    const { inputs, outputs } = build(recipe);
    fc.pre(outputs.length > 0);
    try {
      await check(recipe);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${printProgram(makeProgram(inputs, outputs))}`, { cause: error });
    }
  });
  await fc.assert(property, { seed, numRuns });
}

export function legal(inputs: readonly Tensor[], outputs: readonly Tensor[]): Program {
  const program = makeProgram(inputs, outputs);
  checkProgram(program);
  return program;
}

/**
 * The results as double precision has them, and how far another executor may be off: single precision says what rounding does, and
 * `error` what a device may do beside it, of the largest number.
 */
export async function expectation(program: Program, arrays: readonly HostArray[], error = 2e-5) {
  const [single, exact] = [await runProgram(program, arrays, reference), await runProgram(program, arrays, double)];
  return single.map((array, i) => {
    if (array.dtype !== "float32") return { array, absolute: 0 };
    const numbers = toNumbers("float32", exact[i]!.data);
    const rounded = toNumbers("float32", array.data);
    const apart = numbers.reduce((most, x, k) => Math.max(most, Math.abs(x - rounded[k]!)), 0);
    const size = numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
    return { array, absolute: 32 * apart + error * size };
  });
}

export function requireNear(
  where: string,
  actual: readonly HostArray[],
  expected: Awaited<ReturnType<typeof expectation>>,
): void {
  for (const [i, { array, absolute }] of expected.entries()) {
    const difference = describeDifference(actual[i]!, array, { relative: 0, absolute });
    if (difference) throw new Error(`${where}: output ${i}: ${difference} (allowed ${absolute})`);
  }
}

/** Gradients of the sum of all float outputs, with respect to the float inputs. */
export function slopes(inputs: readonly Tensor[], outputs: readonly Tensor[]): Tensor[] {
  const losses = outputs.filter(({ dtype }) => dtype === "float32").map((output) => output.sin().sum());
  const wanted = inputs.filter(({ dtype }) => dtype === "float32");
  return losses.length === 0 || wanted.length === 0
    ? []
    : gradients(
        losses.reduce((a, b) => a.add(b)),
        wanted,
      );
}
