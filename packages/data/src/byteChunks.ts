// Streams an input's bytes, decompressed, counting the bytes taken from the disk or the network.
import { DataError, FileError, FormatError, systemReason } from "./errors.ts";
import type { InputFile } from "./inputFile.ts";
import type { ByteSource } from "./sources/byteSource.ts";
import { type Compression, decompress } from "./sources/compression.ts";
import { type CompressedPlace, CompressionError } from "./sources/decompression.ts";

// Whatever its ratio, a file of this size is not what fills a disk or a memory.
const freeExpansionBytes = 64 << 20;

/** What a reading of bytes needs to know. */
export interface ByteChunksOptions {
  /** Told the size of each piece taken from the disk or network (compressed size for compressed files). */
  readonly onBytes: (bytes: number) => void;
  /** How many times its compressed size a file may grow to, beyond 64 MiB. */
  readonly maxExpansion: number;
  /** First byte to give, in the decompressed text. Default 0. */
  readonly start?: number;
  /** Where decompression begins: a place at or before `start`. Default: at the file's start. */
  readonly from?: CompressedPlace | undefined;
  /** Told of places in a compressed file from which it can be read another time. */
  readonly onPlace?: ((place: CompressedPlace) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The bytes of `file`, which `source` gives, decompressed, in pieces of up to 1 MiB. Several compressed members in a row are one stream.
 * @throws FormatError for truncated or damaged compressed data, and for data that grows too much; FileError when the
 * file cannot be read; the signal's reason.
 */
export async function* byteChunks(
  file: InputFile,
  source: ByteSource,
  options: ByteChunksOptions,
): AsyncGenerator<Buffer> {
  let taken = 0;
  let produced = 0;
  const { start = 0, from = { storedOffset: 0, textOffset: 0 }, onPlace } = options;
  async function* stored(first: number): AsyncGenerator<Buffer> {
    for await (const chunk of source.read(first, undefined, options.signal)) {
      taken += chunk.length;
      options.onBytes(chunk.length);
      yield chunk;
    }
  }
  const onProduced = (bytes: number): void => {
    produced += bytes;
    if (produced <= freeExpansionBytes || produced <= taken * options.maxExpansion) return;
    throw expansionError(file.path, taken, produced, options.maxExpansion);
  };
  async function* decompressed(compression: Exclude<Compression, "none">): AsyncGenerator<Buffer> {
    let before = start - from.textOffset;
    const places = onPlace ? { onPlace } : {};
    for await (const chunk of decompress(stored(from.storedOffset), compression, { onProduced, from, ...places })) {
      if (before < chunk.length) yield chunk.subarray(before);
      before = Math.max(before - chunk.length, 0);
    }
  }
  let offset = start;
  try {
    for await (const chunk of file.compression === "none" ? stored(start) : decompressed(file.compression)) {
      options.signal?.throwIfAborted();
      yield chunk;
      offset += chunk.length;
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    throw readError(file, offset, error);
  }
}

/** Compressed data that grows more than a text does. */
export function expansionError(file: string, compressed: number, produced: number, maxExpansion: number): FormatError {
  const detail = `${compressed} compressed bytes became ${produced} or more, over ${maxExpansion} times as many (leave the file out, or raise maxExpansion if you trust it)`;
  return new FormatError({ file }, "decompression bomb", detail);
}

function readError(file: InputFile, offset: number, error: unknown): unknown {
  if (DataError.isInstance(error)) return error;
  if (error instanceof CompressionError) {
    const detail = error.truncated
      ? "the file ends in the middle of its compressed data (copy or download it again)"
      : `${error.message} (is it ${file.compression} at all? copy or download it again)`;
    const reason = `${error.truncated ? "truncated" : "damaged"} ${file.compression}`;
    return new FormatError({ file: file.path, offset }, reason, detail, { cause: error });
  }
  if (typeof (error as NodeJS.ErrnoException).code !== "string") return error;
  return new FileError(`${file.path}: could not be read: ${systemReason(error)}`, { cause: error });
}
