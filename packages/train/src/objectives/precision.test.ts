// Every objective: sixteen bits and recomputed activations change what a step costs, not what it learns.
import type { PretrainedModel } from "@llm/model";
import { onnxExecutor, type Precision, RandomKey } from "@llm/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { caseNames, type ObjectiveCase, withCase } from "../../test/objectiveCases.ts";
import { sgd } from "../optimizers/sgd.ts";
import { type StepOptions, TrainStep } from "../trainStep.ts";

const executor = onnxExecutor({ thread: "main", threads: 1 });
afterAll(() => executor.dispose());

async function firstStep<Model extends PretrainedModel, B>(
  { model, objective, data }: ObjectiveCase<Model, B>,
  options: Partial<StepOptions<Model>>,
): Promise<{ loss: number; gradientNorm: number }> {
  const trainStep = new TrainStep<Model>({
    objective: objective as StepOptions<Model>["objective"],
    optimizer: sgd(),
    gradientClipping: undefined,
    executor,
    ...options,
  });
  const batch = (await data.next())!;
  const { inputs } = objective.prepare(batch, model, { seed: 0, place: "first" });
  const microBatches = [{ batch: inputs, key: RandomKey.from(0) }];
  const { loss, gradientNorm } = await trainStep.run(trainStep.initialState(model), microBatches, 0, 0);
  trainStep.dispose();
  return { loss, gradientNorm };
}

describe.each(caseNames)("%s", (name) => {
  it("has the loss and gradients of float32", async () => {
    const step = (precision: Precision, recomputeActivations = false) =>
      withCase(name, (given) => firstStep(given, { precision, recomputeActivations }));
    const exact = await step("float32");
    const recomputed = await step("float32", true);
    expect(Math.abs(recomputed.loss / exact.loss - 1)).toBeLessThan(1e-6);
    expect(Math.abs(recomputed.gradientNorm / exact.gradientNorm - 1)).toBeLessThan(1e-4);
    for (const low of [await step("float16"), await step("bfloat16")]) {
      expect(Math.abs(low.loss / exact.loss - 1)).toBeLessThan(0.02);
      expect(Math.abs(low.gradientNorm / exact.gradientNorm - 1)).toBeLessThan(0.1);
    }
  });
});
