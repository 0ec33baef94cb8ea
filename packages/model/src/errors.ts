// The error of this package: a configuration, checkpoint or request that does not fit a model.

const marker = Symbol.for("@llm/model.error");

/** Thrown for a checkpoint, configuration or prompt that a model cannot take. */
export class ModelError extends Error {
  readonly [marker] = true;
  override name = "ModelError";

  /** True for an error of this package, also one from another copy of it. */
  static isInstance(error: unknown): error is ModelError {
    return typeof error === "object" && error !== null && marker in error;
  }
}
