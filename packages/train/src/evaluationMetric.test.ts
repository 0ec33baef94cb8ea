import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Gpt } from "@llm/model";
import { referenceExecutor } from "@llm/tensor";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { countingBatches, memoryBatches } from "../test/memoryBatches.ts";
import { findCheckpoint, listCheckpoints } from "./checkpoint.ts";
import { isBetter, metricOf } from "./evaluationMetric.ts";
import type { EvaluationEvent } from "./events.ts";
import { causalLanguageModel } from "./objectives/causalLanguageModel.ts";
import type { Objective } from "./objectives/objective.ts";
import { Trainer } from "./trainer.ts";

it("metricOf takes the loss or a metric, and lists what there is", () => {
  const event = { loss: 2, metrics: { accuracy: 0.5, f1: 0.25 } };
  expect([metricOf(event, "loss"), metricOf(event, "f1")]).toEqual([2, 0.25]);
  expect(() => metricOf(event, "bleu")).toThrow('evaluation: there is no metric "bleu", there are loss, accuracy, f1');
  expect(() => metricOf({ loss: 2 }, "f1")).toThrow("there are loss");
});

it("isBetter knows both directions and never takes NaN", () => {
  expect(isBetter(1, 2, { metric: "loss", mode: "min" })).toBe(true);
  expect(isBetter(1, 2, { metric: "f1", mode: "max" })).toBe(false);
  expect(isBetter(2, 2, { metric: "f1", mode: "max" })).toBe(false);
  expect(isBetter(5, undefined, { metric: "f1", mode: "max" })).toBe(true);
  expect(isBetter(Number.NaN, undefined, { metric: "f1", mode: "max" })).toBe(false);
});

describe("checkpoints.best", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "llm-best-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Scores 1, 5, 3, 4, 2 in the evaluations after the one that finds out whether there is a score. */
  function scored(): Objective {
    let evaluations = 0;
    return {
      ...causalLanguageModel,
      scorer: () => ({ add: () => {}, result: () => ({ score: [0, 1, 5, 3, 4, 2][evaluations++]! }) }),
    };
  }

  const train = (best: { metric: string; mode: "min" | "max" }, objective = scored(), steps = 5) => {
    const events: EvaluationEvent[] = [];
    const trainer = new Trainer({
      model: new Gpt({ vocabularySize: 11, contextLength: 6, layers: 1, heads: 2, width: 8 }),
      data: memoryBatches(countingBatches(5)),
      steps,
      objective,
      evaluation: { data: memoryBatches(countingBatches(2)), every: 1 },
      checkpoints: { folder, best, keep: 1 },
      progress: false,
      executor: referenceExecutor(),
    });
    const onEvent = (event: object) => void ("best" in event && events.push(event as EvaluationEvent));
    return trainer.run({ onEvent }).then((result) => ({ result, events }));
  };

  it("keeps the checkpoint with the highest metric, and knows it when the run goes on", async () => {
    const { result, events } = await train({ metric: "score", mode: "max" });
    expect(events.map(({ best }) => best)).toEqual([true, true, false, false, false]);
    expect(result.best).toEqual({ step: 2, metric: "score", value: 5 });
    expect(await listCheckpoints(folder)).toEqual([2, 5]);
    expect(await findCheckpoint(folder, "best")).toBe(join(folder, "step-00000002"));
    // The scores begin again with 1: no improvement on 5.
    const resumed = await train({ metric: "score", mode: "max" }, scored(), 6);
    expect(resumed.result.best).toEqual({ step: 2, metric: "score", value: 5 });
  });

  it("begins anew when the run goes on with another metric", async () => {
    await train({ metric: "score", mode: "max" });
    const { result } = await train({ metric: "loss", mode: "min" }, scored(), 6);
    expect(result.best).toMatchObject({ step: 6, metric: "loss" });
  });

  it("says before the first step which metrics there are", async () => {
    await expect(train({ metric: "f1", mode: "max" })).rejects.toThrow(
      'evaluation: there is no metric "f1", there are loss, score',
    );
    expect(await listCheckpoints(folder)).toEqual([]);
  });
});
