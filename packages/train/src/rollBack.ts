// When training went wrong: numbers that are not finite, or that spike above their running mean. What to do about it is decided in
// trainingRun.ts; going back and skipping the batches that did it follows PaLM (Chowdhery et al. 2022, section 5.1).

export interface RollBackOptions {
  /**
   * How many standard deviations above its running mean a step's loss may lie; Infinity to look only for what is no number.
   * Default 6.
   */
  lossThreshold?: number;
  /** The same for the global norm of the gradients before clipping. Default Infinity: clipping deals with it. */
  gradientNormThreshold?: number;
  /** Steps that mean and deviation look back over, and that pass before they are trusted. Default 100. */
  window?: number;
  /** Training ends with a `DivergedError` instead of one more roll-back. Default 3. */
  limit?: number;
}

/** Mean and variance of the last values, weighted towards the newest. */
export interface RunningStatistics {
  readonly count: number;
  readonly mean: number;
  readonly variance: number;
}

/** What a checkpoint keeps, so that a resumed run sees the same spikes. */
export interface RollBackState {
  /** Roll-backs so far. */
  readonly count: number;
  /** Step of the checkpoint that the last one went back to. */
  readonly lastTarget?: number;
  readonly loss: RunningStatistics;
  readonly gradientNorm: RunningStatistics;
}

export interface Trouble {
  readonly what: "loss" | "gradientNorm" | "evaluation";
  readonly value: number;
  /** What the value had to stay below; undefined where it is no number. */
  readonly limit: number | undefined;
  /** The weights after so many updates are the first that may be to blame. */
  readonly firstDamaged: number;
}

/** A loss that hardly varies is no spike when it varies a little more: the deviation counts as at least this share of the mean. */
const smallestDeviation = 0.01;
const nothingSeen: RunningStatistics = { count: 0, mean: 0, variance: 0 };

export const initialRollBackState: RollBackState = { count: 0, loss: nothingSeen, gradientNorm: nothingSeen };

export interface JudgedStep {
  /** Updates made, this one included. */
  readonly step: number;
  readonly loss: number;
  readonly gradientNorm: number;
  /** True where gradients that overflow are what loss scaling expects. */
  readonly overflowIsExpected: boolean;
}

/** What is wrong with a step, if anything is. Without options only what is no number is wrong. */
export function findTrouble(
  { step, loss, gradientNorm, overflowIsExpected }: JudgedStep,
  state: RollBackState,
  options: RollBackOptions | undefined,
): Trouble | undefined {
  // The loss tells about the weights before this update, the gradients about those after it.
  if (!Number.isFinite(loss)) return { what: "loss", value: loss, limit: undefined, firstDamaged: step - 1 };
  if (!Number.isFinite(gradientNorm)) {
    if (overflowIsExpected) return undefined;
    return { what: "gradientNorm", value: gradientNorm, limit: undefined, firstDamaged: step };
  }
  if (!options) return undefined;
  const { lossThreshold = 6, gradientNormThreshold = Infinity, window = 100 } = options;
  const lossLimit = limitOf(state.loss, lossThreshold, window);
  if (loss > lossLimit) return { what: "loss", value: loss, limit: lossLimit, firstDamaged: step - 1 };
  const normLimit = limitOf(state.gradientNorm, gradientNormThreshold, window);
  if (gradientNorm > normLimit) {
    return { what: "gradientNorm", value: gradientNorm, limit: normLimit, firstDamaged: step };
  }
  return undefined;
}

/** The state after a step without trouble. */
export function withStep(state: RollBackState, step: JudgedStep, { window = 100 }: RollBackOptions): RollBackState {
  return {
    ...state,
    loss: added(state.loss, step.loss, window),
    // A skipped step's gradients have no norm.
    gradientNorm: Number.isFinite(step.gradientNorm)
      ? added(state.gradientNorm, step.gradientNorm, window)
      : state.gradientNorm,
  };
}

/**
 * The checkpoint to go back to, by its step: the newest that is not to blame. When that is where the last roll-back went too, the
 * trouble is older than it, and the one before is taken where there is one.
 */
export function rollBackTarget(
  checkpoints: readonly number[],
  firstDamaged: number,
  lastTarget: number | undefined,
): number | undefined {
  const good = checkpoints.filter((step) => step < firstDamaged);
  return good.at(-1) === lastTarget ? (good.at(-2) ?? good.at(-1)) : good.at(-1);
}

function limitOf({ count, mean, variance }: RunningStatistics, threshold: number, window: number): number {
  if (count < window) return Number.POSITIVE_INFINITY;
  return mean + threshold * Math.max(Math.sqrt(variance), smallestDeviation * Math.abs(mean));
}

/** Exponential moving mean and variance; the plain ones of the first values. */
function added({ count, mean, variance }: RunningStatistics, value: number, window: number): RunningStatistics {
  const weight = 1 / Math.min(count + 1, window);
  const difference = value - mean;
  return {
    count: count + 1,
    mean: mean + weight * difference,
    variance: (1 - weight) * (variance + weight * difference ** 2),
  };
}
