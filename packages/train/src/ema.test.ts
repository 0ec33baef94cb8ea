import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Gpt, loadModel, namedParameters, type PretrainedModel } from "@llm/model";
import { referenceExecutor, setDefaultExecutor } from "@llm/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { countingBatches, memoryBatches } from "../test/memoryBatches.ts";
import { findCheckpoint } from "./checkpoint.ts";
import { emaSettings, shareTaken } from "./ema.ts";
import { Trainer, type TrainerOptions } from "./trainer.ts";

setDefaultExecutor(referenceExecutor());
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-ema-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const newModel = () => new Gpt({ vocabularySize: 11, contextLength: 6, layers: 1, heads: 2, width: 8 });

const newTrainer = (options: Partial<TrainerOptions> = {}) =>
  new Trainer({
    model: newModel(),
    data: memoryBatches(countingBatches(5)),
    steps: 6,
    learningRate: 0.02,
    progress: false,
    ...options,
  });

async function valuesOf(model: PretrainedModel): Promise<Map<string, number[]>> {
  const entries = [...namedParameters(model)].map(
    async ([name, value]) => [name, Array.from(await value.data(), Number)] as const,
  );
  return new Map(await Promise.all(entries));
}

describe("the share of new weights", () => {
  it("is the whole at first, then rises to 1 - decay", () => {
    const decays = [1, 2, 5, 90, 1e6].map((updates) => 1 - shareTaken(updates, { decay: 0.9 }));
    const expected = [2 / 11, 3 / 12, 6 / 15, 0.9, 0.9];
    expect(shareTaken(0, { decay: 0.9 })).toBe(1);
    for (const [i, decay] of decays.entries()) expect(decay).toBeCloseTo(expected[i]!, 12);
  });

  it("is the same from the second update on without warmup", () => {
    const shares = [0, 1, 2, 99].map((updates) => shareTaken(updates, { decay: 0.75, warmup: false }));
    expect(shares).toEqual([1, 0.25, 0.25, 0.25]);
  });

  it("has a decay from 0 to below 1", () => {
    expect(emaSettings({})).toEqual({ decay: 0.999, warmup: true });
    expect(() => newTrainer({ ema: { decay: 1 } })).toThrow("Trainer: ema.decay must be at least 0 and below 1, got 1");
  });
});

describe.each(["float32", "float16"] as const)("a run in %s", (precision) => {
  it("has the average of the weights of its steps, and trains the same weights as without", async () => {
    const trainer = newTrainer({ precision, ema: { decay: 0.6, warmup: false } });
    let average: Map<string, number[]> | undefined;
    for await (const { type } of trainer) {
      if (type !== "step") continue;
      const now = await valuesOf(trainer.model);
      const moved = (before: number[], after: number[]) => before.map((value, i) => value + 0.4 * (after[i]! - value));
      average = average ? new Map([...average].map(([name, values]) => [name, moved(values, now.get(name)!)])) : now;
    }
    const actual = await valuesOf(trainer.averagedModel);
    for (const [name, values] of average!) {
      expect(actual.get(name), name).toEqual(values.map((value) => expect.closeTo(value, 6)));
    }
    expect(actual).not.toEqual(await valuesOf(trainer.model));
    const plain = newTrainer({ precision });
    await plain.run();
    expect(await valuesOf(plain.averagedModel)).toEqual(await valuesOf(trainer.model));
  });
});

it("starts from the weights themselves where the first steps are skipped", async () => {
  const model = newModel();
  const trainer = newTrainer({
    model,
    steps: 2,
    precision: "float16",
    lossScaling: { initialScale: 2 ** 40 },
    ema: {},
  });
  await trainer.run({ onEvent: (event) => event.type === "step" && expect(event.lossScaling!.skipped).toBe(true) });
  expect(await valuesOf(trainer.averagedModel)).toEqual(await valuesOf(model));
});

it("is what evaluations measure and what the checkpoint holds as a model of its own", async () => {
  const evaluation = { data: memoryBatches(countingBatches(3)), every: 3 };
  const trainer = newTrainer({ ema: { decay: 0.5 }, evaluation, checkpoints: { folder } });
  const result = await trainer.run();
  const best = (await findCheckpoint(folder, "best"))!;
  const averaged = await loadModel(join(best, "averaged"));
  expect(await valuesOf(averaged)).toEqual(await valuesOf(trainer.averagedModel));
  expect(await valuesOf(await loadModel(best))).toEqual(await valuesOf(trainer.model));
  // A run with a rate of 0 only evaluates.
  const again = async (model: Gpt) => {
    const data = memoryBatches(countingBatches(3));
    return (await newTrainer({ model, steps: 1, learningRate: 0, evaluation: { data, every: 1 } }).run()).best!.value;
  };
  expect(await again(averaged as Gpt)).toBe(result.best!.value);
  expect(await again(trainer.model as Gpt)).not.toBe(result.best!.value);
});

it("goes with a checkpoint: a run that had none cannot take it up", async () => {
  await newTrainer({ checkpoints: { folder } }).run();
  const resumed = newTrainer({ checkpoints: { folder }, ema: { decay: 0.9 }, steps: 8 });
  await expect(resumed.run()).rejects.toThrow('was written with ema none, this run has {"decay":0.9,"warmup":true}');
});

it("names the folder of a checkpoint that has lost it", async () => {
  await newTrainer({ checkpoints: { folder }, ema: {} }).run();
  const averaged = join((await findCheckpoint(folder, "last"))!, "averaged");
  await rm(averaged, { recursive: true });
  await expect(newTrainer({ checkpoints: { folder }, ema: {}, steps: 8 }).run()).rejects.toThrow(averaged);
});
