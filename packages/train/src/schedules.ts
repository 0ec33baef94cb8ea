// Learning rates as functions of the step: all rise linearly during warmup, then differ.
import { TrainError } from "./errors.ts";

/** Learning rate of step 0, 1, 2, … */
export type Schedule = (step: number) => number;

export interface ScheduleOptions {
  /** The highest rate, reached at the end of warmup. */
  peak: number;
  /** Steps of warmup: step s has rate peak · (s + 1) / warmupSteps. Default 0. */
  warmupSteps?: number;
}

export interface DecayOptions extends ScheduleOptions {
  /** Steps in all, warmup included; the rate stays at `floor` from there on. */
  totalSteps: number;
  /** The rate at the end. Default 0. */
  floor?: number;
}

/** Warmup, then the peak rate for ever. */
export function constantSchedule({ peak, warmupSteps = 0 }: ScheduleOptions): Schedule {
  checkRate("peak", peak);
  checkSteps("warmupSteps", warmupSteps);
  return (step) => (step < warmupSteps ? (peak * (step + 1)) / warmupSteps : peak);
}

/** Warmup, then a straight line to the floor. */
export function linearSchedule(options: DecayOptions): Schedule {
  return decaySchedule(options, (progress) => 1 - progress);
}

/** Warmup, then half a cosine down to the floor (Loshchilov and Hutter 2017). */
export function cosineSchedule(options: DecayOptions): Schedule {
  return decaySchedule(options, (progress) => (1 + Math.cos(Math.PI * progress)) / 2);
}

function decaySchedule(options: DecayOptions, share: (progress: number) => number): Schedule {
  const { peak, warmupSteps = 0, totalSteps, floor = 0 } = options;
  checkRate("floor", floor);
  checkSteps("totalSteps", totalSteps);
  if (warmupSteps >= totalSteps)
    throw new TrainError(`schedule: warmupSteps ${warmupSteps} must be below totalSteps ${totalSteps}`);
  const warmup = constantSchedule({ peak, warmupSteps });
  return (step) => {
    if (step < warmupSteps) return warmup(step);
    const progress = Math.min(1, (step - warmupSteps) / (totalSteps - warmupSteps));
    return floor + (peak - floor) * share(progress);
  };
}

function checkRate(name: string, rate: number): void {
  if (!(rate >= 0 && Number.isFinite(rate)))
    throw new TrainError(`schedule: ${name} must be a number, at least 0, got ${rate}`);
}

function checkSteps(name: string, steps: number): void {
  if (!(Number.isInteger(steps) && steps >= 0))
    throw new TrainError(`schedule: ${name} must be a whole number, at least 0, got ${steps}`);
}
