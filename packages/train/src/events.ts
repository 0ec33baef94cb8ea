// What a training run tells about itself.
import type { LossScalingReport } from "./lossScaling.ts";

/** An update was made. */
export interface StepEvent {
  readonly type: "step";
  /** Updates made, this one included. */
  readonly step: number;
  readonly steps: number;
  /** Mean loss of the step's targets, in nats. */
  readonly loss: number;
  readonly learningRate: number;
  /** Global norm of the gradients before clipping. */
  readonly gradientNorm: number;
  /** What the objective tells beside the loss, for example the accuracy. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** Only in float16: whether this step was skipped, how many were so far, and the scale of the next step. */
  readonly lossScaling?: LossScalingReport;
  /** Tokens trained on per second, over the last few steps. */
  readonly tokensPerSecond: number;
  /** Estimate for the rest of the run. */
  readonly secondsLeft: number;
  /** Seconds that this step waited for its batches; they are made ready while the step before runs. */
  readonly dataWait: number;
}

/** The model was evaluated on held-out data. */
export interface EvaluationEvent {
  readonly type: "evaluation";
  readonly step: number;
  /** Mean loss on the held-out batches, in nats per token. */
  readonly loss: number;
  /** What the objective tells beside the loss, for example the accuracy. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** True if it is the best so far, by `checkpoints.best`. */
  readonly best: boolean;
}

/** A checkpoint is whole and in its place. */
export interface CheckpointEvent {
  readonly type: "checkpoint";
  readonly step: number;
  readonly path: string;
}

/** The run goes on from a checkpoint; the first event, where there is one. */
export interface ResumeEvent {
  readonly type: "resume";
  readonly step: number;
  readonly path: string;
}

/** Training went wrong and goes on from an earlier checkpoint, with the batches after those that did it. */
export interface RollBackEvent {
  readonly type: "rollBack";
  /** Step of the checkpoint that training goes on from. */
  readonly step: number;
  /** The step that went wrong. */
  readonly from: number;
  /** The checkpoint's path. */
  readonly path: string;
  /** What was wrong: `"loss"`, `"gradientNorm"` or `"evaluation"`. */
  readonly what: "loss" | "gradientNorm" | "evaluation";
  readonly value: number;
  /** What `value` had to stay below; undefined where it is no number. */
  readonly limit: number | undefined;
  /** Roll-backs so far, this one included. */
  readonly count: number;
}

/** What a `Trainer` tells while it runs. */
export type TrainEvent = StepEvent | EvaluationEvent | CheckpointEvent | ResumeEvent | RollBackEvent;

/** The evaluation that `checkpoints.best` calls the best. */
export interface BestEvaluation {
  readonly step: number;
  readonly metric: string;
  readonly value: number;
}

/** How a run ended. */
export interface TrainResult {
  /** Updates made in all. */
  readonly steps: number;
  /** Loss of the last step, in nats; undefined if none was made. */
  readonly loss: number | undefined;
  readonly best: BestEvaluation | undefined;
  /** True if the run was stopped, by a signal or a callback, before its last step. */
  readonly interrupted: boolean;
  /** True if `earlyStopping` ended the run. */
  readonly stoppedEarly: boolean;
}
