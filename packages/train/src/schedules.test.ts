import { expect, it } from "vitest";
import { constantSchedule, cosineSchedule, linearSchedule, type Schedule } from "./schedules.ts";

function rates(schedule: Schedule, steps: readonly number[]): number[] {
  return steps.map(schedule);
}

function expectRates(schedule: Schedule, expected: Record<number, number>): void {
  for (const [step, rate] of Object.entries(expected))
    expect(schedule(Number(step)), `step ${step}`).toBeCloseTo(rate, 12);
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
