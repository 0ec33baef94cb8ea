import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Gpt } from "@llm/model";
import { referenceExecutor } from "@llm/tensor";
import { afterEach, beforeEach, expect, it } from "vitest";
import { countingBatches, memoryBatches } from "../test/memoryBatches.ts";
import type { Callback } from "./callbacks.ts";
import { listCheckpoints } from "./checkpoint.ts";
import { Trainer } from "./trainer.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-callbacks-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function newTrainer(...callbacks: Callback[]) {
  return new Trainer({
    model: new Gpt({ vocabularySize: 11, contextLength: 6, layers: 1, heads: 2, width: 8 }),
    data: memoryBatches(countingBatches(5)),
    steps: 4,
    learningRate: 0.01,
    evaluation: { data: memoryBatches(countingBatches(2)), every: 2 },
    checkpoints: { folder, every: 4 },
    callbacks,
    progress: false,
    executor: referenceExecutor(),
  });
}

/** Notes what it is called with. */
function notes(): { callback: Callback; calls: string[] } {
  const calls: string[] = [];
  const note = (name: string) => (argument: number | { step: number }) =>
    calls.push(`${name} ${typeof argument === "number" ? argument : argument.step}`);
  const names = [
    "beforeStep",
    "afterStep",
    "beforeEvaluation",
    "afterEvaluation",
    "beforeCheckpoint",
    "afterCheckpoint",
  ];
  return { callback: Object.fromEntries(names.map((name) => [name, note(name)])), calls };
}

it("are called around steps, evaluations and checkpoints, in the order given", async () => {
  const { callback, calls } = notes();
  const second: Callback = { afterStep: ({ step }) => calls.push(`second ${step}`) };
  await newTrainer(callback, second).run();
  const step = (step: number) => [`beforeStep ${step}`, `afterStep ${step}`, `second ${step}`];
  const evaluation = (step: number) => [`beforeEvaluation ${step}`, `afterEvaluation ${step}`];
  const checkpoint = (step: number) => [`beforeCheckpoint ${step}`, `afterCheckpoint ${step}`];
  expect(calls).toEqual([
    ...step(1),
    ...step(2),
    ...evaluation(2),
    ...checkpoint(2),
    ...step(3),
    ...step(4),
    ...evaluation(4),
    ...checkpoint(4),
  ]);
});

it("stop the run after the step, with a checkpoint", async () => {
  const result = await newTrainer({ afterStep: ({ step }, stop) => step === 3 && stop() }).run();
  expect(result).toMatchObject({ steps: 3, interrupted: true });
  expect(await listCheckpoints(folder)).toEqual([2, 3]);
});

it("stop the run before a step", async () => {
  const { callback, calls } = notes();
  const result = await newTrainer({ beforeStep: (step, stop) => step === 2 && stop() }, callback).run();
  expect(result).toMatchObject({ steps: 1, interrupted: true });
  expect(calls.filter((call) => call.includes("Step"))).toEqual(["beforeStep 1", "afterStep 1", "beforeStep 2"]);
});

it("are awaited, and what one throws ends the run", async () => {
  let waited = false;
  const slow: Callback = {
    beforeStep: async () => {
      await new Promise(setImmediate);
      waited = true;
    },
    afterStep: () => {
      expect(waited).toBe(true);
      throw new Error("enough");
    },
  };
  await expect(newTrainer(slow).run()).rejects.toThrow("enough");
});
