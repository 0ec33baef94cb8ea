// The Trainer's options `precision`, `lossScaling` and `recomputeActivations`.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Gpt, namedParameters } from "@llm/model";
import {
  onnxExecutor,
  type Program,
  programMemory,
  RandomKey,
  referenceExecutor,
  setDefaultExecutor,
} from "@llm/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { countingBatches, memoryBatches } from "../test/memoryBatches.ts";
import { DivergedError } from "./errors.ts";
import type { StepEvent } from "./events.ts";
import { causalLanguageModel } from "./objectives/causalLanguageModel.ts";
import type { Objective } from "./objectives/objective.ts";
import { windowTensors } from "./objectives/windowTensors.ts";
import { adamW } from "./optimizers/adamw.ts";
import { Trainer, type TrainerOptions } from "./trainer.ts";
import { type StepOptions, TrainStep } from "./trainStep.ts";

setDefaultExecutor(referenceExecutor());
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-precision-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function newTrainer(options: Partial<TrainerOptions> = {}): Trainer {
  const dropout = { embeddingDropout: 0.1, attentionDropout: 0.1, residualDropout: 0.1 };
  return new Trainer({
    model: new Gpt({ vocabularySize: 11, contextLength: 6, layers: 2, heads: 2, width: 8, ...dropout }),
    data: memoryBatches(countingBatches(5)),
    steps: 8,
    learningRate: 0.01,
    progress: false,
    ...options,
  });
}

async function train(options: Partial<TrainerOptions>): Promise<{ trainer: Trainer; steps: StepEvent[] }> {
  const trainer = newTrainer(options);
  const steps: StepEvent[] = [];
  await trainer.run({ onEvent: (event) => event.type === "step" && steps.push(event) });
  return { trainer, steps };
}

async function weightsOf(trainer: Trainer): Promise<Map<string, number[]>> {
  const entries = [...namedParameters(trainer.model)].map(
    async ([name, value]) => [name, Array.from(await value.data(), Number)] as const,
  );
  return new Map(await Promise.all(entries));
}

describe("float16", () => {
  const lossScaling = { initialScale: 2 ** 22, growthInterval: 3 };

  it("tells scale and skipped steps with each step", async () => {
    const { steps } = await train({ precision: "float16", lossScaling });
    const skipped = steps.filter((step) => step.lossScaling!.skipped).length;
    expect(skipped).toBeGreaterThan(0);
    expect(steps.at(-1)!.lossScaling!.skippedSteps).toBe(skipped);
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("goes on from a checkpoint byte for byte, loss scaling included", async () => {
    const common = { precision: "float16", lossScaling } as const;
    const paths = { whole: join(folder, "whole"), parts: join(folder, "parts") };
    await train({ ...common, checkpoints: { folder: paths.whole } });
    const aborted = new AbortController();
    const first = newTrainer({ ...common, checkpoints: { folder: paths.parts } });
    await first.run({ signal: aborted.signal, onEvent: ({ step }) => step === 5 && aborted.abort() });
    const { steps } = await train({ ...common, checkpoints: { folder: paths.parts } });
    expect(steps.map(({ step }) => step)).toEqual([6, 7, 8]);
    const step = "step-00000008";
    for (const name of await readdir(join(paths.whole, step))) {
      const [whole, parts] = await Promise.all(
        [paths.whole, paths.parts].map((path) => readFile(join(path, step, name))),
      );
      expect(parts!.equals(whole!), name).toBe(true);
    }
    const header = await readFile(join(paths.whole, step, "optimizer.safetensors"), "latin1");
    expect(header).toContain("lossScaling.scale");
    expect(header).toContain("lossScaling.goodSteps");
  });

  it("is not mixed with another precision in one run", async () => {
    await train({ precision: "bfloat16", checkpoints: { folder }, steps: 2 });
    await expect(train({ checkpoints: { folder } })).rejects.toThrow(
      'step-00000002 was written with precision "bfloat16", this run has "float32"',
    );
  });

  it("ends the run where gradients overflow whatever the scale", async () => {
    // The loss is finite, its gradient with respect to the logits above 65504.
    const steep: Objective = {
      ...causalLanguageModel,
      loss: (model, batch, key) => {
        const { sum, count } = causalLanguageModel.loss(model, batch, key);
        return { sum: sum.mul(1e9), count };
      },
    };
    const error = await train({ precision: "float16", objective: steep, steps: 40 }).catch((error: Error) => error);
    expect(error).toBeInstanceOf(DivergedError);
    expect((error as Error).message).toContain("the gradient norm is");
    // 2^16 halves to below 1 in 17 steps.
    expect((error as DivergedError).step).toBe(17);
  });
});

describe("recomputed activations", () => {
  it.each(["reference", "onnx"])("train to the same weights bit for bit, with dropout, on %s", async (name) => {
    const executor = name === "onnx" ? onnxExecutor({ thread: "main", threads: 1 }) : referenceExecutor();
    const [kept, recomputed] = [
      await train({ executor, steps: 4, accumulation: 2 }),
      await train({ executor, steps: 4, accumulation: 2, recomputeActivations: true }),
    ];
    expect(recomputed.steps.map(({ loss }) => loss)).toEqual(kept.steps.map(({ loss }) => loss));
    expect(await weightsOf(recomputed.trainer)).toEqual(await weightsOf(kept.trainer));
    await executor.dispose();
  });
});

describe("the program of a step", () => {
  const model = new Gpt({ vocabularySize: 11, contextLength: 64, layers: 6, heads: 2, width: 16 });
  const sample = { batch: windowTensors(countingBatches(1, { rows: 4, length: 64 })[0]!), key: RandomKey.from(0) };

  function programOf(options: Pick<StepOptions, "precision" | "recomputeActivations">) {
    const fixed = { objective: causalLanguageModel, optimizer: adamW(), gradientClipping: 1, executor: undefined };
    const step = new TrainStep({ ...fixed, ...options });
    return step.program(step.initialState(model), sample);
  }

  it("computes each block twice with activations recomputed, and holds less than half at a time", () => {
    const [kept, recomputed] = [programOf({}), programOf({ recomputeActivations: true })];
    const blocks = (program: Program) => program.nodes.filter(({ op }) => op.name === "gelu").length;
    expect([blocks(kept), blocks(recomputed)]).toEqual([6, 12]);
    expect(programMemory(recomputed).temporary).toBeLessThan(0.5 * programMemory(kept).temporary);
  });

  it("holds less at a time in 16 bits, and updates in float32", () => {
    const [exact, low] = [programOf({}), programOf({ precision: "bfloat16" })];
    expect(programMemory(low).temporary).toBeLessThan(0.75 * programMemory(exact).temporary);
    expect(low.outputs.map(({ dtype }) => dtype)).toEqual(exact.outputs.map(({ dtype }) => dtype));
    const roots = (program: Program) =>
      program.nodes.filter(({ op }) => op.name === "sqrt").map(({ outputs }) => outputs[0]!.dtype);
    expect(new Set(roots(low))).toEqual(new Set(["float32"]));
    expect(roots(low)).toEqual(roots(exact));
  });

  it("lets an objective see the model's parameters and fields with activations recomputed", async () => {
    const names: string[] = [];
    const decaying: Objective = {
      ...causalLanguageModel,
      loss: (model, batch, key) => {
        for (const [name] of namedParameters(model)) names.push(name);
        expect(model).toBeInstanceOf(Gpt);
        expect(model.config.layers).toBe(2);
        return causalLanguageModel.loss(model, batch, key);
      },
    };
    const { trainer } = await train({ objective: decaying, recomputeActivations: true, steps: 1 });
    expect(names).toEqual([...namedParameters(trainer.model)].map(([name]) => name));
  });
});

describe("options", () => {
  it.each([
    [{ precision: "float64" }, "precision must be one of float32, float16, bfloat16, got float64"],
    [{ precision: "bfloat16", lossScaling: {} }, "lossScaling is for precision float16, got bfloat16"],
    [
      { precision: "float16", lossScaling: { initialScale: 0.5 } },
      "lossScaling.initialScale must be a number of at least 1, got 0.5",
    ],
    [
      { precision: "float16", lossScaling: { growthInterval: 0 } },
      "lossScaling.growthInterval must be a whole number above 0, got 0",
    ],
  ])("%j are refused", (options, message) => {
    expect(() => newTrainer(options as Partial<TrainerOptions>)).toThrow(`Trainer: ${message}`);
  });
});
