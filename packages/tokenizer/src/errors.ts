// The one error class of this package: a file or definition that cannot be read as a tokenizer.

const marker = Symbol.for("@llm/tokenizer.FormatError");

/** A `tokenizer.json` (or encoding) that is malformed, or that asks for something this package does not support. */
export class FormatError extends Error {
  override readonly name = "FormatError";
  readonly [marker] = true;

  /** Whether `error` is a `FormatError`, also when it came from another copy of this package. */
  static isInstance(error: unknown): error is FormatError {
    return typeof error === "object" && error !== null && marker in error;
  }
}
