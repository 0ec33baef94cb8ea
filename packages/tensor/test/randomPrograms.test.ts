// Properties that hold for every program: the same numbers on every executor, before and after every pass, and back from a file.
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { checkProgram } from "../src/checkProgram.ts";
import { onnxExecutor } from "../src/executors/onnx.ts";
import { tfjsExecutor } from "../src/executors/tfjs.ts";
import type { Tensor } from "../src/graph.ts";
import { topologicalOrder } from "../src/graph.ts";
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
import { build, recipes } from "./randomPrograms.ts";
import { expectation, holds, legal, reference, requireNear, slopes } from "./randomProperties.ts";

const onnx = onnxExecutor({ thread: "main", threads: 1 });
const tfjs = tfjsExecutor({ runtime: "@tensorflow/tfjs-core" });
afterAll(() => Promise.all([onnx.dispose(), tfjs.dispose()]));

const same = { relative: 0, absolute: 0 };

function requireEqual(what: string, actual: readonly HostArray[], expected: readonly HostArray[]): void {
  for (const [i, array] of expected.entries()) {
    const difference = describeDifference(actual[i]!, array, same);
    if (difference) throw new Error(`${what}: output ${i}: ${difference}`);
  }
}

describe("a random program", () => {
  it("gives the same numbers on every executor, and the same gradients", () =>
    holds(1, 120, async (recipe) => {
      const { inputs, outputs, arrays } = build(recipe);
      const program = legal(inputs, [...outputs, ...slopes(inputs, outputs)]);
      const expected = await expectation(program, arrays);
      const optimized = optimize(program);
      checkProgram(optimized);
      for (const executor of [onnx, tfjs])
        requireNear(executor.name, await runProgram(optimized, arrays, executor), expected);
    }));

  it("gives the same numbers where what it is given may be written over", () =>
    holds(7, 120, async (recipe) => {
      const { inputs, outputs, arrays } = build(recipe);
      const program = optimize(legal(inputs, outputs));
      const expected = await expectation(program, arrays);
      for (const executor of [onnx, tfjs]) {
        const executable = await executor.compile(program, { donated: inputs.map(() => true) });
        const given = await Promise.all(arrays.map((array, i) => (executable.upload ?? place)(i, array)));
        const results = await executable.run(given);
        const read = await Promise.all(results.map((result) => executor.read(result)));
        requireNear(executor.name, read, expected);
        executable.dispose();

        function place(_: number, array: HostArray) {
          return executor.upload(array);
        }
      }
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
      requireNear("onnx", await runProgram(expanded, arrays, onnx), await expectation(program, arrays));
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
      requireNear("onnx", await runProgram(folded, [], onnx), await expectation(program, arrays));
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
      requireNear("recomputed", await runProgram(program, arrays, reference), expected);
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

  it("is made of every op there is", () => {
    // Where an input falls between two whole numbers or levels, a rounding apart gives another one; blocks are of 256 elements.
    const left = ["quantizedMatmul", "quantizeBlockwise", "dequantizeBlockwise"];
    const found = new Set(
      fc.sample(recipes, { seed: 8, numRuns: 1500 }).flatMap((recipe) => {
        const { inputs, outputs } = build(recipe);
        return topologicalOrder([...outputs, ...slopes(inputs, outputs)]).map(({ op }) => op.name);
      }),
    );
    const names = [...primitiveOps, ...fusedOps].map(({ name }) => name);
    expect(names.filter((name) => !found.has(name))).toEqual(left);
  });
});
