// What the decoders of compressed streams share: what they are told, where they can be started again, and their one error.
import type { ByteReader } from "./byteReader.ts";

/** A place in a compressed file from which it can be decompressed without what lies before it. Plain numbers, for positions. */
export interface CompressedPlace {
  /** Byte in the compressed file. */
  readonly storedOffset: number;
  /** Byte in the decompressed text. */
  readonly textOffset: number;
  /** bzip2: bits of the first byte that belong to what lies before. */
  readonly bit?: number;
  /** bzip2: the stream's block size, where the place is a block within a stream. */
  readonly level?: number;
}

/** How a stream of compressed bytes is decoded. */
export interface DecompressOptions {
  /** Told of every piece before it is kept; what it throws stops the stream. */
  readonly onProduced: (bytes: number) => void;
  /** Told of every place to start from, before the bytes that follow it are given. */
  readonly onPlace?: (place: CompressedPlace) => void;
  /** Where the first chunk stands. Default: at the file's start. */
  readonly from?: CompressedPlace;
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

/** The next `length` bytes; they are never many. */
export async function take(reader: ByteReader, length: number): Promise<Buffer> {
  const bytes = await reader.bytes(length);
  if (bytes.length < length) throw cutShort();
  return bytes;
}

/** The data is not what it should be. */
export function damaged(message: string, cause?: Error): CompressionError {
  return new CompressionError(message, false, { cause });
}

/** The data ends too early. */
export function cutShort(): CompressionError {
  return new CompressionError("the compressed data ends too early", true);
}
