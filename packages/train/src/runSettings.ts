// What decides how a run goes on, compared when it is resumed.
import { isDeepStrictEqual } from "node:util";
import { TrainError } from "./errors.ts";

/** Settings that `checkpoints.mayChange` can name: another one is a new plan for the rest of the run, not damage to it. */
export type ChangeableSetting = "learningRate" | "optimizer" | "gradientClipping" | "earlyStopping";

/** Throws a `TrainError` for the first of a run's settings that is not as in the checkpoint at `path` and may not change. */
export function checkSettings(
  path: string,
  saved: Readonly<Record<string, unknown>>,
  current: Readonly<Record<string, unknown>>,
  mayChange: readonly string[] = [],
): void {
  const stored = JSON.parse(JSON.stringify(current)) as Record<string, unknown>;
  for (const name of Object.keys(current)) {
    if (mayChange.includes(name) || isDeepStrictEqual(saved[name], stored[name])) continue;
    throw new TrainError(
      `Trainer: ${path} was written with ${name} ${JSON.stringify(saved[name])}, this run has ${JSON.stringify(stored[name])} (use the same settings, or another checkpoint folder)`,
    );
  }
}
