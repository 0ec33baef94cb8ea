// Properties that hold for every program: the same numbers on every executor, before and after every pass, and back from a file.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { checkProgram } from "../src/checkProgram.ts";
import { toNumbers } from "../src/dtype.ts";
import type { Executor } from "../src/executors/executor.ts";
import { onnxExecutor } from "../src/executors/onnx.ts";
import { referenceExecutor } from "../src/executors/reference.ts";
import { tfjsExecutor } from "../src/executors/tfjs.ts";
import { gradients } from "../src/grad.ts";
import type { Program, Tensor } from "../src/graph.ts";
import { withPrecision } from "../src/mixedPrecision.ts";
import { constant } from "../src/ops/create.ts";
import { fusedOps, primitiveOps } from "../src/ops/index.ts";
import { optimize } from "../src/optimize.ts";
import { printProgram } from "../src/print.ts";
import { makeProgram } from "../src/program.ts";
import { programFromJson, programToJson } from "../src/programJson.ts";
import { recompute } from "../src/recompute.ts";
import { expandFused, rewrite } from "../src/rewrite.ts";
import type { HostArray } from "../src/storage.ts";
import { runProgram } from "../src/testing/checkOp.ts";
import { describeDifference } from "../src/testing/toBeAllclose.ts";
import { build, type Recipe, recipes } from "./randomPrograms.ts";

const reference = referenceExecutor();
const double = referenceExecutor({ precision: "float64" });
const onnx = onnxExecutor({ thread: "main", threads: 1 });
const tfjs = tfjsExecutor({ runtime: "@tensorflow/tfjs-core" });
afterAll(() => Promise.all([onnx.dispose(), tfjs.dispose()]));

const same = { relative: 0, absolute: 0 };

/** Fails with the program as text, which fast-check has made as small as it can. */
async function holds(seed: number, numRuns: number, check: (recipe: Recipe) => Promise<void>): Promise<void> {
  const property = fc.asyncProperty(recipes, async (recipe) => {
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

function legal(inputs: readonly Tensor[], outputs: readonly Tensor[]): Program {
  const program = makeProgram(inputs, outputs);
  checkProgram(program);
  return program;
}

function requireEqual(what: string, actual: readonly HostArray[], expected: readonly HostArray[]): void {
  for (const [i, array] of expected.entries()) {
    const difference = describeDifference(actual[i]!, array, same);
    if (difference) throw new Error(`${what}: output ${i}: ${difference}`);
  }
}

/** The results as double precision has them, and how far another executor may be off: single precision says what rounding does. */
async function expectation(program: Program, arrays: readonly HostArray[]) {
  const [single, exact] = [await runProgram(program, arrays, reference), await runProgram(program, arrays, double)];
  return single.map((array, i) => {
    if (array.dtype !== "float32") return { array, absolute: 0 };
    const numbers = toNumbers("float32", exact[i]!.data);
    const rounded = toNumbers("float32", array.data);
    const apart = numbers.reduce((most, x, k) => Math.max(most, Math.abs(x - rounded[k]!)), 0);
    const size = numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
    return { array, absolute: 32 * apart + 2e-5 * size };
  });
}

async function requireNear(
  program: Program,
  executor: Executor,
  expected: Awaited<ReturnType<typeof expectation>>,
  arrays: readonly HostArray[],
) {
  const actual = await runProgram(program, arrays, executor);
  for (const [i, { array, absolute }] of expected.entries()) {
    const difference = describeDifference(actual[i]!, array, { relative: 0, absolute });
    if (difference) throw new Error(`${executor.name}: output ${i}: ${difference} (allowed ${absolute})`);
  }
}

/** Gradients of the sum of all float outputs, with respect to the float inputs. */
function slopes(inputs: readonly Tensor[], outputs: readonly Tensor[]): Tensor[] {
  const losses = outputs.filter(({ dtype }) => dtype === "float32").map((output) => output.sin().sum());
  const wanted = inputs.filter(({ dtype }) => dtype === "float32");
  return losses.length === 0 || wanted.length === 0
    ? []
    : gradients(
        losses.reduce((a, b) => a.add(b)),
        wanted,
      );
}

describe("a random program", () => {
  it("gives the same numbers on every executor, and the same gradients", () =>
    holds(1, 120, async (recipe) => {
      const { inputs, outputs, arrays } = build(recipe);
      const program = legal(inputs, [...outputs, ...slopes(inputs, outputs)]);
      const expected = await expectation(program, arrays);
      const optimized = optimize(program);
      checkProgram(optimized);
      for (const executor of [onnx, tfjs]) await requireNear(optimized, executor, expected, arrays);
    }));

  it("gives the same numbers after every pass", () =>
    holds(2, 120, async (recipe) => {
      const { inputs, outputs, arrays } = build(recipe);
      const all = [...outputs, ...slopes(inputs, outputs)];
      const program = legal(inputs, all);
      const expected = await runProgram(program, arrays, reference);
      const optimized = optimize(program);
      checkProgram(optimized);
      requireEqual("optimize", await runProgram(optimized, arrays, reference), expected);
      const expanded = legal(
        inputs,
        expandFused(all, () => false),
      );
      requireEqual("expandFused", await runProgram(expanded, arrays, reference), expected);
      await requireNear(expanded, onnx, await expectation(program, arrays), arrays);
    }));

  it("gives the same numbers with its inputs as literals, folded", () =>
    holds(3, 80, async (recipe) => {
      const { inputs, outputs, arrays } = build({ ...recipe, named: 0 });
      const program = legal(inputs, outputs);
      const literals = new Map(
        inputs.map((input, i) => [input, constant(arrays[i]!.data, arrays[i]!.dtype, arrays[i]!.shape)]),
      );
      const folded = optimize(
        makeProgram(
          [],
          rewrite(outputs, () => undefined, literals),
        ),
      );
      checkProgram(folded);
      requireEqual("folded", await runProgram(folded, [], reference), await runProgram(program, arrays, reference));
      await requireNear(folded, onnx, await expectation(program, arrays), []);
    }));

  it("gives the same numbers where its activations are computed again", () =>
    holds(4, 80, async (recipe) => {
      const { inputs, outputs, arrays } = build(recipe);
      const expected = await expectation(legal(inputs, slopes(inputs, outputs)), arrays);
      const known = (args: readonly Tensor[]) => new Map(inputs.map((input, i) => [input, args[i]!]));
      const again = recompute((...args: Tensor[]) => rewrite(outputs, () => undefined, known(args)))(...inputs);
      const program = optimize(legal(inputs, slopes(inputs, again)));
      checkProgram(program);
      // Where a value has several uses, its gradients are added up in another order.
      await requireNear(program, reference, expected, arrays);
    }));

  it("stays legal, with the same types, in any precision", () =>
    holds(5, 80, async (recipe) => {
      const { inputs, outputs } = build(recipe);
      for (const precision of ["float32", "float16", "bfloat16"] as const) {
        const lowered = withPrecision((..._: Tensor[]) => [...outputs], precision)(...inputs);
        legal(inputs, lowered);
        expect(lowered.map(({ dtype, shape }) => [dtype, shape])).toEqual(
          outputs.map(({ dtype, shape }) => [dtype, shape]),
        );
      }
    }));

  it("reads the same each time it is recorded, optimised twice, and back from JSON", () =>
    holds(6, 120, async (recipe) => {
      const { inputs, outputs } = build(recipe);
      const program = optimize(legal(inputs, outputs));
      const again = build(recipe);
      expect(printProgram(optimize(makeProgram(again.inputs, again.outputs)))).toBe(printProgram(program));
      expect(printProgram(optimize(program))).toBe(printProgram(program));
      const json = JSON.parse(
        JSON.stringify(
          programToJson(
            program,
            inputs.map((_, i) => `x${i}`),
          ),
        ),
      );
      expect(printProgram(programFromJson(json, [...primitiveOps, ...fusedOps], "json"))).toBe(printProgram(program));
    }));
});
