// The errors of training.

const marker = Symbol.for("@llm/train.error");

/** Thrown for options that cannot work and for checkpoints that do not fit. */
export class TrainError extends Error {
  readonly [marker] = true;
  override name = "TrainError";

  /** True for any error of this package, also one from another copy of it. */
  static isInstance(error: unknown): error is TrainError {
    return typeof error === "object" && error !== null && marker in error;
  }
}

export interface Divergence {
  /** Updates made. */
  readonly step: number;
  /** What is no longer a number, for example "the loss". */
  readonly what: string;
  readonly value: number;
  readonly learningRate: number;
  readonly lastCheckpoint: string | undefined;
  /** A checkpoint whose weights already give this value, if one was written. */
  readonly damagedCheckpoint: string | undefined;
  /** How often the run was rolled back before it gave up. */
  readonly rollBacks?: number;
}

/** The loss or the gradients became NaN or infinite, or spiked more often than a run may be rolled back: training stopped. */
export class DivergedError extends TrainError {
  override name = "DivergedError";
  readonly step: number;
  readonly learningRate: number;
  /** The checkpoint to go back to, if there is one. */
  readonly lastCheckpoint: string | undefined;

  constructor({ step, what, value, learningRate, lastCheckpoint, damagedCheckpoint, rollBacks = 0 }: Divergence) {
    const remove = damagedCheckpoint ? `remove ${damagedCheckpoint}, whose weights are damaged already; then ` : "";
    const after = rollBacks === 0 ? "" : ` after ${rollBacks} roll-back${rollBacks === 1 ? "" : "s"}`;
    // The first loss is that of the weights the run began with.
    const isFromStart = step === 1 && what === "the loss";
    const advice = isFromStart
      ? "nothing was learned yet: look for such numbers in the model's weights and in the data"
      : "lower the learning rate, lengthen the warmup, or clip gradients harder";
    super(
      `training diverged${after}: ${what} is ${value} at step ${step} (learning rate ${learningRate}); last good checkpoint: ` +
        `${lastCheckpoint ?? "none"} (${remove}${advice})`,
    );
    this.step = step;
    this.learningRate = learningRate;
    this.lastCheckpoint = lastCheckpoint;
  }
}
