// Every objective: sixteen bits, recomputed activations and batches in parts change what a step costs, not what it learns.
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

  it("has the same loss and gradients in passes of one row", async () => {
    const step = (rowsPerPass?: number) =>
      withCase(name, (given) => {
        // Dropout draws for each pass apart.
        const { loss } = given.objective;
        const objective = {
          ...given.objective,
          loss: (...[model, inputs]: Parameters<typeof loss>) => loss(model, inputs),
        };
        return firstStep({ ...given, objective }, { rowsPerPass });
      });
    const [whole, parts] = [await step(), await step(1)];
    expect(Math.abs(parts.loss / whole.loss - 1)).toBeLessThan(1e-5);
    expect(Math.abs(parts.gradientNorm / whole.gradientNorm - 1)).toBeLessThan(1e-4);
  });
});
