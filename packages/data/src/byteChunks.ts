// Streams a file's bytes, through gunzip where it is compressed, counting the bytes taken from the disk.
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { FileError, FormatError, systemReason } from "./errors.ts";
import type { InputFile } from "./inputFiles.ts";

const diskChunkBytes = 1 << 20;
const gunzipChunkBytes = 1 << 18;

/**
 * The bytes of `file`, decompressed, in pieces of up to 1 MiB. Several gzip members in a row are one stream.
 * @param onDiskBytes told the size of each piece taken from the disk (compressed size for gzip).
 * @throws FormatError for a truncated or damaged gzip; FileError when the file cannot be read; the signal's reason.
 */
export async function* byteChunks(
  file: InputFile,
  onDiskBytes: (bytes: number) => void,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  const disk = diskChunks(file.path, onDiskBytes);
  // The callback is only where pipeline insists on reporting; the same error reaches whoever reads the result.
  const chunks = file.gzip ? pipeline(disk, createGunzip({ chunkSize: gunzipChunkBytes }), () => {}) : disk;
  let offset = 0;
  try {
    for await (const chunk of chunks as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      yield chunk;
      offset += chunk.length;
    }
  } catch (error) {
    throw readError(file, offset, error);
  }
}

async function* diskChunks(path: string, onDiskBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(path, { highWaterMark: diskChunkBytes }) as AsyncIterable<Buffer>) {
    onDiskBytes(chunk.length);
    yield chunk;
  }
}

function readError(file: InputFile, offset: number, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (typeof code !== "string") return error;
  if (code === "Z_BUF_ERROR") {
    const detail = "the file ends in the middle of its compressed data (copy or download it again)";
    return new FormatError({ file: file.path, offset }, "truncated gzip", detail, { cause: error });
  }
  if (code.startsWith("Z_")) {
    const detail = `${systemReason(error)} (is it gzip at all? copy or download it again)`;
    return new FormatError({ file: file.path, offset }, "damaged gzip", detail, { cause: error });
  }
  return new FileError(`${file.path}: could not be read: ${systemReason(error)}`, { cause: error });
}
