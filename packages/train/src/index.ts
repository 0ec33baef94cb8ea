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
export { type AdafactorOptions, adafactor } from "./optimizers/adafactor.ts";
export { type AdamWOptions, adamW } from "./optimizers/adamw.ts";
export { describeNames } from "./optimizers/describeNames.ts";
export { type LionOptions, lion } from "./optimizers/lion.ts";
export { type MuonOptions, muon } from "./optimizers/muon.ts";
export type {
  NamedTensors,
  Optimizer,
  OptimizerState,
  ParameterPredicate,
  UpdateInput,
} from "./optimizers/optimizer.ts";
export type { OrthogonalMomentumOptions } from "./optimizers/orthogonalMomentum.ts";
export { type SgdOptions, sgd } from "./optimizers/sgd.ts";
export type { WeightDecayOptions } from "./optimizers/weightDecay.ts";
export { type ParameterGroup, parameterGroups } from "./parameterGroups.ts";
export type { ChangeableSetting } from "./runSettings.ts";
export {
  type CosineOptions,
  constantSchedule,
  cosineSchedule,
  type DecayOptions,
  type InverseSquareRootOptions,
  inverseSquareRootSchedule,
  linearSchedule,
  type PolynomialOptions,
  polynomialSchedule,
  type Schedule,
  type ScheduleOptions,
  type WarmupStableDecayOptions,
  warmupStableDecaySchedule,
} from "./schedules.ts";
export { type RunOptions, Trainer, type TrainerOptions } from "./trainer.ts";
export type { TrainState } from "./trainState.ts";
export { type MicroBatch, type StepOptions, type StepResult, TrainStep } from "./trainStep.ts";
