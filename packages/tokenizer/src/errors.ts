// The error classes of the tokenizer library. A marker symbol makes `isInstance` work when two copies of the package are loaded.

const marker = Symbol.for("@llm/tokenizer.error");
const formatMarker = Symbol.for("@llm/tokenizer.FormatError");

/** Base of every error this package throws on values that cannot be: ids, options, names, files. */
export class TokenizerError extends Error {
  readonly [marker] = true;
  override name = "TokenizerError";

  /** True for any error of this package, also one from another copy of it. */
  static isInstance(error: unknown): error is TokenizerError {
    return typeof error === "object" && error !== null && marker in error;
  }
}

/** A `tokenizer.json` (or encoding) that is malformed, or that asks for something this package does not support. */
export class FormatError extends TokenizerError {
  readonly [formatMarker] = true;
  override name = "FormatError";

  /** Whether `error` is a `FormatError`, also when it came from another copy of this package. */
  static override isInstance(error: unknown): error is FormatError {
    return typeof error === "object" && error !== null && formatMarker in error;
  }
}
