import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Gpt } from "@llm/model";
import { referenceExecutor, setDefaultExecutor } from "@llm/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { countingBatches, memoryBatches } from "../test/memoryBatches.ts";
import {
  afterEvaluation,
  type EarlyStoppingOptions,
  type EarlyStoppingState,
  hasWaitedEnough,
  initialEarlyStopping,
} from "./earlyStopping.ts";
import { Trainer, type TrainerOptions } from "./trainer.ts";

setDefaultExecutor(referenceExecutor());

/** At which of the values the run would end. */
function endsAt(values: readonly number[], options: EarlyStoppingOptions): number | undefined {
  let state: EarlyStoppingState = initialEarlyStopping;
  const end = values.findIndex((value) => {
    state = afterEvaluation(state, value, options);
    return hasWaitedEnough(state, options);
  });
  return end < 0 ? undefined : end;
}

describe("waiting", () => {
  it("counts evaluations since the best, and starts anew with a better one", () => {
    expect(endsAt([5, 4, 4.5, 4.2, 3.9, 4, 4, 4], { patience: 3 })).toBe(7);
    expect(endsAt([5, 4, 4.5, 4.2], { patience: 3 })).toBeUndefined();
    expect(endsAt([5, 5], { patience: 1 })).toBe(1);
  });

  it("takes a change of minDelta or less for none, however many add up", () => {
    expect(endsAt([5, 4.5, 4.6], { patience: 1, minDelta: 0.5 })).toBe(1);
    expect(endsAt([5, 4.9, 4.8, 4.4], { patience: 3, minDelta: 0.5 })).toBeUndefined();
    expect(endsAt([5, 4.9, 4.8, 4.7], { patience: 3, minDelta: 0.5 })).toBe(3);
  });

  it("goes by the highest value where that is the best", () => {
    const by = { metric: "accuracy", mode: "max" } as const;
    expect(endsAt([0.5, 0.6, 0.7], { patience: 1, by })).toBeUndefined();
    expect(endsAt([0.5, 0.4, 0.7], { patience: 1, by })).toBe(1);
    expect(endsAt([0.5, 0.55, 0.7], { patience: 1, by, minDelta: 0.1 })).toBe(1);
  });
});

describe("a run", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "llm-early-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const newTrainer = (options: Partial<TrainerOptions> = {}) =>
    new Trainer({
      model: new Gpt({ vocabularySize: 11, contextLength: 6, layers: 1, heads: 2, width: 8 }),
      data: memoryBatches(countingBatches(5)),
      steps: 30,
      // Learns for six steps, then runs away.
      learningRate: { name: "test", settings: {}, rateAt: (step) => (step < 6 ? 0.02 : 0.5) },
      evaluation: { data: memoryBatches(countingBatches(5)), every: 2 },
      earlyStopping: { patience: 3 },
      checkpoints: { folder, every: 4, keep: 10 },
      progress: false,
      ...options,
    });

  it("ends when the held-out loss has not improved for too long, with a checkpoint", async () => {
    const result = await newTrainer().run();
    expect(result).toMatchObject({ steps: 12, stoppedEarly: true, interrupted: false, best: { step: 6 } });
    // Started again, it has nothing to do.
    expect(await newTrainer().run()).toMatchObject({ steps: 12, stoppedEarly: true });
  });

  it("ends at the same step when it is interrupted on the way", async () => {
    const controller = new AbortController();
    await newTrainer().run({ signal: controller.signal, onEvent: ({ step }) => step === 9 && controller.abort() });
    expect(await newTrainer().run()).toMatchObject({ steps: 12, stoppedEarly: true });
  });

  it("refuses to go on with another patience, unless that may change", async () => {
    await newTrainer().run();
    const earlyStopping = { patience: 4 };
    await expect(newTrainer({ earlyStopping }).run()).rejects.toThrow(
      'earlyStopping {"patience":3}, this run has {"patience":4}',
    );
    const checkpoints = { folder, mayChange: ["earlyStopping"] as const };
    expect(await newTrainer({ earlyStopping, checkpoints }).run()).toMatchObject({ steps: 14, stoppedEarly: true });
  });

  it("names what is missing", async () => {
    const cases: [Partial<TrainerOptions>, string][] = [
      [{ earlyStopping: { patience: 0 } }, "Trainer: earlyStopping.patience must be a whole number above 0, got 0"],
      [
        { earlyStopping: { patience: 1, minDelta: -1 } },
        "Trainer: earlyStopping.minDelta must be a number, at least 0, got -1",
      ],
    ];
    for (const [options, text] of cases) expect(() => newTrainer(options)).toThrow(text);
    const withoutEvaluation = {
      model: new Gpt({ vocabularySize: 11, contextLength: 6, layers: 1, heads: 2, width: 8 }),
      data: memoryBatches(countingBatches(5)),
      steps: 3,
      earlyStopping: { patience: 1 },
    };
    expect(() => new Trainer(withoutEvaluation)).toThrow(
      "Trainer: earlyStopping needs evaluations to go by (add evaluation)",
    );
    const by = { metric: "accuracy", mode: "max" } as const;
    await expect(newTrainer({ earlyStopping: { patience: 1, by } }).run()).rejects.toThrow(
      'there is no metric "accuracy", there are loss',
    );
  });
});
