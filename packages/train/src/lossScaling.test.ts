import { Gpt } from "@llm/model";
import {
  compile,
  onnxExecutor,
  RandomKey,
  referenceExecutor,
  setDefaultExecutor,
  type Tensor,
  tensor,
} from "@llm/tensor";
import { describe, expect, it } from "vitest";
import { countingBatches } from "../test/memoryBatches.ts";
import { noisyCurve } from "../test/noisyCurve.ts";
import { initialLossScaling, type LossScalingOptions, nextLossScaling } from "./lossScaling.ts";
import { causalLanguageModel } from "./objectives/causalLanguageModel.ts";
import { windowTensors } from "./objectives/windowTensors.ts";
import { adamW } from "./optimizers/adamw.ts";
import type { NamedTensors } from "./optimizers/optimizer.ts";
import { parametersOf, type TrainState } from "./trainState.ts";
import { type StepOptions, type StepResult, TrainStep } from "./trainStep.ts";

setDefaultExecutor(referenceExecutor());

async function numbersOf(tensors: NamedTensors): Promise<Record<string, number[]>> {
  const entries = Object.entries(tensors).map(
    async ([name, value]) => [name, Array.from(await value.data(), Number)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

describe("the scale", () => {
  async function after(steps: readonly boolean[], options: LossScalingOptions = {}) {
    const next = compile((state: NamedTensors, finite: Tensor) => nextLossScaling(state, finite, options));
    let state = initialLossScaling(options);
    for (const finite of steps) state = await next(state, tensor([finite], { dtype: "bool" }).reshape([]));
    return numbersOf(state);
  }

  it("starts at 2^16", async () => {
    expect(await after([])).toEqual({ scale: [65536], goodSteps: [0], skippedSteps: [0] });
  });

  it("halves at each overflow, which starts the count of good steps anew", async () => {
    expect(await after([true, true, false, false, true])).toEqual({
      scale: [16384],
      goodSteps: [1],
      skippedSteps: [2],
    });
  });

  it("doubles after the growth interval without overflow", async () => {
    const options = { initialScale: 8, growthInterval: 3 };
    expect(await after([true, true], options)).toEqual({ scale: [8], goodSteps: [2], skippedSteps: [0] });
    expect(await after([true, true, true], options)).toEqual({ scale: [16], goodSteps: [0], skippedSteps: [0] });
    expect(await after([true, true, false, true, true, true, true], options)).toEqual({
      scale: [8],
      goodSteps: [1],
      skippedSteps: [1],
    });
  });
});

const newModel = () =>
  new Gpt({ vocabularySize: 11, contextLength: 6, layers: 1, heads: 2, width: 8, initializerRange: 0.2 });

interface RunOptions extends Partial<StepOptions> {
  steps: number;
  microBatches?: number;
}

/** The results of steps from a fresh model, with copies of the state after each. */
async function run({ steps, microBatches = 1, ...options }: RunOptions) {
  const trainStep = new TrainStep({
    objective: causalLanguageModel,
    optimizer: adamW(),
    gradientClipping: 1,
    executor: undefined,
    ...options,
  });
  let state = trainStep.initialState(newModel());
  const results: (Omit<StepResult, "state"> & Awaited<ReturnType<typeof copyOf>>)[] = [];
  for (let step = 0; step < steps; step++) {
    const parts = countingBatches(microBatches, { rows: 2 + step }).map((batch) => ({
      batch: windowTensors(batch),
      key: RandomKey.from(0, step),
    }));
    const { state: next, ...result } = await trainStep.run(state, parts, step, 0.01);
    state = next;
    results.push({ ...result, ...(await copyOf(state)) });
  }
  trainStep.dispose();
  return results;
}

async function copyOf({ model, optimizer }: TrainState) {
  return { parameters: await numbersOf(parametersOf(model)), moments: await numbersOf(optimizer.secondMoment!) };
}

describe("a float16 step", () => {
  it.each([1, 3])(
    "whose gradients overflow changes nothing and is counted (%d micro-batches)",
    async (microBatches) => {
      const initialScale = 2 ** 26;
      const results = await run({ precision: "float16", lossScaling: { initialScale }, steps: 14, microBatches });
      const skipped = results.filter(({ lossScaling }) => lossScaling!.skipped).length;
      expect(skipped).toBeGreaterThan(2);
      expect(skipped).toBeLessThan(14);
      const fresh = await numbersOf(parametersOf(newModel()));
      for (const [i, { lossScaling, gradientNorm, parameters, moments, loss }] of results.entries()) {
        expect(Number.isFinite(loss)).toBe(true);
        if (i < skipped) {
          expect(lossScaling).toEqual({ scale: initialScale / 2 ** (i + 1), skipped: true, skippedSteps: i + 1 });
          expect(Number.isFinite(gradientNorm)).toBe(false);
          expect(parameters).toEqual(fresh);
          expect(
            Object.values(moments)
              .flat()
              .every((moment) => moment === 0),
          ).toBe(true);
        } else {
          expect(lossScaling).toEqual({ scale: initialScale / 2 ** skipped, skipped: false, skippedSteps: skipped });
          expect(Number.isFinite(gradientNorm)).toBe(true);
        }
      }
      expect(results[skipped]!.parameters).not.toEqual(fresh);
    },
  );

  it("is none for the optimiser's bias correction", async () => {
    // The first step that counts must be as long as a first step of Adam: the learning rate.
    const results = await run({
      precision: "float16",
      lossScaling: { initialScale: 2 ** 24 },
      optimizer: adamW({ weightDecay: 0 }),
      steps: 12,
    });
    const first = results.findIndex(({ lossScaling }) => !lossScaling!.skipped);
    expect(first).toBeGreaterThan(0);
    const fresh = await numbersOf(parametersOf(newModel()));
    const steps = Object.entries(results[first]!.parameters).flatMap(([name, values]) =>
      values.map((value, i) => Math.abs(value - fresh[name]![i]!)),
    );
    expect(Math.max(...steps)).toBeCloseTo(0.01, 5);
  });

  it("gives the loss and the norm of the gradients unscaled", async () => {
    const [low, exact] = await Promise.all([run({ precision: "float16", steps: 1 }), run({ steps: 1 })]);
    expect(low[0]!.loss / exact[0]!.loss).toBeCloseTo(1, 3);
    expect(low[0]!.gradientNorm / exact[0]!.gradientNorm).toBeCloseTo(1, 2);
    expect(exact[0]!.lossScaling).toBeUndefined();
  });
});

describe("200 steps of a small GPT", () => {
  it("stays within 1 % of float32's loss in float16 and bfloat16, with activations recomputed or not", async () => {
    const curve = async (options: Partial<StepOptions>) => {
      const executor = onnxExecutor({ thread: "main", threads: 1 });
      const { losses, skipped } = await noisyCurve({ executor, ...options });
      await executor.dispose();
      expect(skipped).toBe(0);
      return losses;
    };
    const exact = await curve({});
    expect(exact[199]).toBeLessThan(0.7 * exact[0]!);
    for (const precision of ["float16", "bfloat16"] as const) {
      const low = await curve({ precision, recomputeActivations: precision === "bfloat16" });
      const differences = low.map((loss, step) => Math.abs(loss / exact[step]! - 1));
      expect(Math.max(...differences)).toBeGreaterThan(0);
      expect(Math.max(...differences)).toBeLessThan(0.01);
    }
  }, 120_000);
});
