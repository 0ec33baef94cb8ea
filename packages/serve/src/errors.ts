// The errors of this package that are not answers to a client's mistake: those are `ApiError` in openai.ts.

const marker = Symbol.for("@llm/serve.error");

/** Thrown where a server cannot start, or an engine cannot take a request. */
export class ServeError extends Error {
  readonly [marker] = true;
  override name = "ServeError";

  /** True for an error of this package, also one from another copy of it. */
  static isInstance(error: unknown): error is ServeError {
    return typeof error === "object" && error !== null && marker in error;
  }
}

/** The engine has as many sequences waiting as it may. Ask again later. */
export class QueueFullError extends ServeError {
  override name = "QueueFullError";
}

/** The engine is closing and takes nothing new. */
export class EngineClosedError extends ServeError {
  override name = "EngineClosedError";
}
