// What every tracker offers: it is told a run's events and keeps or shows them somewhere.
import type { TrainEvent } from "../events.ts";

/** What a tracker knows of a run before its first event. */
export interface RunInformation {
  /** Updates made before: 0, or those of the checkpoint the run goes on from. */
  readonly step: number;
  /** Updates the run makes in all. */
  readonly steps: number;
  /** Numbers in the model's parameters. */
  readonly parameters: number;
  /** Model, optimiser, seed and so on, as kept in the checkpoints. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** How a run ended: it made its last step, was stopped before it, or threw an error. */
export type RunEnd = "finished" | "stopped" | "failed";

/**
 * Keeps or shows a run's events. The calls come one at a time, each awaited before the next step begins; a tracker that talks to a
 * server answers at once and sends later. What one throws ends the run.
 */
export interface Tracker {
  /** Before the first event. What is there of steps after `run.step`, from a run that was killed, is taken back. */
  start(run: RunInformation): Promise<void>;
  record(event: TrainEvent): Promise<void>;
  /** The run was rolled back: what was recorded of steps after `step` is taken back. */
  rewindTo(step: number): Promise<void>;
  /** After the last event, also when the run failed. */
  finish(end: RunEnd): Promise<void>;
}
