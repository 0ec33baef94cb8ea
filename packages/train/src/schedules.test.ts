import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import {
  constantSchedule,
  cosineSchedule,
  inverseSquareRootSchedule,
  linearSchedule,
  polynomialSchedule,
  type Schedule,
  type WarmupStableDecayOptions,
  warmupStableDecaySchedule,
} from "./schedules.ts";

function rates(schedule: Schedule, steps: readonly number[]): number[] {
  return steps.map(schedule.rateAt);
}

function expectRates(schedule: Schedule, expected: Record<number, number>): void {
  for (const [step, rate] of Object.entries(expected))
    expect(schedule.rateAt(Number(step)), `step ${step}`).toBeCloseTo(rate, 12);
}

it("keeps a constant rate, after a linear warmup whose last step reaches the peak", () => {
  expect(rates(constantSchedule({ peak: 0.3 }), [0, 1, 1000])).toEqual([0.3, 0.3, 0.3]);
  expectRates(constantSchedule({ peak: 1, warmupSteps: 4 }), { 0: 0.25, 1: 0.5, 2: 0.75, 3: 1, 4: 1, 99: 1 });
});

it("falls along a straight line to the floor and stays there", () => {
  expectRates(linearSchedule({ peak: 1, totalSteps: 4 }), { 0: 1, 1: 0.75, 2: 0.5, 3: 0.25, 4: 0, 50: 0 });
  const schedule = linearSchedule({ peak: 1, floor: 0.2, warmupSteps: 2, totalSteps: 10 });
  expectRates(schedule, { 0: 0.5, 1: 1, 2: 1, 4: 0.8, 6: 0.6, 10: 0.2, 11: 0.2 });
});

it("falls along half a cosine to the floor and stays there", () => {
  const half = (1 + Math.SQRT1_2) / 2;
  expectRates(cosineSchedule({ peak: 2, totalSteps: 8 }), { 0: 2, 2: 2 * half, 4: 1, 6: 2 * (1 - half), 8: 0, 9: 0 });
  const schedule = cosineSchedule({ peak: 1, floor: 0.1, warmupSteps: 5, totalSteps: 15 });
  expectRates(schedule, { 0: 0.2, 4: 1, 5: 1, 10: 0.55, 15: 0.1, 1000: 0.1 });
});

it("names the option that cannot work", () => {
  expect(() => constantSchedule({ peak: -1 })).toThrow("schedule: peak must be a number, at least 0, got -1");
  expect(() => constantSchedule({ peak: Number.NaN })).toThrow("schedule: peak must be a number, at least 0, got NaN");
  expect(() => constantSchedule({ peak: 1, warmupSteps: 1.5 })).toThrow(
    "warmupSteps must be a whole number, at least 0, got 1.5",
  );
  expect(() => linearSchedule({ peak: 1, totalSteps: 0.5 })).toThrow(
    "totalSteps must be a whole number, at least 0, got 0.5",
  );
  expect(() => cosineSchedule({ peak: 1, floor: -0.1, totalSteps: 5 })).toThrow(
    "floor must be a number, at least 0, got -0.1",
  );
  expect(() => cosineSchedule({ peak: 1, warmupSteps: 5, totalSteps: 5 })).toThrow(
    "schedule: warmupSteps 5 must be below totalSteps 5",
  );
  expect(() => cosineSchedule({ peak: -1, totalSteps: 5 })).toThrow("peak must be a number");
});

it("takes warmup as a share of all steps, rounded up", () => {
  const steps = { peak: 1, warmupSteps: 4, totalSteps: 35 };
  const ratio = { peak: 1, warmupRatio: 0.1, totalSteps: 35 };
  for (const schedule of [linearSchedule, cosineSchedule, polynomialSchedule]) {
    expect(schedule(ratio).settings).toEqual(schedule(steps).settings);
    expect(rates(schedule(ratio), [0, 3, 4, 20])).toEqual(rates(schedule(steps), [0, 3, 4, 20]));
  }
  expect(warmupStableDecaySchedule({ ...ratio, decaySteps: 9 }).settings).toMatchObject({ warmupSteps: 4 });
  expect(linearSchedule({ ...ratio, warmupRatio: 0 }).rateAt(0)).toBe(1);
  expect(() => linearSchedule({ ...ratio, warmupRatio: 1 })).toThrow(
    "warmupRatio must be at least 0 and below 1, got 1",
  );
  expect(() => linearSchedule({ ...ratio, warmupSteps: 3 })).toThrow("give warmupSteps or warmupRatio, not both");
  expect(() => linearSchedule({ ...ratio, totalSteps: 0.5 })).toThrow("totalSteps must be a whole number");
  expect(() => cosineSchedule({ ...steps, warmupSteps: 0.1 })).toThrow(
    "warmupSteps must be a whole number, at least 0, got 0.1 (a share of all steps is warmupRatio, of schedules that have totalSteps)",
  );
});

it("stays at the peak until the decay, and comes down in any of three ways", () => {
  const schedule = (decay?: WarmupStableDecayOptions["decay"]) =>
    warmupStableDecaySchedule({
      peak: 1,
      warmupSteps: 2,
      totalSteps: 10,
      decaySteps: 4,
      floor: 0.2,
      ...(decay && { decay }),
    });
  expectRates(schedule("linear"), { 0: 0.5, 1: 1, 2: 1, 5: 1, 6: 1, 7: 0.8, 8: 0.6, 9: 0.4, 10: 0.2, 99: 0.2 });
  expectRates(schedule("cosine"), { 6: 1, 8: 0.6, 10: 0.2 });
  expectRates(schedule(), { 6: 1, 7: 0.2 + 0.8 * 0.5, 10: 0.2 });
});

it("needs no end with the inverse square root", () => {
  expectRates(inverseSquareRootSchedule({ peak: 1, warmupSteps: 4 }), { 3: 1, 4: 1, 16: 0.5, 64: 0.25 });
  expectRates(inverseSquareRootSchedule({ peak: 1 }), { 0: 1, 30000: 0.5 });
});

it("starts a cosine anew with each cycle", () => {
  expectRates(cosineSchedule({ peak: 1, totalSteps: 8, cycles: 2 }), { 0: 1, 2: 0.5, 4: 1, 6: 0.5, 8: 0, 20: 0 });
});

it("names the decay that does not fit", () => {
  const options = { peak: 1, warmupSteps: 6, totalSteps: 10, decaySteps: 5 };
  expect(() => warmupStableDecaySchedule(options)).toThrow(
    "schedule: warmupSteps 6 and decaySteps 5 must fit into totalSteps 10",
  );
  expect(() => warmupStableDecaySchedule({ ...options, decaySteps: 0 })).toThrow(
    "decaySteps must be a whole number, at least 1",
  );
  expect(() => warmupStableDecaySchedule({ ...options, warmupSteps: 1, decay: "steps" as never })).toThrow(
    "schedule: decay must be one of linear, cosine, 1-sqrt, got steps",
  );
  expect(() => polynomialSchedule({ peak: 1, totalSteps: 5, power: 0 })).toThrow(
    "power must be a number above 0, got 0",
  );
  expect(() => cosineSchedule({ peak: 1, totalSteps: 5, cycles: 0 })).toThrow(
    "cycles must be a whole number, at least 1",
  );
  expect(() => inverseSquareRootSchedule({ peak: 1, timescale: -1 })).toThrow("timescale must be a whole number");
});

it("tells its name and all settings, those left out too", () => {
  expect(cosineSchedule({ peak: 1, totalSteps: 5 })).toMatchObject({
    name: "cosine",
    settings: { peak: 1, totalSteps: 5, floor: 0, cycles: 1, warmupSteps: 0, warmupFromZero: false },
  });
});

describe("transformers' get_scheduler gives the same as", async () => {
  const file = new URL("__fixtures__/optimizers/schedules.json", import.meta.url);
  const { steps, warmup, peak, rates: theirs } = JSON.parse(await readFile(file, "utf8"));
  const options = { peak, warmupSteps: warmup, warmupFromZero: true };
  const decay = { ...options, totalSteps: steps };
  const stable = { ...decay, decaySteps: 8 };
  const ours: Record<string, Schedule> = {
    constant: constantSchedule(options),
    linear: linearSchedule(decay),
    cosine: cosineSchedule(decay),
    cosineRestarts: cosineSchedule({ ...decay, cycles: 3 }),
    cosineFloor: cosineSchedule({ ...decay, floor: 0.05 }),
    inverseSquareRoot: inverseSquareRootSchedule(options),
    inverseSquareRootTimescale: inverseSquareRootSchedule({ ...options, timescale: 40 }),
    polynomial: polynomialSchedule({ ...decay, floor: 0.02 }),
    warmupStableDecayLinear: warmupStableDecaySchedule({ ...stable, decay: "linear" }),
    warmupStableDecayCosine: warmupStableDecaySchedule({ ...stable, decay: "cosine", floor: 0.05 }),
    warmupStableDecaySquareRoot: warmupStableDecaySchedule(stable),
  };

  it.each(Object.keys(theirs))("%s", (name) => {
    // Where a floor is a share of the peak, their warmup starts from it; their cosines rise again after the last step.
    const [from, to] = [
      name === "warmupStableDecayCosine" ? warmup : 0,
      name.startsWith("cosine") ? steps + 1 : Infinity,
    ];
    for (const [step, rate] of (theirs[name] as number[]).entries()) {
      if (step >= from && step < to) expect(ours[name]!.rateAt(step), `step ${step}`).toBeCloseTo(rate, 12);
    }
  });

  it("with our warmup, one step later", () => {
    const ahead = linearSchedule({ peak, totalSteps: steps, warmupSteps: warmup });
    for (let step = 0; step < warmup; step++) expect(ahead.rateAt(step)).toBeCloseTo(theirs.linear[step + 1], 12);
  });
});
