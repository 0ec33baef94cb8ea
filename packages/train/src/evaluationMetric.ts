// One number of an evaluation, chosen by name: what "the best checkpoint" goes by.
import { TrainError } from "./errors.ts";
import type { EvaluationEvent } from "./events.ts";

export interface MetricChoice {
  /** `"loss"`, or a metric of the objective, for example `"accuracy"`. */
  readonly metric: string;
  /** Whether the lowest or the highest value is the best. */
  readonly mode: "min" | "max";
}

/** The lowest held-out loss. */
export const lowestLoss: MetricChoice = { metric: "loss", mode: "min" };

/** Throws a `TrainError` that lists the metrics there are for one that the evaluation does not give. */
export function metricOf({ loss, metrics = {} }: Pick<EvaluationEvent, "loss" | "metrics">, metric: string): number {
  const value = metric === "loss" ? loss : metrics[metric];
  if (value !== undefined) return value;
  throw new TrainError(
    `evaluation: there is no metric ${JSON.stringify(metric)}, there are ${["loss", ...Object.keys(metrics)].join(", ")}`,
  );
}

/** True for anything against nothing; never for NaN. */
export function isBetter(value: number, best: number | undefined, { mode }: MetricChoice): boolean {
  if (Number.isNaN(value)) return false;
  return best === undefined || (mode === "min" ? value < best : value > best);
}
