// What decides how a run goes on, compared when it is resumed.
import { isDeepStrictEqual } from "node:util";
import type { PretrainedModel } from "@llm/model";
import { earlyStoppingSettings } from "./earlyStopping.ts";
import { emaSettings } from "./ema.ts";
import { TrainError } from "./errors.ts";
import type { Objective } from "./objectives/objective.ts";
import { describeNames } from "./optimizers/describeNames.ts";
import type { NamedTensors, Optimizer } from "./optimizers/optimizer.ts";
import type { Schedule } from "./schedules.ts";
import type { TrainerOptions } from "./trainer.ts";

const changeableSettings = ["learningRate", "optimizer", "gradientClipping", "earlyStopping", "stepsPerRun"] as const;

/** Settings that `checkpoints.mayChange` can name: another one is a new plan for the rest of the run, not damage to it. */
export type ChangeableSetting = (typeof changeableSettings)[number];

/** What the options left to a default, chosen. */
export interface RunParts<Model extends PretrainedModel, B> {
  readonly objective: Objective<Model, B>;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  readonly trained: NamedTensors;
}

/** The settings of a run by name, as a checkpoint keeps them. */
export function runSettings<Model extends PretrainedModel, B>(
  options: TrainerOptions<Model, B>,
  { objective, optimizer, schedule, trained }: RunParts<Model, B>,
): Record<string, unknown> {
  const { accumulation = 1, seed = 0, gradientClipping = 1, precision = "float32", lossScaling } = options;
  const { model, data, rowsPerPass, stepsPerRun = 1, trains, ema, earlyStopping } = options;
  return {
    model: model.toConfigJson(),
    objective: { name: objective.name, ...objective.settings },
    trains: trains && describeNames(Object.keys(trained)),
    optimizer: { name: optimizer.name, ...optimizer.settings(trained) },
    learningRate: { name: schedule.name, ...schedule.settings },
    accumulation,
    seed,
    gradientClipping,
    precision,
    lossScaling,
    rowsPerPass,
    // The arithmetic of the loop may differ in the last bits.
    stepsPerRun: stepsPerRun > 1 ? stepsPerRun : undefined,
    ema: ema && emaSettings(ema),
    earlyStopping: earlyStopping && earlyStoppingSettings(earlyStopping),
    data: data.settings,
    // Another corpus gives another number here, and a place in the data would mean nothing.
    batchesPerEpoch: data.batchesPerEpoch,
  };
}

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
    const told = differing(saved[name], stored[name]).map((value) => JSON.stringify(value) ?? "none");
    const isChangeable = (changeableSettings as readonly string[]).includes(name);
    const orChange = isChangeable ? `name it in checkpoints.mayChange, ` : "";
    throw new TrainError(
      `Trainer: ${path} was written with ${name} ${told[0]}, this run has ${told[1]} (use the same settings, ${orChange}or another checkpoint folder)`,
    );
  }
}

/** Of two objects the fields that differ, of other values both. */
function differing(before: unknown, after: unknown): [unknown, unknown] {
  if (!isObject(before) || !isObject(after)) return [before, after];
  const names = Object.keys({ ...before, ...after }).filter((name) => !isDeepStrictEqual(before[name], after[name]));
  const fields = (of: Record<string, unknown>) => Object.fromEntries(names.map((name) => [name, of[name]]));
  return [fields(before), fields(after)];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
