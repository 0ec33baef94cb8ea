// The public names of @llm/train.
export { findCheckpoint, listCheckpoints, type RunPosition } from "./checkpoint.ts";
export { DivergedError, TrainError } from "./errors.ts";
export type {
  CheckpointEvent,
  EvaluationEvent,
  ResumeEvent,
  StepEvent,
  TrainEvent,
  TrainResult,
} from "./events.ts";
export { clipByGlobalNorm, globalNorm } from "./gradientClipping.ts";
export type { LossScalingOptions, LossScalingReport } from "./lossScaling.ts";
export { causalLanguageModel } from "./objectives/causalLanguageModel.ts";
export type { Draw, Objective, PreparedBatch, Scorer, SummedLoss } from "./objectives/objective.ts";
export { type AdamWOptions, adamW } from "./optimizers/adamw.ts";
export type { NamedTensors, Optimizer, OptimizerState, UpdateInput } from "./optimizers/optimizer.ts";
export {
  constantSchedule,
  cosineSchedule,
  type DecayOptions,
  linearSchedule,
  type Schedule,
  type ScheduleOptions,
} from "./schedules.ts";
export { type RunOptions, Trainer, type TrainerOptions } from "./trainer.ts";
export type { TrainState } from "./trainState.ts";
export { type MicroBatch, type StepOptions, type StepResult, TrainStep } from "./trainStep.ts";
