// The few error classes of the tensor library. A marker symbol makes `isInstance` work when two copies of the package are loaded.

import { captureOrigin, describeOrigin } from "./origin.ts";

const marker = Symbol.for("@llm/tensor.error");

/** Base of every error this package throws on bad input. */
export class TensorError extends Error {
  readonly [marker] = true;
  override name = "TensorError";

  /** True for any error of this package, also one from another copy of it. */
  static isInstance(error: unknown): error is TensorError {
    return typeof error === "object" && error !== null && marker in error;
  }
}

/** Shapes that do not fit an op. The message names the line of user code that led to it. */
export class ShapeError extends TensorError {
  override name = "ShapeError";

  constructor(message: string) {
    super(withPlace(message));
  }
}

/** A dtype that an op does not take. The message names the line of user code that led to it. */
export class DTypeError extends TensorError {
  override name = "DTypeError";

  constructor(message: string) {
    super(withPlace(message));
  }
}

function withPlace(message: string): string {
  const place = describeOrigin(captureOrigin());
  return place ? `${message}\n  at ${place}` : message;
}

/** An op, dtype or executor that is not available here. */
export class UnsupportedOpError extends TensorError {
  override name = "UnsupportedOpError";
}

/** A file or byte sequence that is not what its format says. */
export class FormatError extends TensorError {
  override name = "FormatError";
}

/** A tensor used after its memory was released or given away. */
export class DisposedError extends TensorError {
  override name = "DisposedError";
}

/** A program that could not be compiled or run by an executor. */
export class ExecutionError extends TensorError {
  override name = "ExecutionError";
}
