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

/** The loss became NaN or infinite: training stopped after `step`. */
export class DivergedError extends TrainError {
  override name = "DivergedError";
  readonly step: number;
  readonly learningRate: number;
  /** The checkpoint to go back to, if one was written. */
  readonly lastCheckpoint: string | undefined;

  constructor(event: { step: number; loss: number; learningRate: number; lastCheckpoint: string | undefined }) {
    const { step, loss, learningRate, lastCheckpoint } = event;
    super(
      `training diverged: the loss is ${loss} at step ${step} (learning rate ${learningRate}); last good checkpoint: ` +
        `${lastCheckpoint ?? "none"} (lower the learning rate, lengthen the warmup, or clip gradients harder)`,
    );
    this.step = step;
    this.learningRate = learningRate;
    this.lastCheckpoint = lastCheckpoint;
  }
}
