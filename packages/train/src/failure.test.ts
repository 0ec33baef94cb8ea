// A run that fails does not lose the steps that it has made.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Gpt, namedParameters } from "@llm/model";
import { type Executor, onnxExecutor, stopGradient } from "@llm/tensor";
import { afterEach, beforeEach, expect, it } from "vitest";
import { countingBatches, memoryBatches } from "../test/memoryBatches.ts";
import { listCheckpoints } from "./checkpoint.ts";
import type { TrainEvent } from "./events.ts";
import { causalLanguageModel } from "./objectives/causalLanguageModel.ts";
import type { Objective } from "./objectives/objective.ts";
import { Trainer, type TrainerOptions } from "./trainer.ts";

let folder: string;
let executor: Executor;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-failure-"));
  executor = onnxExecutor();
});
afterEach(async () => {
  await executor.dispose();
  await rm(folder, { recursive: true, force: true });
});

function newTrainer(options: Partial<TrainerOptions>): Trainer {
  return new Trainer({
    model: new Gpt({ vocabularySize: 11, contextLength: 6, layers: 1, heads: 2, width: 8 }),
    data: memoryBatches(countingBatches(5)),
    steps: 8,
    learningRate: 0.01,
    checkpoints: { folder },
    executor,
    progress: false,
    ...options,
  });
}

async function train(options: Partial<TrainerOptions>) {
  const events: TrainEvent[] = [];
  const trainer = newTrainer(options);
  const failure = await trainer.run({ onEvent: (event) => events.push(event) }).then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { trainer, failure, events: events.map(({ type, step }) => `${type} ${step}`) };
}

/** For batches of three rows it needs more memory than an address space has. */
const hungry: Objective = {
  ...causalLanguageModel,
  loss: (model, batch, key) => {
    const { sum, count } = causalLanguageModel.loss(model, batch, key);
    if (batch.inputIds!.shape[0] !== 3) return { sum, count };
    const filler = stopGradient(sum).reshape([1, 1, 1]).broadcastTo([100_000, 100_000, 100_000]).exp().sum();
    return { sum: sum.add(filler.mul(0)), count };
  },
};

it.each([1, 2])(
  "saves the last step where the next finds no memory, and goes on (accumulation %d)",
  async (accumulation) => {
    const [small, large] = [countingBatches(4 * accumulation), countingBatches(1, { rows: 3 })];
    const data = memoryBatches([...small, ...large, ...small]);
    const first = await train({ objective: hungry, data, accumulation });
    expect(first.failure).toMatch(
      /^broadcastTo: Failed to allocate memory .*\n {2}recorded at .*\n {2}a run takes about 8 PB .* are free\n {2}nothing was changed/,
    );
    expect(first.events).toEqual(["step 1", "step 2", "step 3", "step 4", "checkpoint 4"]);
    const second = await train({ data: memoryBatches([...small, ...countingBatches(1), ...small]), accumulation });
    expect(second.failure).toBeUndefined();
    expect(second.events).toEqual(["resume 4", "step 5", "step 6", "step 7", "step 8", "checkpoint 8"]);
    const whole = await train({
      data: memoryBatches([...small, ...countingBatches(1), ...small]),
      accumulation,
      checkpoints: { folder: join(folder, "whole") },
    });
    const weightsOf = ({ trainer }: typeof whole) =>
      Promise.all([...namedParameters(trainer.model)].map(async ([, weight]) => weight.data()));
    expect(await weightsOf(second)).toEqual(await weightsOf(whole));
  },
);

it("saves where the data ends or a callback throws, but not what is already saved", async () => {
  const ended = await train({ data: memoryBatches(countingBatches(3), { epochs: 1 }) });
  expect(ended.failure).toContain("Trainer: the data ended at step 4 of 8");
  expect(ended.events).toEqual(["step 1", "step 2", "step 3", "checkpoint 3"]);
  const broken = {
    afterStep: ({ step }: { step: number }) => {
      if (step > 4) throw new Error("no more");
    },
  };
  const thrown = await train({
    data: memoryBatches(countingBatches(3)),
    callbacks: [broken],
    checkpoints: { folder, every: 5 },
  });
  expect([thrown.failure, ...thrown.events]).toEqual(["no more", "resume 3", "step 4", "checkpoint 5"]);
  const again = await train({
    data: memoryBatches(countingBatches(3)),
    callbacks: [{ beforeStep: () => Promise.reject(new Error("not one")) }],
  });
  expect([again.failure, ...again.events]).toEqual(["not one", "resume 5"]);
});

it("saves where onEvent throws, and where the loop over the events is left", async () => {
  const data = () => memoryBatches(countingBatches(3));
  const run = newTrainer({ data: data() }).run({
    onEvent: ({ step }) => {
      if (step === 3) throw new Error("no more");
    },
  });
  await expect(run).rejects.toThrow("no more");
  expect(await listCheckpoints(folder)).toEqual([3]);
  for await (const { step } of newTrainer({ data: data() })) if (step === 5) break;
  expect(await listCheckpoints(folder)).toEqual([3, 5]);
});

it("tells the first error where the state is lost with the executor's thread, and keeps the last checkpoint", async () => {
  const callbacks = [{ beforeStep: (step: number) => (step === 4 ? executor.dispose() : undefined) }];
  const { failure, events } = await train({ callbacks, checkpoints: { folder, every: 2 } });
  expect(failure).toContain("onnx executor: it was disposed (make a new executor to go on)");
  expect(events).toEqual(["step 1", "step 2", "checkpoint 2", "step 3"]);
  expect(await listCheckpoints(folder)).toEqual([2]);
});
