// The error of this package: tokens, options or a model that cannot be evaluated.

const marker = Symbol.for("@llm/eval.error");

/** Thrown for tokens or options that do not fit an evaluation, and for a model whose output is not a number. */
export class EvaluationError extends Error {
  readonly [marker] = true;
  override name = "EvaluationError";

  /** True for an error of this package, also one from another copy of it. */
  static isInstance(error: unknown): error is EvaluationError {
    return typeof error === "object" && error !== null && marker in error;
  }
}
