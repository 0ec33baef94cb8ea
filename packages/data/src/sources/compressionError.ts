// What decoders of compressed data share: the interface that the stream drives them by, and their one error.

/** A decoder that gives what each piece of input completes, at once. */
export interface StepDecoder {
  push(chunk: Buffer): Iterable<Buffer>;
  end(): Iterable<Buffer>;
}

/** Compressed data that ends too early or is not what it should be. */
export class CompressionError extends Error {
  override name = "CompressionError";
  readonly truncated: boolean;

  constructor(message: string, truncated: boolean, options?: ErrorOptions) {
    super(message, options);
    this.truncated = truncated;
  }
}
