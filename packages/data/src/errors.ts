// The error classes of the data library. A marker symbol makes `isInstance` work when two copies of the package are loaded.

const marker = Symbol.for("@llm/data.error");

/** Base of every error this package throws on bad input. */
export class DataError extends Error {
  readonly [marker] = true;
  override name = "DataError";

  /** True for any error of this package, also one from another copy of it. */
  static isInstance(error: unknown): error is DataError {
    return typeof error === "object" && error !== null && marker in error;
  }
}

/** Where in a file something was wrong. */
export interface FilePlace {
  readonly file: string;
  /** Line number, from 1. */
  readonly line?: number;
  /** Byte offset, from 0, in the text (after decompression). */
  readonly offset?: number;
}

/** A file whose bytes are not what its format says. The message starts with the place. */
export class FormatError extends DataError {
  override name = "FormatError";
  readonly place: FilePlace;
  /** The kind of fault, the key under which skipped input is counted. */
  readonly reason: string;

  constructor(place: FilePlace, reason: string, detail: string, options?: ErrorOptions) {
    const line = place.line === undefined ? "" : `:${place.line}`;
    const offset = place.offset === undefined ? "" : ` at byte ${place.offset}`;
    super(`${place.file}${line}: ${reason}${offset}: ${detail}`, options);
    this.place = place;
    this.reason = reason;
  }
}

/** A file that could not be read or written by the operating system. */
export class FileError extends DataError {
  override name = "FileError";
}

/** The operating system's reason, in words, for an error raised by a file operation. */
export function systemReason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
