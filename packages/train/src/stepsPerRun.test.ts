// Several steps in one run: the same numbers, events and weights as with a run for each.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Gpt, namedParameters, type PretrainedModel } from "@llm/model";
import { type Executor, onnxExecutor, referenceExecutor } from "@llm/tensor";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { batchOf, countingBatches, memoryBatches } from "../test/memoryBatches.ts";
import { withCase } from "../test/objectiveCases.ts";
import { listCheckpoints } from "./checkpoint.ts";
import type { StepEvent, TrainEvent } from "./events.ts";
import { causalLanguageModel } from "./objectives/causalLanguageModel.ts";
import type { Objective } from "./objectives/objective.ts";
import { muon } from "./optimizers/muon.ts";
import { linearSchedule } from "./schedules.ts";
import { Trainer, type TrainerOptions } from "./trainer.ts";

const executor = onnxExecutor({ thread: "main", threads: 1 });
afterAll(() => executor.dispose());

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-steps-per-run-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function newTrainer(options: Partial<TrainerOptions>): Trainer {
  return new Trainer({
    model: new Gpt({ vocabularySize: 11, contextLength: 6, layers: 2, heads: 2, width: 8, residualDropout: 0.1 }),
    data: memoryBatches(countingBatches(5)),
    steps: 10,
    learningRate: linearSchedule({ peak: 0.01, warmupSteps: 2, totalSteps: 10 }),
    evaluation: { data: memoryBatches(countingBatches(3)), every: 5 },
    progress: false,
    executor,
    ...options,
  });
}

interface Ended {
  /** Without what depends on the clock. */
  readonly events: object[];
  readonly weights: readonly unknown[];
}

async function ended<Model extends PretrainedModel, B>(
  trainer: Trainer<Model, B>,
  signal?: AbortSignal,
): Promise<Ended> {
  const events: object[] = [];
  const onEvent = (event: TrainEvent) => {
    const { tokensPerSecond, secondsLeft, dataWait, path, ...others } = event as TrainEvent & Record<string, unknown>;
    events.push(others);
  };
  await trainer.run({ onEvent, ...(signal && { signal }) });
  return { events, weights: await Promise.all([...namedParameters(trainer.model).values()].map((p) => p.data())) };
}

/** The executor, noting the inputs of each run of a program that takes state. */
function countingRuns(inner: Executor): { executor: Executor; runs: () => number } {
  let runs = 0;
  const compile: Executor["compile"] = async (program, options) => {
    const executable = await inner.compile(program, options);
    const updates = options.donated.some(Boolean);
    const run: typeof executable.run = (inputs) => {
      if (updates) runs++;
      return executable.run(inputs);
    };
    return { ...executable, run, dispose: () => executable.dispose() };
  };
  return { executor: Object.assign(Object.create(inner), { compile }), runs: () => runs };
}

const half = { precision: "float16", lossScaling: { initialScale: 2 ** 24, growthInterval: 3 } } as const;

describe("four steps in one run equal four runs, to the bit,", () => {
  it.each<[string, Partial<TrainerOptions>]>([
    ["with dropout, a schedule and clipping", {}],
    ["with accumulation", { accumulation: 3, gradientClipping: 0.5 }],
    ["with averaged weights and frozen ones", { ema: { decay: 0.9 }, trains: (name) => !name.includes("wpe") }],
    ["with skipped steps of loss scaling", { ...half, ema: {}, accumulation: 2 }],
    ["with batches in parts and recomputed activations", { rowsPerPass: 1, recomputeActivations: true }],
    ["with Muon", { optimizer: muon() }],
  ])("%s", async (_, options) => {
    const one = await ended(newTrainer(options));
    const several = await ended(newTrainer({ ...options, stepsPerRun: 4 }));
    expect(several).toEqual(one);
    const skips = one.events.filter((event) => "lossScaling" in event && (event as StepEvent).lossScaling!.skipped);
    if (options.precision) expect(skips.length).toBeGreaterThan(2);
  });
});

describe("a run of several steps", () => {
  it("ends where an evaluation or a checkpoint is due, or the training is over", async () => {
    const counted = countingRuns(referenceExecutor());
    const checkpoints = { folder, every: 6, keep: 9 };
    const { events } = await ended(newTrainer({ executor: counted.executor, stepsPerRun: 4, checkpoints }));
    // 4 + 1 to the evaluation, 1 to the checkpoint, 4 to the end.
    expect(counted.runs()).toBe(4);
    expect(events.map((event) => `${(event as TrainEvent).type} ${(event as TrainEvent).step}`)).toEqual([
      ...["step 1", "step 2", "step 3", "step 4", "step 5", "evaluation 5", "checkpoint 5", "step 6", "checkpoint 6"],
      ...["step 7", "step 8", "step 9", "step 10", "evaluation 10", "checkpoint 10"],
    ]);
  });

  it("is one run for each step where batches differ in shape", async () => {
    const data = () => memoryBatches([...countingBatches(4), batchOf([[1, 2, 3, 4, 5]])]);
    const counted = countingRuns(referenceExecutor());
    const several = newTrainer({ data: data(), executor: counted.executor, stepsPerRun: 5, steps: 10 });
    const { weights } = await ended(several);
    expect(counted.runs()).toBe(5 + 1 + 4);
    const one = await ended(newTrainer({ data: data(), executor: referenceExecutor(), steps: 10 }));
    expect(weights).toEqual(one.weights);
  });

  it("is told whole when the training is stopped, which then goes on to the same end", async () => {
    const whole = await ended(newTrainer({ evaluation: undefined as never }));
    const controller = new AbortController();
    const options = { evaluation: undefined as never, checkpoints: { folder }, stepsPerRun: 4 };
    const afterStep = ({ step }: { step: number }) => step === 2 && controller.abort();
    const first = await ended(newTrainer({ ...options, callbacks: [{ afterStep }] }), controller.signal);
    expect(await listCheckpoints(folder)).toEqual([4]);
    await expect(ended(newTrainer({ ...options, stepsPerRun: 1 }))).rejects.toThrow("was written with stepsPerRun 4");
    const second = await ended(newTrainer(options));
    const steps = [...first.events, ...second.events].filter((event) => (event as TrainEvent).type === "step");
    expect({ events: steps, weights: second.weights }).toEqual(whole);
  });

  it("is given up from the step that went wrong", async () => {
    // Id 10 stands for text that ruins a model.
    const objective: Objective = {
      ...causalLanguageModel,
      loss: (model, inputs, key) => {
        const { sum, count } = causalLanguageModel.loss(model, inputs, key);
        return { sum: sum.add(inputs.inputIds!.equal(10).cast("float32").mean().mul(count).mul(50)), count };
      },
    };
    const harmless = countingBatches(12, { rows: 1, vocabulary: 9 });
    const run = async (stepsPerRun: number) => {
      const data = memoryBatches(
        harmless.map((batch, i) => (i === 5 ? batchOf([[10, 10, 10, 10, 10, 10, 10]]) : batch)),
      );
      const checkpoints = { folder: join(folder, String(stepsPerRun)), every: 4 };
      const trainer = newTrainer({ data, objective, checkpoints, stepsPerRun, rollBack: { window: 3 }, steps: 12 });
      return { ...(await ended(trainer)), position: data.position() };
    };
    const [one, several] = [await run(1), await run(4)];
    expect(one.events).toContainEqual(expect.objectContaining({ type: "rollBack", step: 4, from: 6 }));
    expect(several).toEqual(one);
  });
});

it.each(["preferences", "a mixture of tasks"] as const)("tells the metrics of each step: %s", async (name) => {
  const run = (stepsPerRun: number) =>
    withCase(name, ({ model, objective, data }) => {
      const options = { model, objective, data, steps: 6, accumulation: 2, stepsPerRun, executor, progress: false };
      return ended(new Trainer<PretrainedModel, unknown>(options as never));
    });
  const [one, several] = [await run(1), await run(3)];
  for (const [i, event] of (several.events as StepEvent[]).entries()) {
    const { loss, gradientNorm, metrics } = one.events[i] as StepEvent;
    expect(event.loss / loss).toBeCloseTo(1, 6);
    expect(event.gradientNorm / gradientNorm).toBeCloseTo(1, 5);
    expect(Object.keys(event.metrics!)).toEqual(Object.keys(metrics!));
    for (const [name, value] of Object.entries(metrics!)) expect(event.metrics![name], name).toBeCloseTo(value, 5);
  }
});

it("must be a whole number", () => {
  expect(() => newTrainer({ stepsPerRun: 0 })).toThrow("Trainer: stepsPerRun must be a whole number above 0, got 0");
});
