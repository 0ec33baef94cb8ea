// Hooks of a run: called around its steps, evaluations and checkpoints, they may stop it and change nothing else.
import type { CheckpointEvent, EvaluationEvent, StepEvent, TrainEvent } from "./events.ts";

/** `stop` ends the run as Ctrl-C does: with a checkpoint, and `interrupted` in the result. What is returned is awaited and not read. */
type Hook<Argument> = (argument: Argument, stop: () => void) => unknown;

/**
 * Every hook is optional and awaited, so a slow one holds up the training. What one throws ends the run.
 *
 * @example
 * const untilGoodEnough: Callback = { afterEvaluation: ({ loss }, stop) => loss < 2 && stop() };
 */
export interface Callback {
  /** With the number of the update about to be made, counted from 1. Stopping here leaves it out. */
  readonly beforeStep?: Hook<number>;
  readonly afterStep?: Hook<StepEvent>;
  /** With the number of updates made. */
  readonly beforeEvaluation?: Hook<number>;
  readonly afterEvaluation?: Hook<EvaluationEvent>;
  /** With the number of updates made. */
  readonly beforeCheckpoint?: Hook<number>;
  /** The checkpoint is whole and in its place. */
  readonly afterCheckpoint?: Hook<CheckpointEvent>;
}

/** All callbacks of a run, in the order given. */
export class Callbacks {
  readonly #callbacks: readonly Callback[];
  #stopped = false;

  constructor(callbacks: readonly Callback[]) {
    this.#callbacks = callbacks;
  }

  /** True once one has asked for it. */
  get stopped(): boolean {
    return this.#stopped;
  }

  async before(what: "beforeStep" | "beforeEvaluation" | "beforeCheckpoint", step: number): Promise<void> {
    for (const callback of this.#callbacks) await callback[what]?.(step, this.#stop);
  }

  async after(event: TrainEvent): Promise<void> {
    for (const callback of this.#callbacks) {
      if (event.type === "step") await callback.afterStep?.(event, this.#stop);
      if (event.type === "evaluation") await callback.afterEvaluation?.(event, this.#stop);
      if (event.type === "checkpoint") await callback.afterCheckpoint?.(event, this.#stop);
    }
  }

  readonly #stop = (): void => {
    this.#stopped = true;
  };
}
