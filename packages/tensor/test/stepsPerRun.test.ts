// Several training steps in one run give what as many runs give.
import { afterAll, describe, expect, it } from "vitest";
import { compile } from "../src/compile.ts";
import { onnxExecutor } from "../src/executors/onnx.ts";
import { tfjsExecutor } from "../src/executors/tfjs.ts";
import { scan } from "../src/fused/scan.ts";
import type { Tensor } from "../src/graph.ts";
import { tensor } from "../src/ops/create.ts";
import { flattenTensors } from "../src/tree.ts";
import { initialState, type TrainingState, tokenBatch, tokensPerRow, trainingStep } from "./smallGpt.ts";

const steps = 4;
const rows = 3;
const executors = [onnxExecutor({ thread: "main", threads: 1 }), tfjsExecutor({ runtime: "@tensorflow/tfjs-core" })];
afterAll(() => Promise.all(executors.map((executor) => executor.dispose())));

const batchOf = (seed: number) => tokenBatch(rows, seed);
const numbersIn = async (state: TrainingState) =>
  (await Promise.all(flattenTensors(state).map(({ tensor }) => tensor.data()))).flatMap((data) =>
    Array.from(data, Number),
  );

describe.each(executors)("on $name", (executor) => {
  it("four steps in one run equal four runs, twice over", async () => {
    const one = compile(trainingStep, { executor, donate: [0] });
    const many = compile(
      (state: TrainingState, batches: Tensor) =>
        scan(
          (carry: TrainingState, batch: Tensor) => {
            const result = trainingStep(carry, batch);
            return [result.state, result.loss] as const;
          },
          state,
          batches,
        ),
      { executor, donate: [0], check: true },
    );
    let [single, joint] = [initialState(), initialState()];
    for (const round of [0, 1]) {
      const seeds = Array.from({ length: steps }, (_, i) => round * steps + i);
      const expected: number[] = [];
      for (const seed of seeds) {
        const result = await one(single, tensor(batchOf(seed), { shape: [rows, tokensPerRow] }));
        single = result.state;
        expected.push(await result.loss.item());
      }
      const stacked = Int32Array.from(seeds.flatMap((seed) => [...batchOf(seed)]));
      const [next, losses] = await many(joint, tensor(stacked, { shape: [steps, rows, tokensPerRow] }));
      joint = next;
      const actual = Array.from(await losses.data(), Number);
      for (const [i, loss] of expected.entries()) expect(Math.abs(actual[i]! - loss)).toBeLessThan(1e-5);
    }
    const [expected, actual] = [await numbersIn(single), await numbersIn(joint)];
    expect(actual.length).toBe(expected.length);
    expect(Math.max(...expected.map((number, i) => Math.abs(number - actual[i]!)))).toBeLessThan(1e-4);
    expect(await joint.step.item()).toBe(2 * steps);
  });
});
