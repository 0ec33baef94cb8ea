// Where the bytes of an input come from: the one interface that files and HTTP addresses share.
import { createReadStream } from "node:fs";

const diskChunkBytes = 1 << 20;

/** Bytes that can be read in any range. Nothing is opened before a range is asked for. */
export interface ByteSource {
  /** Total length in bytes, or undefined where nobody tells it. */
  readonly size: number | undefined;
  /**
   * The bytes from `start` up to `end` (or the end of the source), in pieces that are taken no faster than the caller
   * asks for them.
   */
  read(start: number, end?: number, signal?: AbortSignal): AsyncIterable<Buffer>;
}

/** The bytes of a file on disk. */
export function fileSource(path: string, size: number): ByteSource {
  return {
    size,
    // A generator, so that the file is opened, and its faults arise, when someone reads.
    async *read(start, end, signal) {
      const last = end === undefined ? {} : { end: end - 1 };
      const abort = signal ? { signal } : {};
      yield* createReadStream(path, { start, ...last, ...abort, highWaterMark: diskChunkBytes });
    },
  };
}

/** The bytes from `start` to `end` as one buffer; shorter where the source ends before. */
export async function readRange(source: ByteSource, start: number, end: number, signal?: AbortSignal): Promise<Buffer> {
  if (end <= start) return Buffer.alloc(0);
  const chunks: Buffer[] = [];
  for await (const chunk of source.read(start, end, signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Bytes in memory. */
export function memorySource(bytes: Buffer): ByteSource {
  return {
    size: bytes.length,
    async *read(start, end) {
      yield bytes.subarray(start, end);
    },
  };
}
