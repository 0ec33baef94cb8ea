// Learning rates by step: all rise linearly during warmup, then differ. Equal to transformers' `get_scheduler` where that has them.
import { TrainError } from "./errors.ts";

/** A learning rate for each step: made by `cosineSchedule` and its like, or your own. */
export interface Schedule {
  readonly name: string;
  /** As JSON, kept in checkpoints: a run may only be resumed with the same. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Learning rate of step 0, 1, 2, … */
  rateAt(step: number): number;
}

/** What all schedules with a warmup take. */
export interface ScheduleOptions {
  /** The highest rate, reached at the end of warmup. */
  peak: number;
  /** Steps of warmup: step s has rate peak · (s + 1) / warmupSteps. Default 0. */
  warmupSteps?: number;
  /** As transformers counts: peak · s / warmupSteps, so that the first step changes nothing. Default false. */
  warmupFromZero?: boolean;
}

export interface DecayOptions extends ScheduleOptions {
  /** Steps in all, warmup included; the rate stays at `floor` from there on. */
  totalSteps: number;
  /** Share of `totalSteps` that is warmup, rounded up to whole steps as transformers does; in place of `warmupSteps`. */
  warmupRatio?: number;
  /** The rate at the end. Default 0. */
  floor?: number;
}

export interface CosineOptions extends DecayOptions {
  /** How many half cosines, each from the peak to the floor. Default 1. */
  cycles?: number;
}

export interface PolynomialOptions extends DecayOptions {
  /** 1 is a straight line. Default 2. */
  power?: number;
}

export interface InverseSquareRootOptions extends ScheduleOptions {
  /** Step s after warmup has rate peak / sqrt(1 + s / timescale). Default `warmupSteps`, or 10,000 without warmup. */
  timescale?: number;
}

export interface WarmupStableDecayOptions extends DecayOptions {
  /** The last steps, in which the rate falls from the peak to the floor. */
  decaySteps: number;
  /** How it falls. Default `"1-sqrt"` (Hägele et al. 2024). */
  decay?: keyof typeof cooldowns;
}

/** The share of the way down that is left at each progress from 0 to 1. */
const cooldowns = {
  linear: (progress: number) => 1 - progress,
  cosine: (progress: number) => (1 + Math.cos(Math.PI * progress)) / 2,
  "1-sqrt": (progress: number) => 1 - Math.sqrt(progress),
};

/** Warmup, then the peak rate for ever. */
export function constantSchedule(options: ScheduleOptions): Schedule {
  return withWarmup("constant", options, () => options.peak);
}

/** Warmup, then a straight line to the floor. */
export function linearSchedule(options: DecayOptions): Schedule {
  return decaySchedule("linear", inSteps(options), cooldowns.linear);
}

/** Warmup, then half a cosine down to the floor, once or, with `cycles`, several times (Loshchilov and Hutter 2017). */
export function cosineSchedule(options: CosineOptions): Schedule {
  const { cycles = 1 } = options;
  checkSteps("cycles", cycles, 1);
  return decaySchedule("cosine", { cycles, ...inSteps(options) }, (progress) =>
    progress < 1 ? cooldowns.cosine((cycles * progress) % 1) : 0,
  );
}

/** Warmup, then the `power` of the share of steps that is left. */
export function polynomialSchedule(options: PolynomialOptions): Schedule {
  const { power = 2 } = options;
  if (!(power > 0 && Number.isFinite(power)))
    throw new TrainError(`schedule: power must be a number above 0, got ${power}`);
  return decaySchedule("polynomial", { power, ...inSteps(options) }, (progress) => (1 - progress) ** power);
}

/** Warmup, then a rate that falls with the root of the steps and needs no end (Vaswani et al. 2017; Zhai et al. 2022). */
export function inverseSquareRootSchedule(options: InverseSquareRootOptions): Schedule {
  const { warmupSteps = 0 } = options;
  const { timescale = warmupSteps || 10_000 } = options;
  checkSteps("timescale", timescale, 1);
  return withWarmup(
    "inverseSquareRoot",
    { timescale, ...options },
    (steps) => options.peak / Math.sqrt(1 + steps / timescale),
  );
}

/**
 * Warmup, then the peak rate until `decaySteps` before the end, then down to the floor (Hu et al. 2024, MiniCPM). A run can go on at the
 * peak as long as wanted, and be cooled down from any of its checkpoints: see `checkpoints.mayChange` of `Trainer`.
 */
export function warmupStableDecaySchedule(given: WarmupStableDecayOptions): Schedule {
  const options = inSteps(given);
  const { totalSteps, decaySteps, warmupSteps = 0, decay = "1-sqrt" } = options;
  checkSteps("decaySteps", decaySteps, 1);
  if (!Object.hasOwn(cooldowns, decay)) {
    throw new TrainError(`schedule: decay must be one of ${Object.keys(cooldowns).join(", ")}, got ${decay}`);
  }
  if (warmupSteps + decaySteps > totalSteps) {
    throw new TrainError(
      `schedule: warmupSteps ${warmupSteps} and decaySteps ${decaySteps} must fit into totalSteps ${totalSteps}`,
    );
  }
  return decaySchedule("warmupStableDecay", { decay, ...options }, cooldowns[decay], decaySteps);
}

/** The options with warmup as a number of steps. */
function inSteps<O extends DecayOptions>(options: O): Omit<O, "warmupRatio"> {
  const { warmupRatio, ...others } = options;
  if (warmupRatio === undefined) return others;
  if (options.warmupSteps !== undefined) throw new TrainError("schedule: give warmupSteps or warmupRatio, not both");
  if (!(warmupRatio >= 0 && warmupRatio < 1)) {
    throw new TrainError(`schedule: warmupRatio must be at least 0 and below 1, got ${warmupRatio}`);
  }
  checkSteps("totalSteps", options.totalSteps);
  return { ...others, warmupSteps: Math.ceil(options.totalSteps * warmupRatio) };
}

/** The last `decaySteps` (default all after warmup) from the peak to the floor, by the `share` of the way left at each progress from 0 to 1. */
function decaySchedule(
  name: string,
  options: DecayOptions,
  share: (progress: number) => number,
  decaySteps = options.totalSteps - (options.warmupSteps ?? 0),
): Schedule {
  const { peak, warmupSteps = 0, totalSteps, floor = 0 } = options;
  checkRate("floor", floor);
  checkSteps("totalSteps", totalSteps);
  if (warmupSteps >= totalSteps)
    throw new TrainError(`schedule: warmupSteps ${warmupSteps} must be below totalSteps ${totalSteps}`);
  const stableSteps = totalSteps - warmupSteps - decaySteps;
  return withWarmup(name, { floor, ...options }, (steps) => {
    const progress = Math.min(1, Math.max(0, steps - stableSteps) / decaySteps);
    return floor + (peak - floor) * share(progress);
  });
}

/** `rateAfter` is the rate of step 0, 1, 2, … after warmup. */
function withWarmup(name: string, options: ScheduleOptions, rateAfter: (steps: number) => number): Schedule {
  const { peak, warmupSteps = 0, warmupFromZero = false } = options;
  checkRate("peak", peak);
  checkWarmup(warmupSteps);
  const first = warmupFromZero ? 0 : 1;
  return {
    name,
    settings: { warmupSteps, warmupFromZero, ...options },
    rateAt: (step) => (step < warmupSteps ? (peak * (step + first)) / warmupSteps : rateAfter(step - warmupSteps)),
  };
}

function checkRate(name: string, rate: number): void {
  if (!(rate >= 0 && Number.isFinite(rate)))
    throw new TrainError(`schedule: ${name} must be a number, at least 0, got ${rate}`);
}

function checkWarmup(steps: number): void {
  const isShare = steps > 0 && steps < 1;
  checkSteps(
    "warmupSteps",
    steps,
    0,
    isShare ? " (a share of all steps is warmupRatio, of schedules that have totalSteps)" : "",
  );
}

function checkSteps(name: string, steps: number, lowest = 0, advice = ""): void {
  if (!(Number.isInteger(steps) && steps >= lowest))
    throw new TrainError(`schedule: ${name} must be a whole number, at least ${lowest}, got ${steps}${advice}`);
}
