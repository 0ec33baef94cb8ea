// What a training run tells about itself.
import type { LossScalingReport } from "./lossScaling.ts";

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
  /** Only in float16: whether this step was skipped, how many were so far, and the scale of the next step. */
  readonly lossScaling?: LossScalingReport;
  /** Tokens trained on per second, over the last few steps. */
  readonly tokensPerSecond: number;
  /** Estimate for the rest of the run. */
  readonly secondsLeft: number;
}

export interface EvaluationEvent {
  readonly type: "evaluation";
  readonly step: number;
  /** Mean loss on the held-out batches, in nats per token. */
  readonly loss: number;
  /** True if it is the lowest so far. */
  readonly best: boolean;
}

export interface CheckpointEvent {
  readonly type: "checkpoint";
  readonly step: number;
  readonly path: string;
}

export interface ResumeEvent {
  readonly type: "resume";
  readonly step: number;
  readonly path: string;
}

export type TrainEvent = StepEvent | EvaluationEvent | CheckpointEvent | ResumeEvent;

export interface TrainResult {
  /** Updates made in all. */
  readonly steps: number;
  /** Loss of the last step, in nats; undefined if none was made. */
  readonly loss: number | undefined;
  readonly best: { readonly step: number; readonly loss: number } | undefined;
  /** True if the run was stopped by a signal before its last step. */
  readonly interrupted: boolean;
}
