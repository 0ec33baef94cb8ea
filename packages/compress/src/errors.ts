// The error of this package: a model or options that a compression method cannot take.

const marker = Symbol.for("@llm/compress.error");

/** Thrown for a model that a method does not fit (nothing to compress, already compressed, damaged weights) and bad options. */
export class CompressionError extends Error {
  readonly [marker] = true;
  override name = "CompressionError";

  /** True for an error of this package, also one from another copy of it. */
  static isInstance(error: unknown): error is CompressionError {
    return typeof error === "object" && error !== null && marker in error;
  }
}
