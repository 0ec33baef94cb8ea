// Streams an input's bytes, decompressed, counting the bytes taken from the disk or the network.
import { DataError, FileError, FormatError, systemReason } from "./errors.ts";
import type { InputFile } from "./inputFile.ts";
import type { ByteSource } from "./sources/byteSource.ts";
import { decompress } from "./sources/compression.ts";
import { CompressionError } from "./sources/compressionError.ts";

// Whatever its ratio, a file of this size is not what fills a disk or a memory.
const freeExpansionBytes = 64 << 20;

/** What a reading of bytes needs to know. */
export interface ByteChunksOptions {
  /** Told the size of each piece taken from the disk or network (compressed size for compressed files). */
  readonly onBytes: (bytes: number) => void;
  /** How many times its compressed size a file may grow to, beyond 64 MiB. */
  readonly maxExpansion: number;
  /** First byte to read, of a file that is not compressed. Default 0. */
  readonly start?: number;
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
  const start = options.start ?? 0;
  async function* stored(): AsyncGenerator<Buffer> {
    for await (const chunk of source.read(start, undefined, options.signal)) {
      taken += chunk.length;
      options.onBytes(chunk.length);
      yield chunk;
    }
  }
  const checkGrowth = (bytes: number): void => {
    produced += bytes;
    if (produced <= freeExpansionBytes || produced <= taken * options.maxExpansion) return;
    throw expansionError(file.path, taken, produced, options.maxExpansion);
  };
  let offset = start;
  try {
    const chunks = file.compression === "none" ? stored() : decompress(stored(), file.compression, checkGrowth);
    for await (const chunk of chunks) {
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
