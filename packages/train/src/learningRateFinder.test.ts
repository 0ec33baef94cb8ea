import { readFile } from "node:fs/promises";
import { Gpt, namedParameters } from "@llm/model";
import { referenceExecutor } from "@llm/tensor";
import { describe, expect, it } from "vitest";
import { countingBatches, memoryBatches } from "../test/memoryBatches.ts";
import { TrainError } from "./errors.ts";
import { findLearningRate, type LearningRateCurve, smoothedAfter, suggestRates } from "./learningRateFinder.ts";

const newModel = () => new Gpt({ vocabularySize: 11, contextLength: 6, layers: 1, heads: 2, width: 16 }, { seed: 1 });
const executor = referenceExecutor();

it("reads curves as fastai does", async () => {
  const file = new URL("./__fixtures__/learningRateFinder.json", import.meta.url);
  const curves = JSON.parse(await readFile(file, "utf8")) as LearningRateCurve[];
  expect(curves).toHaveLength(3);
  for (const { rates, losses, smoothedLosses, suggestion, steepest } of curves) {
    losses.forEach((_, i) => {
      expect(smoothedAfter(losses.slice(0, i + 1))).toBeCloseTo(smoothedLosses[i]!, 6);
    });
    expect(suggestRates(rates, smoothedLosses, 100)).toEqual({ suggestion, steepest });
  }
});

describe("findLearningRate", () => {
  it("finds a rate that trains far better than a tenth of the sweep's start, and leaves model and data as they were", async () => {
    const model = newModel();
    const before = await Promise.all([...namedParameters(model).values()].map(async (p) => (await p.data()).slice()));
    const data = memoryBatches(countingBatches(5));
    await data.next();
    const position = data.position();
    const curve = await findLearningRate({ model, data, executor, from: 1e-5, steps: 80 });
    expect(curve.rates[0]).toBe(1e-5);
    expect(curve.rates[1]! / curve.rates[0]!).toBeCloseTo((10 / 1e-5) ** (1 / 80), 10);
    expect(curve.losses).toHaveLength(curve.rates.length);
    expect(curve.suggestion).toBeGreaterThan(5e-4);
    expect(curve.suggestion).toBeLessThan(0.5);
    expect(curve.rates).toContain(curve.steepest);
    expect(data.position()).toEqual(position);
    const after = await Promise.all([...namedParameters(model).values()].map((p) => p.data()));
    expect(after).toEqual(before);
  });

  it("draws the curve with the suggestion", async () => {
    const curve = await findLearningRate({
      model: newModel(),
      data: memoryBatches(countingBatches(5)),
      executor,
      from: 1e-5,
      steps: 60,
    });
    const svg = curve.plot();
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg).toContain(`suggested: ${curve.suggestion.toExponential(1)}`);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(svg.match(/<path d="M/g)).toHaveLength(2);
  });

  it("says when there is no curve to read, or no way from one rate to the other", async () => {
    const data = memoryBatches(countingBatches(5));
    await expect(
      findLearningRate({ model: newModel(), data, executor, from: 1e20, to: 1e30, steps: 40 }),
    ).rejects.toThrow(/findLearningRate: the loss ran away after \d of 40 steps, at a rate of .* smaller `from`/);
    await expect(findLearningRate({ model: newModel(), data, from: 1, to: 1 })).rejects.toThrow(
      "findLearningRate: 0 < from < to expected, got from 1 and to 1",
    );
    await expect(findLearningRate({ model: newModel(), data, steps: 0 })).rejects.toThrow(TrainError);
  });
});
