// Early stopping (Prechelt 1998): a run ends when its held-out metric has not improved for some evaluations.
import { TrainError } from "./errors.ts";
import { isBetter, lowestLoss, type MetricChoice } from "./evaluationMetric.ts";

export interface EarlyStoppingOptions {
  /** The run ends after so many evaluations without improvement. */
  patience: number;
  /** A change of no more than this is no improvement. Default 0. */
  minDelta?: number;
  /** What is to improve. Default the lowest held-out loss. */
  by?: MetricChoice;
}

/** What a checkpoint keeps, so that a resumed run stops where one never stopped would. */
export interface EarlyStoppingState {
  /** The value that the next improvement is measured against; undefined before the first evaluation. */
  readonly best?: number;
  /** Evaluations since then. */
  readonly waited: number;
}

export const initialEarlyStopping: EarlyStoppingState = { waited: 0 };

/** The options with their defaults. Throws a `TrainError` that names the one that cannot work. */
export function earlyStoppingSettings(options: EarlyStoppingOptions): Required<EarlyStoppingOptions> {
  const { patience, minDelta = 0, by = lowestLoss } = options;
  if (!(Number.isSafeInteger(patience) && patience > 0))
    throw new TrainError(`Trainer: earlyStopping.patience must be a whole number above 0, got ${patience}`);
  if (!(minDelta >= 0 && Number.isFinite(minDelta)))
    throw new TrainError(`Trainer: earlyStopping.minDelta must be a number, at least 0, got ${minDelta}`);
  return { patience, minDelta, by };
}

/** The state after an evaluation that gave `value`. */
export function afterEvaluation(
  { best, waited }: EarlyStoppingState,
  value: number,
  options: EarlyStoppingOptions,
): EarlyStoppingState {
  const { minDelta, by } = earlyStoppingSettings(options);
  const toBeat = best === undefined ? undefined : by.mode === "min" ? best - minDelta : best + minDelta;
  return isBetter(value, toBeat, by)
    ? { best: value, waited: 0 }
    : { ...(best !== undefined && { best }), waited: waited + 1 };
}

/** True once there is nothing left to wait for. */
export function hasWaitedEnough({ waited }: EarlyStoppingState, { patience }: EarlyStoppingOptions): boolean {
  return waited >= patience;
}
